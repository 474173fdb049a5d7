"""Importing ratings: each act of judging once, changes as revisions, contradictions and unknowns refused by row."""

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rating_world import ABC, Reader, Row, World, says, weights

from affectory.pipelines.judging import said_by
from affectory.pipelines.store.commits import Counts
from affectory.schemas.taxonomy import parse_taxonomy
from affectory.transforms.ratings.base import Ratings
from affectory.transforms.sources.base import Limits, Refused


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_rating_becomes_a_judgement_that_says_all_of_it(world: World) -> None:
    columns: Row = {"confidence": 0.5, "rationale": "the tone", "spent_s": 2.0, "valence": -1.0, "occasion": "2nd"}
    commit = world.take(says("sea", start_us=5, end_us=9, **columns))
    [row] = world.ledger()
    assert row["anchor"] == {
        "record": "r_1", "start_us": 5, "end_us": 9, "char_start": None, "char_end": None, "box": None
    }  # fmt: skip
    assert (row["rater"], row["rater_kind"], row["perspective"]) == ("p_ann", "human", "perceived")
    assert row["asked"]["labels"] == ["a", "b", "c"]
    assert (row["asked"]["question"], row["asked"]["response"]) == ("which", "simplex")
    assert (row["asked"]["taxonomy"], row["asked"]["taxonomy_hash"]) == ("abc", ABC.hash)
    assert weights(row) == [0, 0, 1]
    assert row["answer"]["vad"] == {"valence": -1.0, "arousal": None, "dominance": None}
    assert (row["confidence"], row["rationale"], row["spent_s"]) == (0.5, "the tone", 2.0)
    assert (row["occasion"], row["revision"], row["supersedes"], row["retracted"]) == ("2nd", 0, None, False)
    assert row["modalities"] == ["text"]
    assert commit.counts == Counts(1, 1, 1, 0, 0)
    assert commit.facts == {"judgements": 1, "new": 1, "taken of one": 1}


def test_a_place_in_the_affect_space_is_an_answer_of_its_own(world: World) -> None:
    world.take(says(None, valence=0.5))
    [row] = world.ledger()
    assert (row["asked"]["response"], row["asked"]["taxonomy"]) == ("continuous", "vad")
    assert row["answer"]["weights"] is None


def test_a_file_may_be_named_in_place_of_a_key(world: World) -> None:
    world.take({"target_file": "2.txt", "rater": "ann", "label": "a"})
    assert world.ledger()[0]["anchor"]["record"] == "r_2"


def test_several_labels_by_one_rater_are_one_judgement(world: World) -> None:
    commit = world.take(says("a"), says("c"))
    [row] = world.ledger()
    assert weights(row) == [1, 0, 1]
    assert row["asked"]["response"] == "multi-label"
    assert commit.counts == Counts(2, 2, 1, 0, 0)


def test_intensities_are_kept_and_one_of_nothing_chooses_nothing(world: World) -> None:
    world.take(says("a", intensity=3.0), says("b", intensity=0.0), reader=Reader(asks_intensity=True))
    [row] = world.ledger()
    assert weights(row) == [1, 0, 0]
    assert row["answer"]["intensities"] == [3, 0, None], "unasked is not zero"


@pytest.mark.parametrize(
    "other",
    [
        {"rater": "bob"},
        {"target_key": "k2"},
        {"start_us": 1, "end_us": 2},
        {"char_start": 1, "char_end": 2},
        {"occasion": "again"},
    ],
)
def test_who_what_and_when_tell_judgements_apart(world: World, other: Row) -> None:
    world.take(says("a"), {**says("b"), **other})
    assert sorted(map(weights, world.ledger())) == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    "other", [Reader(question="what"), Reader(perspective="felt")], ids=["question", "perspective"]
)
def test_what_was_asked_and_of_whom_tells_judgements_apart(world: World, other: Reader) -> None:
    """One importer, two entries of the recipe over the same person and record."""
    one, two = world.importer([says("a")]), world.importer([says("b")], other, "two")
    replace(one, entries=[*one.entries, *two.entries]).run()
    assert sorted(map(weights, world.stands())) == [[0, 1, 0], [1, 0, 0]]


