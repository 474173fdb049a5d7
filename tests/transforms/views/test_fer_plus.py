import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest
from support.opining import labels_of, opinion
from support.published import FER, FER_LABELS, counted, ferplus

from affectory.schemas.errors import UserError
from affectory.transforms.views.fer_plus import FerPlus

Shared = Callable[[str], Path]
Mode = Literal["majority", "cross_entropy", "multi_target"]
MODES: dict[str, Mode] = {"majority": "majority", "crossentropy": "cross_entropy", "multi_target": "multi_target"}


def label(mode: Mode, *votes: int) -> dict[str, Any]:
    table = counted(["s_1"], np.array([votes]), FER)
    [found] = FerPlus(mode).view(table, FER).to_pylist()
    return dict(found)


CASES: list[tuple[Mode, tuple[int, ...], dict[str, float], str | None]] = [
    ("majority", (6, 4, 0, 0, 0, 0, 0, 0, 0, 0), {"neutral": 1.0}, None),
    ("majority", (5, 5, 0, 0, 0, 0, 0, 0, 0, 0), {}, "dropped: no majority"),
    ("majority", (1, 1, 1, 1, 1, 1, 1, 1, 1, 1), {}, "dropped: no majority"),
    ("majority", (0, 0, 0, 0, 0, 0, 0, 0, 8, 2), {}, "dropped: unknown"),
    ("majority", (0, 0, 0, 0, 0, 0, 0, 0, 2, 8), {}, "dropped: NF"),
    ("majority", (2, 1, 1, 1, 1, 1, 1, 1, 1, 0), {"neutral": 1.0}, None),
    ("cross_entropy", (4, 4, 2, 0, 0, 0, 0, 0, 0, 0), {"neutral": 0.5, "happiness": 0.5}, None),
    ("cross_entropy", (4, 3, 3, 0, 0, 0, 0, 0, 0, 0), {"neutral": 0.4, "happiness": 0.3, "surprise": 0.3}, None),
    ("cross_entropy", (2, 2, 2, 2, 2, 0, 0, 0, 0, 0), {}, "dropped: no majority"),
    ("cross_entropy", (4, 2, 2, 2, 0, 0, 0, 0, 0, 0), {}, "dropped: no majority"),
    ("cross_entropy", (5, 0, 0, 0, 0, 0, 0, 0, 5, 0), {}, "dropped: no majority"),
    ("cross_entropy", (0, 0, 0, 0, 0, 0, 0, 0, 6, 4), {}, "dropped: unknown"),
    ("cross_entropy", (4, 0, 0, 0, 0, 0, 0, 0, 6, 0), {}, "dropped: unknown"),
    ("cross_entropy", (6, 0, 0, 0, 0, 0, 0, 0, 4, 0), {"neutral": 1.0}, None),
    ("cross_entropy", (0, 0, 0, 0, 0, 0, 0, 0, 5, 5), {}, "dropped: no majority"),
    ("multi_target", (4, 3, 3, 0, 0, 0, 0, 0, 0, 0), {"neutral": 0.4, "happiness": 0.3, "surprise": 0.3}, None),
    ("multi_target", (4, 2, 2, 2, 0, 0, 0, 0, 0, 0), {}, "dropped: no majority"),
    ("multi_target", (4, 0, 0, 0, 0, 0, 0, 0, 6, 0), {}, "dropped: unknown"),
    ("multi_target", (5, 0, 0, 0, 0, 0, 0, 0, 5, 0), {"neutral": 1.0}, None),
]


@pytest.mark.parametrize(("mode", "votes", "expected", "state"), CASES)
def test_what_each_mode_keeps(mode: Mode, votes: tuple[int, ...], expected: dict[str, float], state: str) -> None:
    found = label(mode, *votes)
    values = {name: value for name, value in zip(FER_LABELS, found["values"], strict=True) if value}
    assert values == pytest.approx(expected)
    assert found["state"] == state
    assert (found["space"], found["count"]) == ("simplex", 10)


def test_a_dropped_picture_has_no_value_choice_or_measure() -> None:
    found = label("majority", 5, 5, 0, 0, 0, 0, 0, 0, 0, 0)
    assert set(found["values"]) == {None}
    assert (found["chosen"], found["uncertainty"], found["agreement"]) == ([], None, None)


