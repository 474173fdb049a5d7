"""A person is taken out of everything, does not come back, and the next release says why."""

from pathlib import Path
from typing import Any

import pytest
from support.forgetting import PERSON, REASON, forget, ids_of, write_world
from support.searching import blocks, places_of

from affectory.pipelines.release.manifest import read_manifest

Row = dict[str, Any]


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "caches"
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def test_nothing_of_a_person_in_three_of_two_hundred_sources_is_left(tmp_path: Path, caches: Path) -> None:
    world = write_world(tmp_path / "p")
    made = world.project
    first = made.build()
    mine, others = _told_apart(made.rows(first.version).to_pylist())
    assert len(mine) == 3
    shared = b"".join(_media(others))
    needles = world.needles() | ids_of(mine) | {block for medium in _media(mine) for block in blocks(medium)}
    needles = {needle for needle in needles if needle not in shared}
    assert places_of(needles, made.workspace)
    done = forget(made)
    assert places_of(needles, made.workspace, caches) == set()
    assert done.plan.releases == {first.version: 3}
    assert forget(made).plan.releases == done.plan.releases, "their records are unknown by now"
    second = made.build()
    assert places_of(needles, made.workspace, caches, made.releases / second.version) == set()
    assert (first.version, second.version, second.bump) == ("v1.0.0", "v1.0.1", "patch")
    assert f"removed at a person's request: {REASON}" in read_manifest(made.releases / second.version).reasons
    assert second.kept == first.kept - 3
    assert [r["uri"] for r in made.rejects() if r["reason"] == "withheld" and r["stage"] == "scan"] == [None] * 3
    assert sum(r["stage"] == "ratings" and r["reason"] == "withheld" and r["row"] == "" for r in made.rejects()) == 3
    assert made.build().unchanged


def _told_apart(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    return [row for row in rows if row["speaker"] == PERSON], [row for row in rows if row["speaker"] != PERSON]


def _media(rows: list[Row]) -> list[bytes]:
    return [row[name]["bytes"] for row in rows for name in ("image", "audio") if row.get(name)]