def test_the_same_ratings_again_add_nothing(world: World) -> None:
    rows = says("a"), says("b", rater="bob", confidence=0.1), says(None, "eve", valence=0.3)
    world.take(*rows)
    before = world.ledger()
    assert world.take(*rows).facts["new"] == 3, "the import is found again and not done twice"
    assert world.take(*rows, folder="copy").facts["new"] == 0, "in another file they are read, and known"
    assert world.take(*reversed(rows)).facts["new"] == 0
    assert world.ledger() == before


def test_a_changed_answer_is_a_revision_that_supersedes(world: World) -> None:
    world.take(says("a"), says("a", "bob"))
    world.take(says("b"), says("a", "bob"))
    first, second, bob = world.ledger()
    assert (first["revision"], second["revision"]) == (0, 1)
    assert second["supersedes"] == first["judgement_id"] != second["judgement_id"]
    assert weights(first) == [1, 0, 0], "what was said first stays in the ledger"
    assert sorted(map(weights, world.stands())) == [[0, 1, 0], [1, 0, 0]]
    assert bob["revision"] == 0


@pytest.mark.parametrize("answers", ["abc", "aba", "abab", "aab", "abba"])
def test_the_last_answer_stands_also_when_it_was_given_before(world: World, answers: str) -> None:
    """A correction that was taken back leaves a file whose content was imported once already."""
    for answer in answers:
        world.take(says(answer))
    [row] = world.stands()
    assert weights(row) == [float(label == answers[-1]) for label in "abc"]
    changes = sum(a != b for a, b in pairwise(answers))
    assert [r["revision"] for r in world.ledger()] == list(range(changes + 1))


def test_a_ledger_that_was_lost_is_filled_again(world: World) -> None:
    for label in "ab":
        world.take(says(label), says("a", "bob"))
    shutil.rmtree(world.root / "w" / "ledgers" / "judgements")
    world.take(says("b"), says("a", "bob"))
    assert sorted(map(weights, world.stands())) == [[0, 1, 0], [1, 0, 0]]
    assert world.importer([says("b"), says("a", "bob")]).pending().fresh.num_rows == 0


def test_limits_decide_what_can_be_read_and_so_whether_it_is_read_again(world: World) -> None:
    importer = world.importer([says("a")])
    first, small = importer.run(), replace(importer, limits=Limits(row_bytes=7)).run()
    assert first is not None and small is not None
    assert first.key != small.key


def test_nothing_is_read_where_nothing_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.take(says("a"))
    monkeypatch.setattr(Reader, "read", lambda *_: pytest.fail("read again"))
    importer = world.importer([says("a")])
    importer.run()
    assert importer.pending().fresh.num_rows == 0
    assert len(importer.pending().ids) == 1


def test_a_file_that_could_not_be_read_is_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Ratings(refused=(Refused("a.json", "unreadable"),))
    with monkeypatch.context() as patch:
        patch.setattr(Reader, "read", lambda *_: iter([broken]))
        assert world.take(says("a")).counts.rejected == 1
    assert world.take(says("a")).counts == Counts(1, 1, 1)


REFUSED = {
    "record": (says(target_key="k9"), "unknown_record", "lines has no record 'k9'"),
    "file": ({"target_file": "9.txt", "rater": "ann", "label": "a"}, "unknown_record", "lines has no record '9.txt'"),
    "label": (says("fury"), "unknown_label", "'fury' is not in abc: a, b, c"),
    "by the reader": ("cut off", "bad_row", "cut off"),
}


@pytest.mark.parametrize(("row", "reason", "detail"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_taken_is_refused_with_its_row(world: World, row: Row | str, reason: str, detail: str) -> None:
    commit = world.take(says("a"), row)
    assert commit.counts == Counts(2, 1, 1, 1, 0)
    [reject] = world.refused(commit)
    assert (reject["stage"], reject["outcome"], reject["source"]) == ("ratings", "rejected", "one")
    assert (reject["reason"], reject["detail"], reject["uri"]) == (reason, detail, "a.json#L2")
    assert isinstance(row, str) or json.loads(reject["row"])["rater"] == "ann"
    assert len(world.ledger()) == 1


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"confidence": 0.9}, "confidence"),
        ({"rationale": "other"}, "rationale"),
        ({"valence": 0.0}, "valence"),
        ({"intensity": 2.0, "label": "a"}, "intensity"),
    ],
)
def test_a_row_that_contradicts_an_earlier_one_is_refused(world: World, second: Row, said: str) -> None:
    first = says("a", confidence=0.5, rationale="this", valence=1.0, intensity=1.0)
    commit = world.take(first, {**says("b"), **second})
    [reject] = world.refused(commit)
    assert reject["reason"] == "bad_row"
    assert f"says another {said};" in reject["detail"]
    assert weights(world.ledger()[0]) == [1, 0, 0]


