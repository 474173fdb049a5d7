"""What becomes of ratings that are not one person's one label: several labels, votes, groups, evidence, boxes."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.rating_world import Reader, Row, World, says, weights

EACH = Reader(offered=("a", "sea"), each_label=True, response="multi-label")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def rated(*labels: tuple[str, float, float | None], rater: str | None = "ann", **more: Any) -> Row:
    given = [{"label": label, "weight": weight, "intensity": intensity} for label, weight, intensity in labels]
    return {"target_key": "k1", "rater": rater, "labels": given, **more}


def test_labels_that_were_not_offered_or_not_answered_are_not_a_no(world: World) -> None:
    world.take(rated(("a", 1, None), ("c", 0, None)), rated(("c", 1, 3), rater="bob"), reader=EACH)
    ann, bob = world.ledger()
    assert [row["asked"]["labels"] for row in (ann, bob)] == [["a", "c"]] * 2
    assert [row["asked"]["response"] for row in (ann, bob)] == ["multi-label"] * 2
    assert (ann["answer"]["weights"], ann["answer"]["intensities"]) == ([1, 0], None)
    assert (bob["answer"]["weights"], bob["answer"]["intensities"]) == ([None, 1], [None, 3])


def test_several_labels_chosen_from_all_leave_the_others_unchosen(world: World) -> None:
    world.take(rated(("a", 1, None), ("sea", 1, None)), rated(rater="bob"))
    assert [weights(row) for row in world.ledger()] == [[1, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        (rated(("a", 1, None), ("x", 0, None)), "unknown_label", "'x' is not in abc: a, b, c"),
        (rated(("b", 1, None)), "unknown_label", "b was not offered, as the recipe says"),
        (says("b"), "unknown_label", "b was not offered, as the recipe says"),
        (rated(("c", 1, None), ("sea", 0, None)), "bad_row", "'sea' is not the only one that means c in abc"),
        (rated(("a", 1, 1e39)), "bad_row", "a number beyond 3.4e+38"),
    ],
)
def test_a_row_is_taken_whole_or_not_at_all(world: World, row: Row, reason: str, detail: str) -> None:
    commit = world.take(row, reader=EACH)
    assert (commit.counts.kept, [(r["reason"], r["detail"]) for r in world.refused(commit)]) == (0, [(reason, detail)])


def test_rows_about_further_labels_of_one_person_are_one_judgement(world: World) -> None:
    world.take(rated(("a", 1, None)), rated(("c", 0, None)), rated(("c", 1, None)), reader=EACH)
    assert [weights(row) for row in world.ledger()] == [[1, 0]], "the last contradicts the second"


def test_people_who_were_only_counted_are_as_many_and_nobody(world: World) -> None:
    votes = [says("a", None), says("b", None), says("a", None), says("a", None, target_key="k2")]
    world.take(*votes)
    rows = world.ledger()
    assert Counter((r["anchor"]["record"], *weights(r)) for r in rows) == {
        ("r_1", 1, 0, 0): 2,
        ("r_1", 0, 1, 0): 1,
        ("r_2", 1, 0, 0): 1,
    }
    assert len({r["rater"] for r in rows}) == 4
    assert {r["rater"][:2] for r in rows} == {"a_"}
    assert world.workspace.ledger("people").read().num_rows == 0


def test_counted_votes_have_no_order_and_a_corrected_count_takes_none_away_but_its_own(world: World) -> None:
    world.take(says("a", None), says("b", None), says("a", None))
    first = {r["judgement_id"] for r in world.stands()}
    world.take(says("b", None), says("a", None), says("a", None))
    assert {r["judgement_id"] for r in world.stands()} == first
    world.take(says("a", None), says("b", None), says("b", None))
    second = {r["judgement_id"] for r in world.stands()}
    assert (len(second), len(first & second)) == (3, 2)


def test_the_same_counts_of_two_questions_are_not_the_same_people(world: World) -> None:
    for question in ("face", "voice"):
        world.take(says("a", None), reader=Reader(question=question), folder=question)
    assert len({row["rater"] for row in world.ledger()}) == 2


def test_a_group_is_no_person(world: World) -> None:
    shares = rated(("a", 0.25, None), ("b", 0.75, None), rater="published", people=5)
    world.take(shares, says("c", "published", target_key="k2"), reader=Reader(response="simplex"))
    group, person = sorted(world.ledger(), key=lambda row: str(row["rater"]))
    assert (group["rater"], group["people"], weights(group)) == ("g_published", 5, [0.25, 0.75, 0])
    assert (person["rater"], person["people"]) == ("p_published", None)
    assert world.workspace.ledger("people").read().column("person_id").to_pylist() == ["p_published"]


def test_evidence_may_lie_in_another_record(world: World) -> None:
    places = [{"kind": "cause", "key": "k2", "char_start": 1, "char_end": 4}, {"kind": "background"}]
    commit = world.take(says("a", evidence=places), says("b", evidence=[{"kind": "cause", "key": "k9"}]))
    [row] = world.ledger()
    given = [{k: v for k, v in place.items() if v is not None} for place in row["evidence"]]
    assert given == [{"kind": "cause", "char_start": 1, "char_end": 4, "record": "r_2"}, {"kind": "background"}]
    [refused] = world.refused(commit)
    assert (refused["reason"], refused["detail"]) == (
        "unknown_record",
        "the evidence lies in 'k9': lines has no record 'k9'",
    )


def test_two_boxes_of_a_picture_are_two_places(world: World) -> None:
    world.take(says("a", box=[0.5, 1, 10, 20]), says("b", box=[30, 1, 10, 20]), says("c"))
    world.take(says("b", box=[0.5, 1, 10, 20]))
    assert sorted(str(row["anchor"]["box"]) for row in world.stands()) == ["[0.5, 1.0, 10.0, 20.0]"]
    assert len({row["act"] for row in world.ledger()}) == 3
