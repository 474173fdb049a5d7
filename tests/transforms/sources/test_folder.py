"""A folder of files: each becomes a record of the kind that its content shows, or is refused."""

import pytest
from pydantic import TypeAdapter, ValidationError

from affectory.schemas.ids import canonical
from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.sources.folder import FolderSource

FOLDER = FolderSource(path="x")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(40)
OGG = b"OggS\x00\x02" + bytes(21) + b"\x1e\x01vorbis" + bytes(20)
OPUS = b"OggS\x00\x02" + bytes(21) + b"\x13OpusHead" + bytes(20)


@pytest.mark.parametrize(
    ("name", "data", "kind", "format"),
    [
        ("a.jpg", PNG, "image", "png"),
        ("a", PNG, "image", "png"),
        ("a.txt", PNG, "image", "png"),
        ("a.PNG", b"\xff\xd8\xff\xe0" + bytes(20), "image", "jpeg"),
        ("a.webp", b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image", "webp"),
        ("a.gif", b"GIF89a" + bytes(20), "image", "gif"),
        ("a.bmp", b"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", "image", "bmp"),
        ("a.tif", b"II*\x00" + bytes(20), "image", "tiff"),
        ("a.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio", "wav"),
        ("a.avi", b"RIFF\x24\x00\x00\x00AVI LIST", "video", "avi"),
        ("a.mp3", b"ID3\x04\x00" + bytes(20), "audio", "mp3"),
        ("a.mp3", b"\xff\xfb\x90\x00" + bytes(20), "audio", "mp3"),
        ("a.flac", b"fLaC\x00\x00\x00\x22", "audio", "flac"),
        ("a.mp4", MP4, "video", "mp4"),
        ("a.m4a", MP4, "audio", "m4a"),
        ("a.bin", MP4, "video", "mp4"),
        ("a.bin", MP4.replace(b"isom", b"M4A "), "audio", "m4a"),
        ("a.mp4", MP4.replace(b"isom", b"M4A "), "video", "mp4"),
        ("a.mp4", MP4.replace(b"isom", b"qt  "), "video", "mov"),
        ("a.mov", b"\x00\x00\x00\x08wide" + bytes(20), "video", "mov"),
        ("a.ogg", OGG, "audio", "ogg"),
        ("a.ogv", OGG, "video", "ogv"),
        ("a.opus", OPUS, "audio", "opus"),
        ("a.ogg", OPUS, "audio", "ogg"),
        ("a.bin", OPUS, "audio", "opus"),
        ("a.mkv", b"\x1aE\xdf\xa3\x01\x00\x42\x82\x88matroska", "video", "mkv"),
        ("a.mka", b"\x1aE\xdf\xa3\x01\x00\x42\x82\x88matroska", "audio", "mka"),
        ("a.webm", b"\x1aE\xdf\xa3\x01\x00\x42\x82\x84webm", "video", "webm"),
        ("a.mp4", b"nothing like a film", "video", "mp4"),
        ("a.JPEG", b"nothing like a picture", "image", "jpeg"),
    ],
)
def test_content_decides_and_the_ending_only_where_content_says_nothing(take_bytes, name, data, kind, format):
    (row,), refused = take_bytes(FOLDER, data, name=name)
    assert refused == []
    assert (row["kind"], row["format"], row["content"], row["row"], row["text"]) == (kind, format, None, None, None)


@pytest.mark.parametrize(
    "text",
    ["BM is a motorcycle", "ID3 tags", "RIFF-raff", "OggS", "GIF", "fLaC", "The wide road", "I moov on", "MM*", "%PDF"],
)
def test_prose_is_not_taken_for_media(take_bytes, text):
    (row,), _ = take_bytes(FOLDER, text.encode(), name="a.txt")
    assert (row["kind"], row["text"], row["format"]) == ("text", text, None)
    assert row["content"] == canonical({"text": text})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.md", b"words"),
        ("a", b"words"),
        ("a.pdf", b"%PDF-1.7"),
        ("a.heic", b"\x00\x00\x00\x18ftypheic" + bytes(20)),
    ],
)
def test_other_files_are_unsupported(take_bytes, name, data):
    rows, (refused,) = take_bytes(FOLDER, data, name=name)
    assert (rows, refused.reason, refused.uri) == ([], "unsupported", name)


@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.pdf"])
def test_zero_bytes(take_bytes, name):
    rows, (refused,) = take_bytes(FOLDER, b"", name=name)
    assert (rows, refused.reason, refused.detail) == ([], "empty", "zero bytes")


def test_text_is_kept_as_it_stands(take_bytes):
    (row,), _ = take_bytes(FOLDER, b"\xef\xbb\xbf e\xcc\x81\r\n\x00 ", name="a.txt")
    assert row["text"] == " e\u0301\r\n\x00 "