def test_a_label_without_the_intensity_that_was_asked_is_refused(world: World) -> None:
    commit = world.take(says("a"), says("b", "bob", intensity=1.0), reader=Reader(asks_intensity=True))
    assert [r["reason"] for r in world.refused(commit)] == ["bad_row"]
    assert len(world.ledger()) == 1


def test_a_word_that_the_taxonomy_learns_is_taken_at_the_next_build(world: World) -> None:
    assert world.take(says("fury")).counts.rejected == 1
    taught = parse_taxonomy({**ABC.model_dump(), "entries": ["a", {"name": "b", "synonyms": ["fury"]}, "c"]})
    assert replace(world, taxonomy=taught).take(says("fury")).counts.rejected == 0


def test_a_preview_leaves_ratings_of_other_records_for_later(world: World) -> None:
    commit = replace(world, preview=True).take(says("a"), says(target_key="k9"), says("fury"))
    assert [r["reason"] for r in world.refused(commit)] == ["unknown_label"]


def test_raters_become_people_with_their_relation(world: World) -> None:
    world.take(says(), says(rater="bob"), reader=Reader(rater_relation="parent"))
    people = world.workspace.ledger("people").read().to_pylist()
    assert sorted((p["person_id"], p["roles"], p["relation"]) for p in people) == [
        ("p_ann", ["rater"], "parent"),
        ("p_bob", ["rater"], "parent"),
    ]


def test_no_entries_or_no_rows_import_nothing(world: World) -> None:
    assert replace(world.importer([]), entries=[]).run() is None
    assert world.take().counts == Counts()
    assert world.ledger() == []


def test_what_is_pending_is_what_an_import_would_add(world: World) -> None:
    world.take(says("a"))
    importer = world.importer([says("b"), says("a", "bob")])
    found = importer.pending()
    pending = found.fresh.to_pylist()
    assert len(world.ledger()) == 1, "to look writes nothing"
    before = {r["judgement_id"] for r in world.ledger()}
    assert said_by(world.workspace, importer.run()).ids.sort().equals(found.ids.sort())
    added = [r for r in world.ledger() if r["judgement_id"] not in before]
    assert sorted(pending, key=str) == sorted(added, key=str)


ratings = st.builds(
    lambda key, rater, label, start: says(label, rater, target_key=key, start_us=start, end_us=start and start + 5),
    st.sampled_from(["k1", "k2", "k9"]),
    st.sampled_from(["ann", "bob"]),
    st.sampled_from(["a", "b", "sea", "fury"]),
    st.sampled_from([None, 1, 2]),
)


@settings(max_examples=15)
@given(rows=st.lists(ratings, max_size=8), random=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    rows: list[Row], random: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, other = (World(tmp_path_factory.mktemp("world")) for _ in range(2))
    first, second = one.take(*rows), other.take(*random.sample(rows, len(rows)))
    assert first.counts == second.counts
    assert one.ledger() == other.ledger()


def test_what_belongs_together_may_stand_in_rows_apart(world: World, tmp_path: Path) -> None:
    """The confidence in one row, the place in another: none of it is lost, whichever comes first."""
    rows = says("a", confidence=0.5), says(None, valence=0.25), says("b", rationale="why")
    world.take(*rows)
    other = World(tmp_path / "other")
    other.root.mkdir()
    other.take(*reversed(rows))
    [row] = world.ledger()
    assert [row] == other.ledger()
    assert weights(row) == [1, 1, 0]
    assert (row["confidence"], row["rationale"], row["answer"]["vad"]["valence"]) == (0.5, "why", 0.25)
