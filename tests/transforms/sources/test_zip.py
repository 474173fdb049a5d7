"""Zip archives are read as if they were folders, and nothing in one can reach outside, hide or swell."""

import io
import stat
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.damage import damaged

from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.sources.zip import ZipSource

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60)
ZIP = ZipSource(path="x")


def packed(*files: tuple[Any, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with (
        pytest.warns() if len({str(n) for n, _ in files}) < len(files) else _nothing(),
        zipfile.ZipFile(out, "w") as archive,
    ):
        for name, data in files:
            archive.writestr(name, data, method)
    return out.getvalue()


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_every_file_is_a_record_under_its_path(take_bytes):
    source = ZipSource(path="x", key="stem", speaker=r"^(\w+)/", extra=r"_(?P<mood>\w+)\.", exclude=["*.log"])
    data = packed(("ann/a_sad.png", PNG), ("bob/b_glad.wav", WAV), ("c.txt", b"Hello"), ("d.log", b""), ("e/", b""))
    rows, refused = take_bytes(source, data, name="faces.zip")
    assert refused == []
    assert [(r["uri"], r["kind"], r["key"], r["speaker"], r["text"], r["size"]) for r in rows] == [
        ("faces.zip/ann/a_sad.png", "image", "a_sad", "ann", None, len(PNG)),
        ("faces.zip/bob/b_glad.wav", "audio", "b_glad", "bob", None, len(WAV)),
        ("faces.zip/c.txt", "text", "c", None, "Hello", 5),
    ]
    assert [r["extra"] for r in rows] == [{"mood": "sad"}, {"mood": "glad"}, {}]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


HOSTILE = [
    ("../a.png", PNG, "outside_root", "leads out"),
    ("a/../../b.png", PNG, "outside_root", "leads out"),
    ("/etc/a.png", PNG, "outside_root", "leads out"),
    ("C:/a.png", PNG, "outside_root", "leads out"),
    ("..\\a.png", PNG, "outside_root", "leads out"),
    (link("a.png"), b"/etc/passwd", "unsupported", "a link"),
    ("inner.zip", b"PK\x03\x04", "unsupported", "an archive inside an archive"),
    ("a.tar.gz", b"\x1f\x8b", "unsupported", "an archive inside an archive"),
    ("a.exe", b"MZ", "unsupported", "neither known media"),
    (".hidden.png", PNG, "unsupported", "hidden"),
    ("__x\x07.png", PNG, "unsupported", "control characters"),
    ("a.png", b"", "empty", "zero bytes"),
    ("t.txt", b"\xff\xfe", "bad_encoding", "not utf-8"),
    ("t.txt", b"x" * 101, "too_large", "101 bytes of text"),
    ("big.png", PNG + bytes(2_000_000), "too_large", "at most 1,000,000 are read"),
]


@pytest.mark.parametrize(("name", "data", "reason", "detail"), HOSTILE)
def test_what_is_unsafe_is_refused_and_the_rest_kept(take_bytes, name, data, reason, detail):
    limits = Limits(row_bytes=100, file_bytes=1_000_000)
    rows, refused = take_bytes(ZIP, packed((name, data), ("good.png", PNG)), limits, name="z.zip")
    assert [r["uri"] for r in rows] == ["z.zip/good.png"]
    assert [r.reason for r in refused] == [reason]
    assert detail in refused[0].detail


def test_of_two_files_of_one_name_the_second_is_refused(take_bytes):
    rows, refused = take_bytes(ZIP, packed(("a.png", PNG), ("a.png", PNG + b"x")), name="z.zip")
    assert [(r["size"]) for r in rows] == [len(PNG)]
    assert [(r.uri, r.reason) for r in refused] == [("z.zip/a.png", "duplicate")]


def test_an_archive_may_not_swell_beyond_a_file(take_bytes):
    files = [(f"{n}.png", PNG + bytes(n) + bytes(300_000)) for n in range(5)]
    rows, refused = take_bytes(ZIP, packed(*files), Limits(file_bytes=1_000_000), name="z.zip")
    assert (len(rows), {r.reason for r in refused}) == (3, {"too_large"})
    assert len(refused) == 2 and "all that is read of one archive" in refused[0].detail


def test_what_is_packed_too_tightly_is_a_bomb(take_bytes, monkeypatch):
    monkeypatch.setattr("affectory.transforms.sources._members.Budget.__init__.__defaults__", (200, 100_000, 0))
    rows, refused = take_bytes(ZIP, packed(("a.png", PNG + bytes(1_000_000)), ("b.png", PNG)), name="z.zip")
    assert [r["uri"] for r in rows] == ["z.zip/b.png"]
    assert "as only bombs are" in refused[0].detail


def test_one_stream_under_many_names_is_unpacked_once(take_bytes):
    data = packed(("a.png", PNG), ("b.png", PNG + b"x"))
    at = data.index(b"PK\x01\x02")  # the directory: both names lead to the first stream
    second = data.index(b"PK\x01\x02", at + 1)
    data = data[: second + 42] + data[at + 42 : at + 46] + data[second + 46 :]
    rows, refused = take_bytes(ZIP, data, name="z.zip")
    assert len(rows) == 1 and [r.reason for r in refused] == ["unreadable"]


def test_encrypted_files_are_told(take_bytes):
    data = bytearray(packed(("a.png", PNG), ("b.png", PNG + b"x")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    rows, refused = take_bytes(ZIP, bytes(data), name="z.zip")
    assert len(rows) == 1 and "encrypted" in refused[0].detail


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_torn_archive_is_unreadable(take_bytes, cut):
    data = packed(("a.png", PNG), ("b.png", PNG))
    rows, refused = take_bytes(ZIP, data[: int(len(data) * cut)], name="z.zip")
    assert (rows, [r.reason for r in refused]) == ([], ["unreadable"])


def test_a_broken_member_takes_nothing_along(take_bytes):
    data = bytearray(packed(("a.png", PNG), ("b.png", PNG + b"x"), method=zipfile.ZIP_STORED))
    data[data.index(PNG) + 20] ^= 0xFF
    rows, refused = take_bytes(ZIP, bytes(data), name="z.zip")
    assert [r["uri"] for r in rows] == ["z.zip/b.png"]
    assert [(r.uri, r.reason) for r in refused] == [("z.zip/a.png", "unreadable")]


def test_an_archive_of_nothing(take_bytes):
    rows, refused = take_bytes(ZIP, packed(("folder/", b"")), name="z.zip")
    assert (rows, [r.reason for r in refused]) == ([], ["empty"])


def test_large_media_leave_by_way_of_a_file_and_little_is_held(tmp_path: Path):
    data = [PNG + bytes([n]) * 9_000_000 for n in range(2)]
    (tmp_path / "z.zip").write_bytes(packed(*((f"{n}.png", d) for n, d in enumerate(data)), method=zipfile.ZIP_STORED))
    (tmp_path / "scratch").mkdir()
    file = SourceFile("z.zip", tmp_path / "z.zip", "0" * 64, 1, tmp_path / "scratch")
    inner = [i for batch in ZIP.read(file, Limits()) for i in batch.inner]
    assert [(i.data, i.size, i.path and i.path.read_bytes() == d) for i, d in zip(inner, data, strict=True)] == [
        (None, len(data[0]), True)
    ] * 2


def test_no_damage_stops_the_reader_or_loses_the_file(take_bytes):
    whole, random = packed(("a.png", PNG * 20), ("b/c.wav", WAV * 9), ("t.txt", b"word " * 50)), Random(1)
    for _ in range(100):
        rows, refused = take_bytes(ZIP, damaged(whole, random), name="z.zip")
        assert rows or refused
