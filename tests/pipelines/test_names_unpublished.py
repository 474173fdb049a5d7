"""Names of people are in the sources and in the workspace, and in nothing that is published."""

import json
from pathlib import Path

import pyarrow.parquet as pq
from support.project import Project, project, write_csv

SUBJECTS, RATERS = ("Eve Poe", "Fay Zoe", "Gil Moe"), ("Ann Roe", "Bob Doe", "Cid Loe", "Dan Noe")


def dataset(folder: Path) -> Project:
    said = {"kind": "csv", "of": "lines", "target": "id"}
    recipe = {
        "dataset": "x",
        "taxonomy": "ekman-7",
        "sources": [
            {"kind": "csv", "name": "lines", "path": "lines.csv", "key": "id", "speaker": "who",
             "sidecar": {"path": "subjects.csv", "subject": "who", "session": "day"}},
        ],
        "ratings": [
            {**said, "name": "wide", "path": "wide.csv", "wide": ["Ann Roe", "Bob Doe"]},
            {**said, "name": "long", "path": "long.csv", "label": "mood", "rater": "who", "question": "And now?"},
            {**said, "name": "one", "path": "one.csv", "label": "mood", "rater_name": "Dan Noe"},
            {**said, "name": "all", "path": "one.csv", "label": "mood", "rater_name": "published", "people": 3},
        ],
        "ingest": [],
        "validate": {"max_rejected": 1},
        "publish": {"configs": ["default", "samples", "opinions"]},
    }  # fmt: skip
    made = project(folder, recipe)
    rows = [["1", "one", "Eve Poe"], ["2", "two", "Fay Zoe"], ["2", "three", "Eve Poe"]]
    write_csv(folder / "lines.csv", ["id", "text", "who"], rows)
    write_csv(folder / "subjects.csv", ["who", "day"], [["Eve Poe", "1"], ["Eve Poe", "2"], ["Gil Moe", "1"]])
    write_csv(folder / "wide.csv", ["id", "Ann Roe", "Bob Doe"], [["1", "joy", "Ann Roe"], ["2", "joy", ""]])
    write_csv(folder / "long.csv", ["id", "mood", "who"], [["1", "joy", "Cid Loe"], ["Gil Moe", "joy", "Cid Loe"]])
    write_csv(folder / "one.csv", ["id", "mood"], [["1", "joy"]])
    return made


def test_no_name_is_in_a_release(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    release = made.releases / made.build().version
    told = json.dumps(made.rejects(), default=str)
    assert all(name in told for name in ("Eve Poe", "Gil Moe", "Cid Loe")), "whoever builds it is told of them"
    for path in (path for path in release.rglob("*") if path.is_file() and path.name != "lineage.parquet"):
        rows = pq.read_table(path).to_pylist() if path.suffix == ".parquet" else path.read_bytes()
        text = json.dumps(rows, default=str)
        assert [name for name in (*SUBJECTS, *RATERS) if name in text] == [], path
    assert {r["reason"] for r in pq.read_table(release / "rejects.parquet").to_pylist()} >= {
        "duplicate",
        "unknown_label",
    }
    recipe = (release / "recipe.yaml").read_text()
    assert "p_" in recipe and "rater_name: published" in recipe
