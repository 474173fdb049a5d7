"""Tar shards: members of one stem are a sample."""

import io
import json
import tarfile
from random import Random

import pytest
from support.damage import damaged

from affectory.transforms.sources.base import Limits
from affectory.transforms.sources.webdataset import WebdatasetSource

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60)
META = json.dumps({"who": "ann", "meta": {"age": 30, "tags": ["a"]}, "caption": "A smile"}).encode()


def shard(*files: tuple[str, bytes], mode: str = "w", kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(data), kind if name.startswith("odd") else tarfile.REGTYPE
            info.linkname = "/etc/passwd" if info.type == tarfile.SYMTYPE else ""
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_media_text_and_facts_of_one_stem_are_one_record(take_bytes, mode):
    source = WebdatasetSource(
        path="x", text="json.caption", speaker="json.who", keep=["json.meta.age", "cls", "json.no"]
    )
    files = [
        ("a/000.png", PNG),
        ("a/000.json", META),
        ("a/000.cls", b"3\n"),
        ("a/001.txt", b"no"),
        ("./a/002.wav", WAV),
    ]
    rows, refused = take_bytes(source, shard(*files, mode=mode), name="s-0.tar")
    assert [(r["uri"], r["kind"], r["key"], r["speaker"], r["text"]) for r in rows] == [
        ("s-0.tar/a/000.png", "image", "a/000", "ann", "A smile"),
        ("s-0.tar/./a/002.wav", "audio", "a/002", None, None),
    ]
    assert rows[0]["extra"] == {"cls": "3", "json.meta.age": "30"}
    assert [(r.uri, r.reason, r.detail) for r in refused] == [
        ("s-0.tar/a/001", "bad_row", "neither media nor `json.caption`")
    ]


@pytest.mark.parametrize(("key", "expected"), [("stem", "000"), ("shard", "s-0/000"), ("none", None)])
def test_keys(take_bytes, key, expected):
    rows, _ = take_bytes(WebdatasetSource(path="x", key=key), shard(("000.png", PNG)), name="s-0.tar")
    assert [r["key"] for r in rows] == [expected]


def test_further_media_of_a_sample_are_its_members(take_bytes):
    data = shard(("0.png", PNG), ("0.wav", WAV), ("0.left.png", PNG + b"x"))
    (row,), _ = take_bytes(WebdatasetSource(path="x"), data, name="s.tar")
    assert (row["kind"], [(m["role"], m["kind"], m["offset_us"]) for m in row["members"]]) == (
        "audio",
        [("left.png", "image", 0), ("png", "image", 0)],
    )
    (row,), _ = take_bytes(WebdatasetSource(path="x", primary="png"), data, name="s.tar")
    assert (row["kind"], [m["role"] for m in row["members"]]) == ("image", ["left.png", "wav"])


BAD = [
    (("../1.png", PNG), "outside_root"),
    (("/1.png", PNG), "outside_root"),
    (("odd.png", b""), "unsupported"),
    (("1.zip", b"PK"), "unsupported"),
    (("1.png", b""), "empty"),
    (("1.npy", b"\x93NUMPY"), "unsupported"),
    (("1.png", PNG + bytes(2_000_000)), "too_large"),
    (("1.json", b"{"), "bad_row"),
    (("1.txt", b"\xff"), "bad_encoding"),
    (("1.txt", b"x" * 300), "too_large"),
    (("1.json", b'{"who": [1]}'), "bad_row"),
]


@pytest.mark.parametrize(("member", "reason"), BAD)
def test_a_bad_member_costs_its_sample_and_no_other(take_bytes, member, reason):
    data = shard(("0.png", PNG), member, ("2.png", PNG + b"x"), kind=tarfile.SYMTYPE)
    limits, source = Limits(row_bytes=200, file_bytes=1_000_000), WebdatasetSource(path="x", speaker="json.who")
    rows, refused = take_bytes(source, data, limits, name="s.tar")
    assert [r["key"] for r in rows] == ["0", "2"]
    assert {r.reason for r in refused} == {reason}


def test_a_sample_without_the_media_asked_for(take_bytes):
    rows, refused = take_bytes(WebdatasetSource(path="x", primary="mp4"), shard(("0.png", PNG)), name="s.tar")
    assert (rows, refused[0].detail) == ([], "no .mp4: it has png")


def test_a_torn_shard_keeps_what_was_whole(take_bytes):
    data = shard(("0.png", PNG), ("1.png", PNG * 50))
    rows, refused = take_bytes(WebdatasetSource(path="x"), data[:2500], name="s.tar")
    assert [r["key"] for r in rows] == ["0"]
    assert "unreadable" in [r.reason for r in refused]


@pytest.mark.parametrize("data", [b"no tar at all" * 90, b"", shard()])
def test_what_is_no_shard(take_bytes, data):
    rows, refused = take_bytes(WebdatasetSource(path="x"), data, name="s.tar")
    assert (rows, len(refused)) == ([], 1)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_no_damage_stops_the_reader_or_loses_the_file(take_bytes, mode):
    whole, random = (
        shard(("0.png", PNG * 20), ("0.json", META), ("1.wav", WAV * 9), ("1.txt", b"word"), mode=mode),
        Random(1),
    )
    for _ in range(60):
        rows, refused = take_bytes(WebdatasetSource(path="x", speaker="json.who"), damaged(whole, random), name="s.tar")
        assert rows or refused


def test_a_shard_of_nothing_but_long_names_is_refused(take_bytes):
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 4
    data = (name.tobuf(tarfile.GNU_FORMAT) + b"abc\0".ljust(512, b"\0")) * 3000
    rows, (refused,) = take_bytes(WebdatasetSource(path="x"), data, name="s.tar")
    assert (rows, refused.reason) == ([], "unreadable")


def test_members_that_do_not_follow_each_other_are_told_what_to_do(take_bytes):
    files = [("0.png", PNG), ("1.png", PNG + b"x"), ("0.txt", b"hello"), ("0.cls", b"1"), ("1.txt", b"there")]
    rows, refused = take_bytes(WebdatasetSource(path="x"), shard(*files), name="s.tar")
    assert [(r["key"], r["text"]) for r in rows] == [("0", None), ("1", None)]
    assert [(r.uri, r.reason) for r in refused] == [("s.tar/0", "bad_row"), ("s.tar/1", "bad_row")]
    assert refused[0].detail.startswith(".cls, .txt of a sample whose other members come earlier")
    assert "members of a sample must follow each other, so sort the tar by name" in refused[0].detail
    rows, refused = take_bytes(WebdatasetSource(path="x"), shard(*sorted(files)), name="s.tar")
    assert ([(r["key"], r["text"]) for r in rows], refused) == ([("0", "hello"), ("1", "there")], [])