def test_text_in_another_encoding(take_bytes):
    rows, (refused,) = take_bytes(FOLDER, b"one\ntwo caf\xe9", name="a.txt")
    assert (rows, refused.reason) == ([], "bad_encoding")
    assert refused.detail == "byte 11 (line 2) is not utf-8; convert the file, text files are UTF-8"


def test_a_text_of_5_mb_is_too_large(take_bytes):
    rows, (refused,) = take_bytes(FOLDER, b"word " * 1_000_000, name="a.txt")
    assert (rows, refused.reason) == ([], "too_large")
    assert refused.detail == "5,000,000 bytes of text, at most 1,000,000 are read"


@pytest.mark.parametrize(("size", "kept"), [(100, 1), (101, 0)])
def test_the_limit_of_text_is_exact(take_bytes, size, kept):
    rows, _ = take_bytes(FOLDER, b"x" * size, Limits(row_bytes=100), name="a.txt")
    assert len(rows) == kept


def test_media_may_be_longer_than_a_row_but_not_than_a_file(take_bytes):
    assert take_bytes(FOLDER, PNG, Limits(row_bytes=10), name="a.png")[0]
    rows, (refused,) = take_bytes(FOLDER, PNG, Limits(file_bytes=10), name="a.png")
    assert (rows, refused.reason) == ([], "too_large")


def test_a_vanished_file_is_unreadable(tmp_path):
    (found,) = FOLDER.read(SourceFile("a.mp4", tmp_path / "a.mp4", "0", 10), Limits())
    assert [r.reason for r in found.refused] == ["unreadable"]


@pytest.mark.parametrize(("key", "expected"), [("none", None), ("name", "b.c.png"), ("stem", "b.c")])
def test_the_key_comes_from_the_name_if_asked(take, tmp_path, key, expected):
    (tmp_path / "f").write_bytes(PNG)
    (row,), _ = take(FolderSource(path="x", key=key), tmp_path / "f", uri="a/b.c.png")
    assert row["key"] == expected


def test_speaker_and_extra_come_from_the_path(take, tmp_path):
    (tmp_path / "f").write_bytes(PNG)
    source = FolderSource(path="x", speaker=r"^(\w+)/", extra=r"(?P<take>\d+)(?:_(?P<mood>[a-z]+))?\.png$")
    (row,), _ = take(source, tmp_path / "f", uri="ann/003_sad.png")
    assert (row["speaker"], row["extra"]) == ("ann", {"mood": "sad", "take": "003"})
    (row,), _ = take(source, tmp_path / "f", uri="3.png")
    assert (row["speaker"], row["extra"]) == (None, {"take": "3"})
    (row,), _ = take(source, tmp_path / "f", uri="other")
    assert (row["speaker"], row["extra"]) == (None, {})


@pytest.mark.parametrize(
    ("field", "pattern", "message"),
    [
        ("speaker", "(", "not a regular expression"),
        ("speaker", "ann", "exactly one group"),
        ("speaker", "(a)(b)", "exactly one group"),
        ("speaker", "(a+)+$", "a repeated group"),
        ("speaker", "((?:a|aa)+)$", "a repeated group"),
        ("speaker", "((?:(?:b*)c)*)$", "a repeated group"),
        ("speaker", "(" + "a" * 200 + ")", "at most 200"),
        ("extra", "(a)", "needs a name"),
        ("extra", "a", "needs a name"),
        ("extra", "(?P<a>x)(y)", "needs a name"),
        ("key", "content", "'none', 'name' or 'stem'"),
        ("include", [], "at least 1 item"),
        ("colour", "red", "Unexpected keyword argument"),
    ],
)
def test_a_wrong_parameter_is_a_mistake_of_the_recipe(field, pattern, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(FolderSource).validate_python({"path": "x", field: pattern})


@pytest.mark.parametrize("pattern", [r"([^/+*]+)_\d+", r"(\(a\+)", r"([(]a+[)])", r"(?:ab)+(c)"])
def test_harmless_patterns_are_accepted(pattern):
    assert TypeAdapter(FolderSource).validate_python({"path": "x", "speaker": pattern}).speaker == pattern


def test_real_media(take, shared):
    kinds = {
        "ami_dev00.wav": ("audio", "wav"),
        "ami_empty.wav": ("audio", "wav"),
        "facerec_obama.jpg": ("image", "jpeg"),
        "hfds_test_audio_48000.opus": ("audio", "opus"),
        "hfds_test_video_66x50.mov": ("video", "mov"),
        "pyfeat_no_face.mp4": ("video", "mp4"),
        "pyfeat_single_face.mp4": ("video", "mp4"),
        "silero_test.mp3": ("audio", "mp3"),
    }
    for name, expected in kinds.items():
        (row,), _ = take(FOLDER, shared(f"media/{name}"))
        assert (row["kind"], row["format"]) == expected
