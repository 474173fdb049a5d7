"""A dataset's README says of which split a file is, and what it says now counts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from support.project import project

README = """---
configs:
- config_name: all
  data_files: de/*
- config_name: main
  data_files:
  - {split: train, path: de/train.parquet}
  - {split: NAME, path: "de/part*"}
---
"""


def test_the_split_that_is_kept_is_what_the_readme_says_now(tmp_path: Path) -> None:
    source = {"kind": "datasets", "path": "in", "config": "main", "split_as": "split"}
    recipe = {"dataset": "x", "taxonomy": "ekman-7", "ingest": [], "publish": {"configs": ["default", "samples"]}}
    made = project(tmp_path, {**recipe, "sources": [source]})
    (tmp_path / "in/de").mkdir(parents=True)
    for name in ("train", "part-1"):
        pq.write_table(pa.table({"text": [f"of {name}"]}), tmp_path / f"in/de/{name}.parquet")
    for name in ("test", "dev"):
        (tmp_path / "in/README.md").write_text(README.replace("NAME", name))
        rows = made.rows(made.build().version, "samples").to_pylist()
        assert {row["text"]: row["extra"] for row in rows} == {
            "of train": [{"key": "split", "value": "train"}],
            "of part-1": [{"key": "split", "value": name}],
        }
