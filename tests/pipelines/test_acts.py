"""Acts of judging over time: said once, changed as revisions, counted as long as they are said."""

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rating import ABC, Reader, Row, World, says, weights
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



@pytest.mark.parametrize("answers", ["abc", "aba", "abab", "aab", "abba"])
def test_the_last_answer_stands_also_when_it_was_given_before(world: World, answers: str) -> None:
    """A correction that was taken back leaves a file whose content was imported once already."""
    for answer in answers:


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









