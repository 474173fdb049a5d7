"""Labels that lie in the same files as what they are about, through whole builds."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.project import MOODS, project, write_image


def hub(path: Path) -> None:
    features = {"label": {"names": list(MOODS), "_type": "ClassLabel"}}
    table = pa.table({"text": [f"Line {n} of a talk." for n in range(4)], "label": [*range(4)]})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), path)


def shard(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        for number, mood in enumerate(MOODS):
            picture = write_image(path.with_name(f"{number}.png"), number).read_bytes()
            for name, data in ((f"{number}.png", picture), (f"{number}.json", json.dumps({"label": mood}).encode())):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize(
    ("kind", "file", "write", "source", "ratings"),
    [
        ("datasets", "train.parquet", hub, {"text": "text", "key": "text"}, {"target": "text", "label": "label"}),
        ("webdataset", "s.tar", shard, {}, {"label": "json.label"}),
    ],
    ids=["datasets", "webdataset"],
)
def test_a_label_of_a_record_is_its_rating(
    tmp_path: Path, kind: str, file: str, write: Callable[[Path], None], source: Any, ratings: Any
) -> None:
    data = {"kind": kind, "path": file}
    recipe = {
        "dataset": "x",
        "taxonomy": "ekman-7",
        "sources": [{**data, "name": "data", **source}],
        "ratings": [{**data, "of": "data", "rater_name": "published", **ratings}],
    }
    made = project(tmp_path, recipe)
    write(tmp_path / file)
    summary = made.build()
    assert (summary.kept, summary.attached, summary.refused_ratings) == (4, 4, {})
    rows = made.rows(summary.version).to_pylist()
    names = json.loads((made.releases / summary.version / "taxonomy.json").read_text())["labels"]
    assert sorted(names[row["label"]] for row in rows) == sorted(MOODS)
