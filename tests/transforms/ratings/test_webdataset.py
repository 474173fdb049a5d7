"""Ratings beside media in tar shards."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from affectory.transforms.ratings.webdataset import WebdatasetRatings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def shard(path: Path, *files: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def told(**said: Any) -> bytes:
    return json.dumps(said).encode()


FILES = (
    ("a/0.png", PNG),
    ("a/0.cls", b"joy\n"),
    ("a/0.json", told(emotion="anger", all=["joy", "fear"], by={"who": "ann"})),
    ("a/1.png", PNG),
    ("a/2.cls", b"fear"),
    ("a/3.json", b"{"),
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"label": "cls"}, [("a/0", "r", "joy"), ("a/2", "r", "fear")]),
        ({"label": "json.emotion"}, [("a/0", "r", "anger")]),
        ({"label": "cls", "key": "shard"}, [("s-0/a/0", "r", "joy"), ("s-0/a/2", "r", "fear")]),
        ({"label": "json.emotion", "rater_name": None, "rater": "json.by.who"}, [("a/0", "ann", "anger")]),
        ({"label": "cls", "where": {"json.by.who": "ann"}}, [("a/0", "r", "joy")]),
        (
            {"label": None, "rater_name": None, "wide": r"json\.(?P<rater>emotion)"},
            [("a/0", "emotion", "anger")],
        ),
    ],
    ids=["cls", "json", "key", "rater", "where", "wide"],
)
def test_a_sample_is_a_rating_of_its_media(
    reader: Any, take: Any, tmp_path: Path, changes: dict[str, Any], expected: list[Any]
) -> None:
    given = {"target": "__key__", "rater": None, "rater_name": "r", **changes}
    rows, _ = take(reader(WebdatasetRatings, **given), shard(tmp_path / "s-0.tar", *FILES))
    assert [(r["target_key"], r["rater"], r["label"] or r["labels"][0]["label"]) for r in rows] == expected


def test_several_labels_of_one_sample_are_one_answer(reader: Any, take: Any, tmp_path: Path) -> None:
    given = {"target": "__key__", "label": "json.all", "rater": None, "rater_name": "r"}
    (row,), _ = take(reader(WebdatasetRatings, **given), shard(tmp_path / "s-0.tar", *FILES[:3]))
    assert [label["label"] for label in row["labels"]] == ["joy", "fear"]


def test_samples_that_say_nothing_are_refused_each(reader: Any, take: Any, tmp_path: Path) -> None:
    given = {"target": "__key__", "label": "cls", "rater": None, "rater_name": "r"}
    _, refused = take(reader(WebdatasetRatings, **given), shard(tmp_path / "s-0.tar", *FILES))
    assert [(r.uri, r.reason) for r in refused] == [("s-0.tar/a/3", "bad_row"), ("s-0.tar#L2", "bad_row")]
    (tmp_path / "broken.tar").write_bytes(b"x" * 600)
    _, (broken,) = take(reader(WebdatasetRatings, **given), tmp_path / "broken.tar")
    assert broken.reason == "unreadable"
