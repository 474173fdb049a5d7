"""Ratings from datasets of the hub: their own column of class labels is a rating."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectory.transforms.ratings.datasets import DatasetsRatings
from affectory.transforms.ratings.parquet import ParquetRatings

CLASSES = {"names": ["sadness", "joy"], "_type": "ClassLabel"}
FEATURES = {"emotion": CLASSES, "all": {"feature": CLASSES, "_type": "List"}}
ROWS = {"id": ["a", "b", "c"], "who": ["r"] * 3, "emotion": [1, 0, -1], "all": [[1], [0, 1], []]}
TABLE = pa.table(ROWS).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})


def arrow(path: Path) -> None:
    with pa.ipc.new_stream(str(path), TABLE.schema) as writer:
        writer.write_table(TABLE)


@pytest.mark.parametrize(
    ("kind", "name", "write"),
    [
        (ParquetRatings, "train.parquet", lambda path: pq.write_table(TABLE, path)),
        (DatasetsRatings, "train.parquet", lambda path: pq.write_table(TABLE, path)),
        (DatasetsRatings, "data-00000-of-00001.arrow", arrow),
    ],
    ids=["parquet", "datasets", "saved"],
)
def test_a_class_is_rated_by_its_name(
    reader: Any, take: Any, tmp_path: Path, kind: type, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    rows, (refused,) = take(reader(kind), tmp_path / name)
    assert [(r["target_key"], r["label"]) for r in rows] == [("a", "joy"), ("b", "sadness")]
    assert (refused.uri, refused.reason, refused.detail) == (f"{name}#L3", "bad_row", "nothing is rated")


def test_several_classes_are_one_answer(reader: Any, take: Any, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "train.parquet")
    rows, _ = take(reader(DatasetsRatings, label="all"), tmp_path / "train.parquet")
    said = [(r["label"], [label["label"] for label in r["labels"] or ()]) for r in rows]
    assert said == [("joy", []), (None, ["sadness", "joy"])]


def test_columns_of_raters_are_found_by_a_pattern(reader: Any, take: Any, tmp_path: Path) -> None:
    arrow(tmp_path / "data.arrow")
    one = reader(DatasetsRatings, label=None, rater=None, wide="(?P<rater>emotion)")
    rows, _ = take(one, tmp_path / "data.arrow")
    assert [(r["rater"], r["labels"][0]["label"]) for r in rows] == [("emotion", "joy"), ("emotion", "sadness")]


def test_only_the_splits_asked_for_are_read(reader: Any, tmp_path: Path) -> None:
    for name in ("train.parquet", "test.parquet"):
        pq.write_table(TABLE, tmp_path / name)
    assert [f.name for f in reader(DatasetsRatings, splits=["test"]).files(tmp_path)] == ["test.parquet"]
