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
    commit = world.take(says("a"), says("b", "bob", intensity=1.0), reader=Reader(intensity="how"))
    assert [r["reason"] for r in world.refused(commit)] == ["bad_row"]









