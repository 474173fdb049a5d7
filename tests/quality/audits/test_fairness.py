"""Groups of speakers who get other labels, who are agreed on less, or who are too few to tell."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.audited import audited, data, label, person, sample, tolerable
from support.opining import Row, opinion

from affectory.quality.audits._data import AuditData
from affectory.quality.audits.fairness import Fairness
from affectory.schemas.taxonomy import parse_taxonomy

QUICK = Fairness(times=99, apart=0.05)
STRICT = Fairness(times=99, apart=0.0)
"""By chance alone: no gap is small enough not to matter."""
Shared = Callable[[str], Path]


def world(
    draw: int,
    speakers: int = 20,
    each: int = 8,
    gap: float = 0.0,
    doubt: float = 0.0,
    few: int = 0,
    seed: int | None = None,
    **more: Any,
) -> AuditData:
    """Speakers with habits of their own. The label a is likelier among women, and raters of men say anything more
    often; a few declare something rare."""
    random, samples, labels, opinions = np.random.default_rng(draw), list[Row](), list[Row](), list[Row]()
    people = [person(f"p_{n:02}", gender=_gender(n, few)) for n in range(speakers)]
    for number in range(speakers):
        habit = random.dirichlet([6.0, 6.0, 6.0])
        if _gender(number, few) != "man":
            habit = (1 - gap) * habit + gap * np.array([1.0, 0, 0])
        for _ in range(each):
            name = f"s_{len(samples):04}"
            said = int(random.choice(3, p=habit))
            samples.append(sample(name, speaker=f"p_{number:02}", extra=[("room", str(number % 3))]))
            labels.append(label(name, np.eye(3)[said].tolist()))
            for rater in range(2) if doubt else ():
                astray = _gender(number, few) == "man" and random.random() < doubt
                vote = np.eye(3)[int(random.integers(3)) if astray else said].tolist()
                opinions.append(opinion(len(opinions), vote, rater=f"r_{rater}", sample_id=name))
    return data({"samples": samples, "labels": labels, "opinions": opinions}, people=people, seed=seed, **more)


def _gender(number: int, few: int) -> str:
    return "other" if number < few else ("woman", "man")[number % 2]


def test_a_group_with_another_label_is_found() -> None:
    found = audited(QUICK, world(1, 30, 10, gap=0.5))
    [gap] = found.measures
    assert (found.verdict, gap.accuses) == ("warns", True)
    assert gap.what == "gender man: a, apart from other groups"
    assert gap.low is not None and gap.high is not None
    assert gap.low < gap.value < gap.high < 0
    assert found.count == len(found.rows) > 60


def test_a_group_that_is_agreed_on_less_is_found() -> None:
    found = audited(QUICK, world(2, 30, 10, doubt=0.7))
    [label_gap, agreement] = found.measures
    assert not label_gap.accuses
    assert (agreement.accuses, agreement.what) == (True, "gender man: agreement, apart from other groups")


@pytest.mark.parametrize("draws", [80, pytest.param(200, marks=pytest.mark.drill)])
def test_groups_that_are_alike_are_accused_no_more_often_than_is_said(draws: int) -> None:
    """Speakers differ, so samples of one are no tries of their own."""
    accused = sum(audited(STRICT, world(draw)).verdict == "warns" for draw in range(draws))
    assert accused <= tolerable(draws)


def state_of(table: tuple[Mapping[str, Any], ...]) -> dict[str, str | None]:
    return {line["group"]: line["state"] for line in table}


TOGETHER = "shared by too few to be named (1 group)"


def test_small_groups_are_marked_and_never_accused_nor_named_by_what_they_declared() -> None:
    found = audited(QUICK, world(3, 24, 10, gap=0.9, few=3))
    assert state_of(found.table) == {"man": None, TOGETHER: "too small to compare", "woman": None}
    assert "'other'" not in str(found.facts())
    assert not {f"s_{number:04}" for number in range(30)} & set(found.rows)
    [line] = [line for line in found.table if line["group"] == TOGETHER and line["of"] == "a"]
    assert (line["speakers"], line["samples"]) == (3, 30)
    assert line["low"] < line["mean"] < line["high"] + 1e-9


@pytest.mark.parametrize(("by", "groups"), [("extra.room", {"0", "1", "2"}), ("gender", {"man", "woman"})])
def test_columns_and_what_was_declared_are_compared_alike(by: str, groups: set[str]) -> None:
    found = audited(Fairness(times=99, by=(by,)), world(4))
    assert set(state_of(found.table)) == groups
    assert all(measure.what.startswith(by) for measure in found.measures)


@pytest.mark.parametrize(
    ("given", "by", "why"),
    [
        (world(5, 4), (), "no two groups by gender have 5 speakers and 30 samples"),
        (world(5), ("extra.mood",), "no sample says anything of extra.mood (speakers declared gender)"),
        (data({"samples": [sample("s_1")], "labels": [label("s_1", [1, 0, 0])]}), (), "no speaker declared anything"),
    ],
)
def test_where_nothing_can_be_compared_that_is_said(given: AuditData, by: tuple[str, ...], why: str) -> None:
    found = audited(Fairness(times=99, by=by), given)
    assert found.verdict == "not looked at"
    assert why in found.skipped


def test_a_group_that_nobody_is_in_is_named_beside_those_that_are_compared() -> None:
    found = audited(Fairness(times=99, by=("gender", "gendr")), world(4))
    assert found.verdict != "not looked at"
    assert found.says.endswith("no sample says anything of gendr (speakers declared gender)")


def test_order_and_parts_change_nothing() -> None:
    assert audited(QUICK, world(6, gap=0.3, doubt=0.4)) == audited(QUICK, world(6, gap=0.3, doubt=0.4, seed=9))


def test_three_real_raters_agree_less_on_women_than_on_men(shared: Shared) -> None:
    """Recordings of some 335 people: of women's two raters say the same mood in 34 %, of men's in 45 %."""
    moods = ("Awful", "Bad", "Good", "Great", "Meh")
    asked = parse_taxonomy({"name": "moods", "entries": list(moods)})
    with shared("earkick_labelstudio/assessment.csv").open(encoding="utf-8", newline="") as file:
        told = {(row["id"], row["annotator"]): row for row in csv.DictReader(file)}
    votes = {key: [float(row["mood"] == mood) for mood in moods] for key, row in told.items()}
    opinions = [
        opinion(n, vote, moods, asked, sample_id=item, rater=f"p_{rater}")
        for n, ((item, rater), vote) in enumerate(votes.items())
    ]
    first = {item: row for (item, _), row in told.items()}
    samples = [sample(item, speaker=_speaker(row), extra=[("gender", row["gender"])]) for item, row in first.items()]
    shares = {item: np.mean([vote for (of, _), vote in votes.items() if of == item], axis=0) for item in first}
    labels = [label(item, share.tolist(), asked) for item, share in shares.items()]
    tables = {"samples": samples, "opinions": opinions, "labels": labels}
    found = audited(Fairness(by=("extra.gender",), times=199), data(tables, taxonomy=asked))
    [of_labels, agreement] = found.measures
    assert (of_labels.accuses, agreement.accuses) == (False, True)
    assert agreement.value == pytest.approx(-0.107, abs=0.001)


def _speaker(row: Mapping[str, str]) -> str:
    return Path(row["audio"]).stem.rpartition("_")[0]
