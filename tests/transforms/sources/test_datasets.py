"""Datasets as the hub holds them and as `datasets` saves them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectory.schemas.errors import UserError
from affectory.transforms.sources._hub_layout import Part, by_name
from affectory.transforms.sources.base import Limits, RemoteFile, RemoteFolder, SourceFile
from affectory.transforms.sources.datasets import DatasetsSource

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["sadness", "joy"], "_type": "ClassLabel"},
    "all": {"feature": {"names": ["sadness", "joy"], "_type": "ClassLabel"}, "_type": "List"},
}
ROWS = {"text": ["a", "b", "c"], "label": [0, 1, -1], "all": [[1, 0], [], [1]]}
SOURCE = DatasetsSource(path="x", keep=("label", "all"), split_as="split")


def table() -> pa.Table:
    return pa.table(ROWS).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})


@pytest.mark.parametrize(
    ("uri", "config", "split"),
    [
        ("data/train-00000-of-00002.parquet", "default", "train"),
        ("train-00000-of-00001-0123456789abcdef.parquet", "default", "train"),
        ("split/validation-00000-of-00001.parquet", "split", "validation"),
        ("de/test.parquet", "de", "test"),
        ("en/data/test.parquet", "en", "test"),
        ("default/train/0000.parquet", "default", "train"),
        ("unsplit/train/0001.parquet", "unsplit", "train"),
        ("test/data-00000-of-00001.arrow", "default", "test"),
        ("data-00000-of-00001.arrow", "default", "train"),
    ],
)
def test_config_and_split_are_told_by_the_name(uri, config, split):
    assert by_name(uri) == Part(config, split)


@pytest.mark.parametrize("kind", ["parquet", "stream", "file"])
def test_class_labels_come_by_name_with_the_split(take, tmp_path, kind):
    name = "train-00000-of-00001.parquet" if kind == "parquet" else "train/data-00000-of-00001.arrow"
    path = tmp_path / "f"
    if kind == "parquet":
        pq.write_table(table(), path)
    else:
        new = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
        with new(str(path), table().schema) as writer:
            writer.write_table(table())
    rows, refused = take(SOURCE, path, uri=name)
    assert refused == []
    assert [(r["text"], r["row"], r["extra"]) for r in rows] == [
        ("a", 1, {"all": '["joy","sadness"]', "label": "sadness", "split": "train"}),
        ("b", 2, {"all": "[]", "label": "joy", "split": "train"}),
        ("c", 3, {"all": '["joy"]', "split": "train"}),
    ]


def write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table(), root / name)
    return root


README = """---
configs:
- config_name: main
  data_files:
  - split: train
    path: ["de/train*", "en/*.parquet"]
  - split: test
    path: de/test.parquet
- config_name: other
  data_dir: spare
  data_files: "*.parquet"
