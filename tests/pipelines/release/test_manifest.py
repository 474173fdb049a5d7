"""The manifest: what it says, and that `verify` finds every byte that is not as it says."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from affectory.pipelines.release import Release, verify, write, write_release
from affectory.pipelines.release.manifest import complete, read_manifest
from affectory.pipelines.release.write import write_content


@pytest.fixture
def published(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    return write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")


def test_it_holds_what_a_reader_needs(published: Release, world: Any) -> None:
    data = json.loads((published.path / "manifest.json").read_text())
    assert (data["version"], data["bump"], data["hash"]) == ("v1.0.0", "first", published.hash)
    assert data["rows"] == published.rows
    assert data["versions"] == {"affectory": "0.1.0"}
    assert data["taxonomy"]["labels"] == list(world.taxonomy.labels)
    assert data["schemas"]["samples"] == 1 and data["parent"] is None and data["created"]
    assert set(data["files"]) == {
        p.relative_to(published.path).as_posix() for p in published.path.rglob("*") if p.is_file()
    } - {"manifest.json", "SHA256SUMS"}
    manifest = read_manifest(published.path)
    assert json.loads(manifest.as_json()) == data


def test_the_parent_is_named(published: Release, world: Any, tmp_path: Path) -> None:
    world.add(77)
    second = write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")
    assert read_manifest(second.path).parent == {"version": "v1.0.0", "hash": published.hash}


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda p: (p / "README.md").unlink(), "README.md: missing"),
        (lambda p: (p / "data" / "extra.parquet").write_text("x"), "data/extra.parquet: not in the manifest"),
        (
            lambda p: (p / "recipe.yaml").write_bytes((p / "recipe.yaml").read_bytes()[:-1] + b" "),
            "recipe.yaml: changed",
        ),
        (lambda p: (p / "manifest.json").write_text("{"), "manifest.json: cannot be read"),
        (lambda p: (p / "manifest.json").write_text('{"format": 1}'), "manifest.json: cannot be read"),
    ],
)
def test_every_difference_is_found(published: Release, spoil: Any, problem: str) -> None:
    assert verify(published.path) == []
    spoil(published.path)
    assert [p[: len(problem)] for p in verify(published.path)] == [problem]


def test_a_hash_that_does_not_follow_is_found(published: Release) -> None:
    path = published.path / "manifest.json"
    path.write_text(path.read_text().replace(published.hash, "0" * 64))
    assert verify(published.path) == ["manifest.json: its hash does not follow from its files", "SHA256SUMS: changed"]


def test_a_release_with_a_file_short_is_not_complete(published: Release) -> None:
    assert complete(published.path)
    (published.path / "README.md").write_text("cut")
    assert complete(published.path) is None
    assert complete(published.path / "absent") is None


def test_lineage_leads_from_a_declared_key_to_its_row_and_the_key_belongs_to_the_row(
    world: Any, tmp_path: Path
) -> None:
    def lineage(folder: Path) -> dict[str, Any]:
        write_content(world.inputs(folder / "in"), folder / "out", folder / "gathered")
        return {row["record_id"]: row for row in pq.read_table(folder / "out" / "lineage.parquet").to_pylist()}

    bare = lineage(tmp_path / "bare")
    world.rows["samples"][0]["key"] = "t0"
    keyed = lineage(tmp_path / "keyed")
    assert {r: row["key"] for r, row in keyed.items() if row["key"]} == {"r_000000": "t0"}
    assert [r for r in bare if bare[r]["row_hash"] != keyed[r]["row_hash"]] == ["r_000000"]


def test_recipe_taxonomy_lineage_and_rejects_lie_beside_the_data(published: Release, world: Any) -> None:
    recipe = yaml.safe_load((published.path / "recipe.yaml").read_text())
    assert recipe == {"dataset": "small", "sources": [{"kind": "folder"}]}
    taxonomy = json.loads((published.path / "taxonomy.json").read_text())
    assert taxonomy["labels"] == list(world.taxonomy.labels) and taxonomy["hash"] == world.taxonomy.hash
    lineage = {row["record_id"]: row for row in pq.read_table(published.path / "lineage.parquet").to_pylist()}
    clip = world.rows["samples"][3]
    assets = sorted([clip["video"]["asset"], *(frame["asset"] for frame in clip["frames"])])
    assert (lineage["r_000003"]["assets"], lineage["r_000003"]["source"]) == (assets, "lines")
    assert lineage["r_000005"]["split"] == "test" and len({row["row_hash"] for row in lineage.values()}) == 8
    (reject,) = pq.read_table(published.path / "rejects.parquet").to_pylist()
    assert reject["detail"] == "cannot open broken one.mp4: no header"
    assert reject["record_id"] == "r_000090" and not {"uri", "row"} & set(reject)