def test_what_says_that_there_is_nothing_to_see_is_not_a_label() -> None:
    assert label("cross_entropy", 7, 0, 0, 0, 0, 0, 0, 0, 0, 3)["values"][8:] == [None, None]


def test_what_was_decided_for() -> None:
    assert label("cross_entropy", 4, 3, 3, 0, 0, 0, 0, 0, 0, 0)["chosen"] == ["neutral"]
    assert label("cross_entropy", 4, 4, 2, 0, 0, 0, 0, 0, 0, 0)["chosen"] == ["neutral", "happiness"]
    assert label("multi_target", 4, 3, 3, 0, 0, 0, 0, 0, 0, 0)["chosen"] == ["neutral", "happiness", "surprise"]


def test_other_words_that_are_no_label_are_to_be_in_the_taxonomy() -> None:
    table = counted(["s_1"], np.array([[0, 0, 0, 0, 0, 0, 0, 9, 0, 0]]), FER)
    [found] = FerPlus(not_a_label=("contempt",)).view(table, FER).to_pylist()
    assert found["state"] == "dropped: contempt"
    with pytest.raises(UserError, match="no label 'blurred'"):
        FerPlus(not_a_label=("blurred",)).view(table, FER)


@pytest.mark.parametrize(
    ("people", "share", "chosen", "state"),
    [
        (10, 0.6, ["a"], None),
        (2, 0.5, [], "dropped: no majority"),
        (0, 1.0, [], "nobody said how many voted"),
    ],
)
def test_who_sums_up_people_has_their_votes(people: int, share: float, chosen: list[str], state: str | None) -> None:
    [found] = labels_of(FerPlus(), opinion(1, [share, 1 - share, 0], people=people))
    assert (found["chosen"], found["state"], found["pool"]) == (chosen, state, "group")
    assert (found["values"] == [None] * 3) is (state is not None)


def test_without_opinions_there_are_no_rows() -> None:
    assert labels_of(FerPlus("cross_entropy")) == []


@pytest.fixture(scope="module")
def votes(shared: Shared) -> tuple[dict[str, str], pa.Table]:
    """Of two of the three parts, as the reference has it."""
    parts, names, counts = ferplus(shared)
    wanted = [place for place, part in enumerate(parts) if part in ("Training", "PrivateTest")]
    return dict(zip(names, parts, strict=True)), counted([names[place] for place in wanted], counts[wanted], FER)


@pytest.mark.parametrize("name", sorted(MODES))
def test_the_published_counts(shared: Shared, votes: tuple[dict[str, str], pa.Table], name: str) -> None:
    expected = json.loads(shared("expected/ferplus_soft_labels.json").read_text())["counts"][name]
    parts, opinions = votes
    found: dict[str, Counter[str]] = {part: Counter() for part in expected}
    for row in FerPlus(MODES[name]).view(opinions, FER).select(["sample_id", "values"]).to_pylist():
        known = [value or 0.0 for value in row["values"]]
        first = FER_LABELS[known.index(max(known))]
        found[parts[row["sample_id"]]].update([first, "kept"] if any(known) else ["dropped"])
    assert found == expected


@pytest.mark.parametrize("name", sorted(MODES))
def test_the_reference_cases(shared: Shared, name: str) -> None:
    cases = json.loads(shared("expected/ferplus_soft_labels.json").read_text())["cases"]
    mine = [case for case in cases if case["mode"] == name]
    counts = np.array([[case["votes"][label] for label in FER_LABELS] for case in mine])
    names = [f"case{n:02}" for n in range(len(mine))]
    labels = FerPlus(MODES[name]).view(counted(names, counts, FER), FER).to_pylist()
    for case, found in zip(mine, labels, strict=True):
        in_32_bits = np.array(case["target8"] or [], np.float32).tolist()
        assert found["values"][:8] == (in_32_bits or [None] * 8), case["image"]
        # Before the reference drops it, a picture that is no face has the most on one of the last two.
        assert (found["state"] is None) == (int(np.argmax(case["processed10"])) < 8)
    assert len(mine) == 20
