"""The description in Croissant 1.0. That mlcroissant takes and reads it is tried in tests/consumers."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectory.pipelines.release import write, write_release
from affectory.pipelines.release.croissant import CONFORMS_TO


@pytest.fixture(scope="module")
def described(released: Path) -> dict[str, Any]:
    return dict(json.loads((released / "croissant.json").read_text()))


def of_type(described: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry for entry in described["distribution"] if entry["@type"] == kind]


def test_it_says_what_the_card_says(described: dict[str, Any]) -> None:
    facts = {"name": "small", "version": "1.0.0", "license": "CC-BY-4.0", "alternateName": "Small"}
    assert {name: described[name] for name in facts} == facts
    assert described["conformsTo"] == CONFORMS_TO
    assert described["rai:dataReleaseMaintenancePlan"] == "Until 2030."
    assert described["citeAs"].startswith("@misc{small")


def test_every_file_is_named_by_its_hash_and_from_where_it_is_read(released: Path, described: dict[str, Any]) -> None:
    files = of_type(described, "cr:FileObject")
    named = {f["contentUrl"]: (f["sha256"], f["contentSize"]) for f in files}
    beside = {"manifest.json", "croissant.json", "SHA256SUMS"}
    there = {p.relative_to(released).as_posix(): p for p in released.rglob("*") if p.is_file() and p.name not in beside}
    assert named == {
        name: (hashlib.sha256(p.read_bytes()).hexdigest(), f"{p.stat().st_size} B") for name, p in there.items()
    }
    for files_of in of_type(described, "cr:FileSet"):
        assert list(released.glob(files_of["includes"]))


def leaves(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in fields:
        yield from leaves(field["subField"]) if "subField" in field else [field]


def reached(schema: pa.Schema, leaf: dict[str, Any]) -> pa.DataType:
    """The type at the end of a leaf's path; KeyError or an Arrow error where it leads nowhere."""
    kind = schema.field(leaf["source"]["extract"]["column"]).type
    for step in leaf["source"].get("transform", []):
        kind = kind.value_type if pa.types.is_list(kind) else kind
        kind = kind.field(step["jsonPath"]).type
    return kind.value_type if pa.types.is_list(kind) else kind


@pytest.mark.parametrize("config", ["default", "opinions", "labels", "notes", "samples"])
def test_every_column_is_a_field_down_to_its_parts(released: Path, described: dict[str, Any], config: str) -> None:
    records = next(r for r in described["recordSet"] if r["@id"] == config)
    schema = pq.read_schema(next(released.glob(f"data/{config}/*.parquet")))
    split, *fields = records["field"]
    assert split["references"] == {"field": {"@id": "splits/name"}}
    assert [field["name"] for field in fields] == [f"{config}/{name}" for name in schema.names]
    checks = {
        "sc:Integer": pa.types.is_integer,
        "sc:Float": pa.types.is_floating,
        "sc:Text": pa.types.is_string,
        **dict.fromkeys(("sc:ImageObject", "sc:AudioObject", "sc:VideoObject"), pa.types.is_binary),
    }
    assert [leaf["@id"] for leaf in leaves(fields) if not checks[leaf["dataType"]](reached(schema, leaf))] == []


def test_splits_and_labels_stand_in_it(described: dict[str, Any]) -> None:
    splits, labels = described["recordSet"][:2]
    assert splits["data"] == [{"splits/name": "train"}, {"splits/name": "test"}]
    assert labels["data"][3] == {"taxonomy/number": 3, "taxonomy/name": "joy"}


def test_only_the_version_moves_where_the_data_stays(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    texts = []
    for folder in ("a", "b"):
        made = write_release(world.inputs(tmp_path / folder / "in"), tmp_path / folder / "releases")
        texts.append(Path(made.path, "croissant.json").read_bytes())
    assert texts[0] == texts[1]
    gone = world.add(77)
    write_release(world.inputs(tmp_path / "in"), tmp_path / "a" / "releases")
    del world.splits[gone]
    back = write_release(world.inputs(tmp_path / "in"), tmp_path / "a" / "releases")
    assert Path(back.path, "croissant.json").read_text() == texts[0].decode().replace('"1.0.0"', '"1.1.1"')
