"""The report on raters, and whom it touches that some are weighed down."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.attending import World, sees
from support.opining import ABC, Row, opinion, table

from affectory.quality.raters import NOT_SAID, RATERS, SHIFT, attended_share, rater_report, shift_by_group
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import parse_taxonomy
from affectory.transforms.views._attention import GOLD
from affectory.transforms.views.plurality import Plurality
from affectory.transforms.views.vote_share import VoteShare

Shared = Callable[[str], Path]


def picking(number: int, label: str, rater: str, sample: str = "s_1", **more: Any) -> Row:
    return opinion(number, [float(label == of) for of in "abc"], rater=rater, sample_id=sample, **more)


def report(*rows: Row, gold: pa.Table | None = None) -> dict[str, Row]:
    return {row["rater"]: row for row in rater_report(table(*rows), ABC, gold).to_pylist()}


def test_agreement_is_with_others_on_the_same_sample_and_of_others_among_themselves() -> None:
    said = {"p_1": "a", "p_2": "a", "p_3": "a", "p_4": "b"}
    found = report(*(picking(n, label, rater) for n, (rater, label) in enumerate(said.items())))
    assert (found["p_1"]["agreement"], found["p_4"]["agreement"]) == (pytest.approx(2 / 3), 0)
    assert (found["p_1"]["agreement_of_others"], found["p_4"]["agreement_of_others"]) == (pytest.approx(1 / 3), 1)


def test_who_is_alone_agrees_with_nobody_and_has_no_number() -> None:
    found = report(
        picking(1, "a", "p_1", spent_s=4.0), picking(2, "b", "p_1", spent_s=6.0), picking(3, "a", "p_2", "s_2")
    )
    assert {(row["agreement"], row["agreement_of_others"], row["shared"]) for row in found.values()} == {
        (None, None, 0)
    }
    assert (found["p_1"]["judgements"], found["p_1"]["samples"], found["p_1"]["median_s"]) == (2, 1, 5.0)
    assert found["p_2"]["median_s"] is None


def test_only_persons_are_reported() -> None:
    rows = [picking(1, "a", "m", rater_kind="model"), picking(2, "a", "a_1"), picking(3, "a", "g_1", people=5)]
    assert rater_report(table(*rows), ABC).equals(RATERS.empty_table())
    assert list(report(*rows, picking(4, "b", "p_1"))) == ["p_1"]


def test_known_answers_enter_and_disagreement_does_not_lower_attention() -> None:
    rows = [picking(10 * s + r, "a" if r else "b", f"p_{r}", f"s_{s}") for s in range(9) for r in range(5)]
    assert report(*rows)["p_0"]["agreement"] == 0
    assert report(*rows)["p_0"]["attention"] == report(*rows)["p_1"]["attention"]
    gold = pa.table([[f"s_{s}" for s in range(9)], [["a"]] * 9], schema=GOLD)
    assert report(*rows, gold=gold)["p_0"]["known_failed"] == 9
    assert report(*rows, gold=gold)["p_0"]["attention"] < 0.3 < report(*rows, gold=gold)["p_1"]["attention"]


def groups_of(**named: str) -> pa.Table:
    return pa.table({"rater": list(named), "group": list(named.values())})


def test_shares_without_weights_are_the_vote_share() -> None:
    rows = table(*(picking(n, "abca"[n], f"p_{n}", f"s_{n % 2}") for n in range(4)))
    shares, view = attended_share(rows, ABC, {}), VoteShare().view(rows, ABC)
    assert shares["values"].to_pylist() == view["values"].to_pylist()
    assert attended_share(rows, ABC, {"p_0": 0.0})["values"].to_pylist()[0] == [0, 0, 1]


def test_labels_go_away_from_those_who_are_weighed_down() -> None:
    rows = table(*(picking(n, label, f"p_{n}") for n, label in enumerate("aab")))
    before, after = attended_share(rows, ABC, {}), attended_share(rows, ABC, {"p_2": 0.0})
    found = shift_by_group(rows, ABC, before, after, groups_of(p_0="x", p_2="y"))
    assert found.schema == SHIFT
    of = {row["group"]: row for row in found.to_pylist()}
    assert list(of) == [NOT_SAID, "x", "y"]
    assert [of["y"][name] for name in ("moved", "before", "after", "shift")] == pytest.approx([1 / 3, 2 / 3, 1, 1 / 3])
    assert of["x"]["shift"] == pytest.approx(-1 / 3)
    assert of["y"]["state"] == "fewer than 10 raters, fewer than 30 samples: too few to tell"


def test_without_weights_nothing_moves() -> None:
    world = World(1)
    for rater in range(12):
        world.rates(str(rater), sees(0.8))
    rows = table(*world.rows)
    labels = VoteShare().view(rows, ABC)
    named = groups_of(**{f"p_{rater}": "all" for rater in range(12)})
    [row] = shift_by_group(rows, ABC, labels, labels, named).to_pylist()
    assert (row["moved"], row["shift"], row["state"], row["raters"]) == (0, 0, None, 12)


def test_a_consistent_minority_is_not_moved_away_from() -> None:
    world = World(2)
    for rater in range(12):
        world.rates(f"most{rater}", sees(0.85), again=20)
        world.rates(f"few{rater}", sees(0.85, turned=1), again=20)
        world.rates(f"click{rater}", sees(0), again=20)
    rows = table(*world.rows)
    weights = {row["rater"]: row["attention"] for row in rater_report(rows, ABC).to_pylist()}
    named = groups_of(**{rater: rater[2:].rstrip("0123456789") for rater in weights})
    labels = (attended_share(rows, ABC, {}), attended_share(rows, ABC, weights))
    of = {row["group"]: row for row in shift_by_group(rows, ABC, *labels, named).to_pylist()}
    assert of["few"]["shift"] < 0
    assert of["most"]["shift"] < 0
    assert of["click"]["shift"] > 0.03


def test_of_nothing_there_is_no_shift() -> None:
    nothing = table()
    labels = attended_share(nothing, ABC, {})
    assert shift_by_group(nothing, ABC, labels, labels, groups_of(p_1="x")).equals(SHIFT.empty_table())
    assert rater_report(nothing, ABC).equals(RATERS.empty_table())


def test_samples_without_a_label_are_left_out() -> None:
    rows = table(picking(1, "a", "p_1"), picking(2, "b", "p_1", "s_2"))
    labels = attended_share(rows, ABC, {})
    [row] = shift_by_group(rows, ABC, labels, labels.slice(0, 1), groups_of(p_1="x")).to_pylist()
    assert (row["samples"], row["moved"]) == (1, 0)
    [row] = shift_by_group(rows, ABC, labels, labels.slice(0, 0), groups_of(p_1="x")).to_pylist()
    assert (row["samples"], row["moved"], row["shift"]) == (0, None, None)


def test_a_sample_of_which_no_vote_is_left_has_no_label_to_go_away() -> None:
    rows = table(picking(1, "a", "p_1"), picking(2, "b", "p_1", "s_2"))
    labels = (attended_share(rows, ABC, {}), attended_share(rows, ABC, {"p_1": 0.0}))
    [row] = shift_by_group(rows, ABC, *labels, groups_of(p_1="x")).to_pylist()
    assert (row["samples"], row["after"]) == (0, None)


def test_a_table_of_groups_without_its_columns_is_told() -> None:
    labels = attended_share(table(), ABC, {})
    with pytest.raises(UserError, match="lack a column"):
        shift_by_group(table(), ABC, labels, labels, pa.table({"who": ["p_1"]}))


def test_labels_of_two_rules_are_told() -> None:
    rows = table(picking(1, "a", "p_1"))
    two = pa.concat_tables([VoteShare().view(rows, ABC), Plurality().view(rows, ABC)])
    with pytest.raises(UserError, match="several rules"):
        shift_by_group(rows, ABC, two, two, groups_of(p_1="x"))


def test_three_real_raters_who_took_their_time(shared: Shared) -> None:
    """One of 1,044 was much faster than its rater's habit; a pause of 35 hours is no evidence."""
    moods = ("Awful", "Bad", "Good", "Great", "Meh")
    asked = parse_taxonomy({"name": "moods", "entries": list(moods)})
    with shared("earkick_labelstudio/assessment.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            opinion(
                n, [float(row["mood"] == mood) for mood in moods], moods, asked, sample_id=row["id"],
                rater=f"p_{row['annotator']}", modalities=["audio"], spent_s=float(row["lead_time"]),
            )
            for n, row in enumerate(csv.DictReader(file))
        ]  # fmt: skip
    found = {row["rater"]: row for row in rater_report(table(*rows), asked).to_pylist()}
    assert [(row["fast_trials"], row["fast_failed"]) for row in found.values()] == [(348, 1), (348, 0), (348, 0)]
    assert min(row["attention"] for row in found.values()) > 0.98
    assert [round(row["median_s"], 1) for row in found.values()] == [25.3, 22.1, 39.5]
    assert [round(row["agreement"], 3) for row in found.values()] == [0.411, 0.386, 0.450]


def test_of_3175_real_raters_nearly_all_are_unknown(shared: Shared) -> None:
    """Each judged 1.7 texts, three of them five twice: that is no ground to weigh anybody down."""
    names = ("OCZEKIWANIE", "RADOŚĆ", "SMUTEK", "STRACH", "WSTRĘT", "ZASKOCZENIE", "ZAUFANIE", "ZŁOŚĆ")
    asked = parse_taxonomy({"name": "cawi", "entries": list(names)})
    with shared("cawi2/cawi2_annotations.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            opinion(
                n, labels=names, of=asked, sample_id=row["text_id"], rater=f"p_{row['annotator_id']}",
                answer={"intensities": [float(row[name]) if row[name] else None for name in names]},
            )
            for n, row in enumerate(csv.DictReader(file))
        ]  # fmt: skip
    found = rater_report(table(*rows), asked)
    assert (found.num_rows, found["again_trials"].to_numpy().sum()) == (3175, 5)
    assert Counter(found["why"].to_pylist())["no evidence: the prior"] == 3172
    assert np.ptp(found["attention"].to_numpy()) < 0.05
