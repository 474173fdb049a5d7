"""Flat columns: each is made, whatever is null, and says null where there is nothing to say."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.suite_world import CLEAN, about, clip, label, note, opinion, sample, sid, stored

from affectory.quality.suites import flat
from affectory.quality.suites._ground import Ground, ground
from affectory.quality.suites._lots import SPECS, lots
from affectory.quality.suites.flat import columns_of, find, flattened


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground(stored(tmp_path_factory.mktemp("clean"), CLEAN), about())


FAR = [{"start_us": 1, "end_us": 2, "record": "x"}]


def made(table: str, column: str, known: Ground, *rows: dict[str, Any]) -> list[Any]:
    schema = pa.schema([field.with_nullable(True) for field in SPECS[table].schema])
    found: list[Any] = flattened(pa.Table.from_pylist(list(rows), schema), table, (column,), known)[column].to_pylist()
    return found


@pytest.mark.parametrize(("table", "column"), [(t, c) for t in SPECS for c in columns_of(t)])
def test_a_column_is_made_of_rows_without_anything(table: str, column: str, known: Ground) -> None:
    found = made(table, column, known, {}, {})
    assert len(found) == 2
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("table", "column", "row", "expected"),
    [
        ("samples", "anchor.start_us", clip("clip"), 1_000_000),
        ("samples", "video.format", clip("clip"), "mp4"),
        ("samples", "extra.age", sample("one", extra=[("sex", "f"), ("age", "7")]), "7"),
        ("samples", "extra.age", sample("one", extra=[("sex", "f")]), None),
        ("samples", "language_base", sample("one", language="ZH-Hant-TW"), "zh"),
        ("samples", "times_in_order", sample("one"), None),
        ("samples", "in_parent", clip("clip", parent=sid("gone")), None),
        ("samples", "in_parent", clip("clip", anchor={"record": "other", "start_us": 0, "end_us": 99_000_000}), None),
        ("samples", "medium_there", sample("one"), None),
        ("samples", "frames_inside", clip("clip", frames=[{"at_us": None}]), True),
        ("samples", "file_there", clip("clip", video=None, frames=None, original=None, members=[{"role": "a"}]), True),
        ("notes", "of_a_sample", note("nobody"), False),
        ("notes", "places_inside", note("one", places=[{"start_us": 0, "end_us": 9}]), None),
        ("opinions", "answer.vad.valence", opinion("o", answer={"vad": {"valence": 0.5}}), 0.5),
        ("opinions", "rater_pseudonym", opinion("o", rater="gpt", rater_kind="model"), None),
        ("opinions", "labels_of_taxonomy", opinion("o", asked={"taxonomy_hash": "older", "labels": ["x"]}), None),
        ("opinions", "evidence_inside", opinion("o", "clip", evidence=FAR), None),
        ("labels", "values_sum", label("one", values=[None, 0.5, 0.25]), 0.75),
        ("labels", "values_sum", label("one", values=[None] * 3, state="nobody agreed"), None),
        ("labels", "values_sum", label("one", values=[None] * 3), 0.0),
        ("labels", "values_sum", label("one", space="multi-label"), None),
        ("labels", "values_counted", label("one", taxonomy="other", values=[1.0]), None),
        ("labels", "values_counted", label("one", names=["x"], values=[1.0, 2.0]), False),
        ("labels", "chosen_allowed", label("one", names=["x"], chosen=["a"]), False),
        ("labels", "interval_sound", label("one", values=[None, 0.75, 0.0], low=[None, 0.5, 0.0]), True),
        ("labels", "people_count", label("one", pool="model"), None),
        ("labels", "agreement_sound", label("one", agreement=math.nan), False),
    ],
)  # fmt: skip
def test_what_a_column_says(table: str, column: str, row: dict[str, Any], expected: Any, known: Ground) -> None:
    assert made(table, column, known, row) == [expected]


def test_text_that_is_no_text_is_found_and_not_handed_on(known: Ground) -> None:
    rows = pa.Table.from_pylist([sample("one"), sample("two")], SPECS["samples"].schema)
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"caf\xe9", b"fine"]).buffers())
    rows = rows.set_column(rows.schema.get_field_index("text"), "text", broken)
    found = flattened(rows, "samples", ("text", "text_readable", "text_there"), known)
    assert found["text_readable"].to_pylist() == [False, True]
    assert found["text"].to_pylist() == [None, "fine"]
    assert found["text_there"].to_pylist() == [True, True]


@pytest.mark.parametrize("name", ["nothing", "anchor", "video.bytes", "video.path", "text.NAME", "members"])
def test_what_is_not_flat_is_not_found(name: str) -> None:
    assert find("samples", name) is None


def test_lots_are_as_large_as_they_are_to_be_however_files_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affectory.quality.suites._lots.ROWS", 4)
    files = stored(tmp_path, {"notes": [note(str(n)) for n in range(21)]}, 5)
    sizes = [len(rows) for rows in lots(files["notes"], "notes", ["sample_id"])]
    assert sum(sizes) == 21
    assert max(sizes) <= 8


def test_a_file_without_a_column_has_nulls_there(tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    pq.write_table(pa.table({"sample_id": ["s"]}), path)
    [rows] = lots([path], "samples", ["sample_id", "language"])
    assert rows.to_pylist() == [{"sample_id": "s", "language": None}]


def test_rows_are_named_by_a_column_that_there_is() -> None:
    assert all(flat.row_id(table) in SPECS[table].schema.names for table in SPECS)
