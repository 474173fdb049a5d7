"""Which record a rating is about, and who gave it."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from support.rating_world import Reader, Row, World, says

from affectory.pipelines.rating import Targets
from affectory.schemas.ids import record_id_from_key
from affectory.schemas.ledgers import SOURCES


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_targets_are_those_of_the_source_that_is_rated(world: World) -> None:
    scan = world.scan()
    index, aliases = scan.index(world.workspace), scan.aliases(world.workspace)
    targets = Targets.of(index, aliases, "lines")
    assert targets.find("k1", None) == "r_1"
    assert targets.find(None, "2.txt") == "r_2"
    assert targets.find("k9", "2.txt") is None, "a key that is given must be right"
    assert Targets.of(index, aliases, "others").find("k1", None) is None


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ({"target_file": "2.txt"}, ""),
        ({"target_file": "copy.txt"}, ""),
        ({"target_file": "table"}, "'table' names 2 records; use `target`"),
        ({"target_file": "half"}, "'half' names 2 records; use `target`"),
    ],
    ids=["one record", "a duplicate", "a table", "a table of duplicates and others"],
)
def test_a_file_is_a_target_where_it_is_one_record(world: World, row: Row, detail: str) -> None:
    places = [("2.txt", "r_2"), ("table", "r_3"), ("table", "r_4"), ("half", "r_5")]
    index = pa.table({"source": ["lines"] * 4, "uri": [u for u, _ in places], "key": pa.nulls(4, pa.string()),
                      "record_id": [r for _, r in places]})  # fmt: skip
    aliases = index.slice(0, 2).set_column(1, "uri", pa.array(["copy.txt", "half"]))
    targets = Targets.of(index, aliases, "lines")
    found = targets.find(None, row["target_file"])
    assert (found is None) == bool(detail)
    assert found == "r_2" or targets.problem(None, row["target_file"]) == ("bad_row", detail)


def test_a_judgement_of_a_record_that_is_gone_waits_for_its_return(world: World) -> None:
    gone = {"record_id": record_id_from_key("lines", "k7"), "fingerprint": "7", "asset_id": "7", "source": "lines"}
    world.workspace.ledger("sources").append(SOURCES.from_rows([{**gone, "uri": "7.txt", "kind": "text"}]))
    commit = world.take(
        {**says("a"), "target_key": "k7"}, {**says("a", "bob", target_key=None), "target_file": "7.txt"}
    )
    assert commit.counts.rejected == 0
    assert {r["anchor"]["record"] for r in world.stands()} == {gone["record_id"]}


def test_a_person_in_several_relations_has_the_first_by_rank_and_keeps_it(world: World) -> None:
    entries = [
        world.importer([says("a")], Reader(rater_relation=r, question=str(r)), str(r)).entries[0]
        for r in ("crowd", "expert", None)
    ]
    for order in (entries, entries[::-1]):
        replace(world.importer([]), entries=order).run()
        people = world.workspace.ledger("people").read().to_pylist()
        assert [p["relation"] for p in people] == ["expert"]