---
# A dataset
"""


FILES = ("de/train.parquet", "de/test.parquet", "en/train.parquet")


def test_a_config_and_its_splits_are_chosen(listed, tmp_path):
    root = write(tmp_path, *FILES)
    assert listed(DatasetsSource(path="x", config="de"), root) == ["de/test.parquet", "de/train.parquet"]
    assert listed(DatasetsSource(path="x", config="de", splits=("test",)), root) == ["de/test.parquet"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({}, "several configs: de, en"),
        ({"config": "fr"}, "no config 'fr'"),
        ({"config": "en", "splits": ("test",)}, "no split 'test'"),
    ],
)
def test_a_choice_that_is_missing_or_wrong_is_told(listed, tmp_path, chosen, message):
    with pytest.raises(UserError, match=message):
        listed(DatasetsSource(path="x", **chosen), write(tmp_path, *FILES))


def test_a_folder_of_the_hub_is_told_apart_likewise():
    files = tuple(RemoteFile(f"hf://datasets/o/n/{name}", name, 9, "m") for name in FILES)
    found = DatasetsSource(path="x", config="en").files(RemoteFolder("hf://datasets/o/n", files))
    assert [file.uri for file in found] == ["en/train.parquet"]
    declared = RemoteFolder("hf://datasets/o/n", files, README)
    found = DatasetsSource(path="x", config="main", splits=("train",)).files(declared)
    assert [file.uri for file in found] == ["de/train.parquet", "en/train.parquet"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"config": "main"}, ["de/test.parquet", "de/train.parquet", "en/train.parquet"]),
        ({"config": "main", "splits": ("train",)}, ["de/train.parquet", "en/train.parquet"]),
        ({"config": "other"}, ["spare/a.parquet"]),
    ],
)
def test_a_readme_says_which_files_are_what(listed, tmp_path, chosen, expected):
    root = write(tmp_path, *FILES, "spare/a.parquet", "left-over.parquet")
    (root / "README.md").write_text(README)
    assert listed(DatasetsSource(path="x", **chosen), root) == expected


@pytest.mark.parametrize("head", ["", "---\nconfigs: 3\n---\n", "no head", "---\nlicense: mit\n---\n"])
def test_a_readme_that_says_nothing_of_files(listed, tmp_path, head):
    root = write(tmp_path, "data/train.parquet")
    (root / "README.md").write_text(head)
    assert listed(DatasetsSource(path="x"), root) == ["data/train.parquet"]


@pytest.mark.parametrize(("name", "reader"), [("t.parquet", "parquet"), ("t.arrow", "arrow")])
def test_media_come_with_their_bytes_or_by_name(take, tmp_path, name, reader):
    cells = pa.array(
        [{"bytes": PNG, "path": "a.png"}, {"bytes": None, "path": "b.png"}, None, {"bytes": b"", "path": ""}]
    )
    made = pa.table({"image": cells, "text": ["w", "x", "y", "z"]})
    if reader == "parquet":
        pq.write_table(made, tmp_path / name)
    else:
        with pa.ipc.new_stream(str(tmp_path / name), made.schema) as writer:
            writer.write_table(made)
    source = DatasetsSource(path="x", image="image", text="text")
    rows, refused = take(source, tmp_path / name)
    assert [(r["kind"], r["format"], r["media"], r["size"], r["text"]) for r in rows] == [
        ("image", "png", None, len(PNG), "w"),
        ("image", None, "b.png", None, "x"),
    ]
    assert [(r.uri, r.reason) for r in refused] == [(f"{name}#L3", "bad_row"), (f"{name}#L4", "bad_row")]


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
@pytest.mark.parametrize(
    ("cell", "expected"), [({"bytes": PNG, "path": "a"}, 0), ({"bytes": None, "path": "a"}, 1), (PNG, 0)]
)
def test_media_with_bytes_are_not_read_to_look_for_names(tmp_path, name, cell, expected):
    made = pa.table({"image": [cell]})
    if name.endswith(".parquet"):
        pq.write_table(made, tmp_path / name)
    else:
        with pa.ipc.new_stream(str(tmp_path / name), made.schema) as writer:
            writer.write_table(made)
    file = SourceFile(name, tmp_path / name, "0" * 64, 1)
    found = DatasetsSource(path="x", image="image").read_names(file, Limits())
    assert sum(len(batch.rows) for batch in found) == expected


BOMB = "".join(f"{c}: &{c} [{', '.join(['*' + b] * 9)}]\n" for b, c in zip("abcdefghi", "bcdefghij", strict=True))
HEADS = {
    "a day that is none": "x: 2026-13-45\n",
    "nested": f"x: {'[' * 3000}\n",
    "a list of lists": f"a: &a [x]\n{BOMB}configs:\n- config_name: c\n  data_files: [{{path: [*j]}}]\n",
    "a name that is a list": "configs:\n- config_name: [c]\n  data_files: x\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_readme_that_is_broken_or_hostile_is_told_at_once(listed, tmp_path, head):
    root = write(tmp_path, "train.parquet")
    (root / "README.md").write_text(f"---\n{head}---\n")
    with pytest.raises(UserError, match=r"the head of README\.md"):
        listed(DatasetsSource(path="x"), root)
