"""What `probe` notes about real and made files, and what it turns away."""

import json
import shutil
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from support.media import (
    SHARED,
    cut_off,
    damage,
    needs_shared,
    pictures_of,
    place_of,
    tone,
    turn,
    write_picture,
    write_sound,
    write_video,
)
from support.running import run

from affectory.transforms.base import Rejected
from affectory.transforms.media.probe import Probe

EXPECTED = SHARED.parent / "expected" / "media_probe.json"
SHARED_FILES = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}


def facts(path: Path, kind: str, **parameters: Any) -> dict[str, Any]:
    result = run(Probe(**parameters), [{"kind": kind, "original": {"path": str(path)}}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in Probe().writes()}


def rejection(path: Path, kind: str, **parameters: Any) -> Rejected:
    result = run(Probe(**parameters), [{"kind": kind, "original": {"path": str(path)}}])
    assert not result.failed
    (rejected,) = result.rejected
    return rejected


@needs_shared
@pytest.mark.parametrize("name", SHARED_FILES)
def test_agrees_with_the_reference_on_real_files(name: str) -> None:
    expected = SHARED_FILES[name]
    if expected["kind"] == "image":
        found = facts(SHARED / name, "image")
        assert ([found["width"], found["height"]], found["media_format"]) == (expected["size"], expected["format"])
        return
    streams = {s["type"]: s for s in expected["streams"] if s.get("frames", 1)}
    video, audio = streams.get("video"), streams.get("audio")
    found = facts(SHARED / name, "video" if video else "audio")
    assert found["media_format"] == expected["format"]
    # Two Opus files: the reference takes the header's word, which counts the samples that a decoder skips.
    assert found["duration_s"] == pytest.approx(expected["duration_s"], abs=0.0075 if name.endswith("opus") else 0.001)
    if video:
        assert (found["width"], found["height"], found["codec"]) == (video["w"], video["h"], video["codec"])
        assert found["fps"] == pytest.approx(video["fps"], rel=1e-3)
        assert found["frame_count"] == video["frames"]
        assert (found["rotation"], found["vfr"]) == (0, False)
        assert found["frame_count"] - found["hidden_frames"] == len(pictures_of((SHARED / name).read_bytes()))
    if audio:
        assert (found["sample_rate"], found["channels"]) == (audio["sr"], audio["ch"])
    if audio and not video:
        assert found["codec"] == av.Codec(audio["codec"], "r").canonical_name


def test_a_video_is_measured_by_its_packets(tmp_path: Path) -> None:
    found = facts(write_video(tmp_path / "a.mp4", 45, fps=30), "video")
    assert found == {
        "duration_s": 1.5,
        "width": 192,
        "height": 144,
        "fps": 30.0,
        "frame_count": 45,
        "hidden_frames": 0,
        "rotation": 0,
        "vfr": False,
        "sample_rate": 48_000,
        "channels": 1,
        "codec": "h264",
        "media_format": "mov,mp4,m4a,3gp,3g2,mj2",
    }


@pytest.mark.parametrize(
    ("name", "options", "varies"),
    [
        ("a.mkv", {}, False),
        ("a.mp4", {"fps": Fraction(30_000, 1001)}, False),
        ("a.mkv", {"fps": Fraction(24_000, 1001)}, False),
        ("a.ts", {}, False),
        ("a.mp4", {"times": [k * 33 + 5 * (k % 3) for k in range(30)]}, True),
        ("a.mkv", {"times": [k * 40 + 400 * (k > 20) for k in range(30)]}, True),
    ],
)
def test_frames_are_counted_and_a_varying_rate_is_noticed(
    name: str, options: dict[str, Any], varies: bool, tmp_path: Path
) -> None:
    found = facts(write_video(tmp_path / name, 30, sound=False, **options), "video")
    assert (found["frame_count"], found["vfr"]) == (30, varies)


def test_size_is_as_shown(tmp_path: Path) -> None:
    found = facts(turn(write_video(tmp_path / "a.mp4", 10)), "video")
    assert (found["width"], found["height"], found["rotation"]) == (144, 192, 90)
    exif = Image.Exif()
    exif[0x0112] = 6
    found = facts(write_picture(tmp_path / "a.jpg", (80, 60), exif=exif), "image")
    assert (found["width"], found["height"]) == (60, 80)


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", tone(1), codec="libmp3lame").rename(tmp_path / "a.wav")
    assert facts(path, "audio")["media_format"] == "mp3"


@needs_shared
def test_cover_art_is_no_video() -> None:
    rejected = rejection(SHARED / "silero_test.mp3", "video")
    assert (rejected.reason, rejected.detail) == ("unsupported", "cover art is its only picture: it is sound")


@pytest.mark.parametrize("kind", ["video", "audio", "image"])
@pytest.mark.parametrize("content", [b"", b"\0" * 4000, b"plain words\n" * 300, bytes(range(256)) * 40])
def test_what_is_no_media_is_rejected(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert rejection(path, kind).reason == ("unreadable" if content else "empty")


@pytest.mark.parametrize(
    "playlist", ["#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n", "ffconcat version 1.0\nfile {}\n"]
)
def test_a_file_never_opens_another(playlist: str, tmp_path: Path) -> None:
    write_video(tmp_path / "private.mp4", 10)
    path = tmp_path / "list.mp4"
    path.write_text(playlist.format("private.mp4"))
    assert rejection(path, "video").reason in ("unreadable", "unsupported")


def _faststart(path: Path) -> Path:
    """The same with its index in front, so that cutting it off leaves it readable."""
    made = path.with_name("front.mp4")
    with av.open(str(path)) as given, av.open(str(made), "w", options={"movflags": "+faststart"}) as taken:
        streams = {s.index: taken.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                taken.mux(packet)
    return made


def test_a_header_that_promises_too_much_is_rejected(tmp_path: Path) -> None:
    whole = _faststart(write_video(tmp_path / "a.mp4", 90))
    assert facts(whole, "video")["duration_s"] == 3.0
    whole.write_bytes(whole.read_bytes()[: place_of(whole, 45)])
    rejected = rejection(whole, "video")
    assert rejected.reason == "unreadable" and "promises 3.000 s" in rejected.detail


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.flac", "flac"), ("a.wav", "pcm_s16le"), ("a.mkv", "libopus")]
)
def test_what_was_cut_off_is_rejected(name: str, codec: str, tmp_path: Path) -> None:
    whole = write_sound(tmp_path / name, tone(5, 48_000), 48_000, codec)
    assert facts(whole, "audio")["duration_s"] == pytest.approx(5, abs=0.03)
    assert rejection(cut_off(whole, 0.55555), "audio").reason == "unreadable"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif"])
def test_pictures_are_read_to_their_end(name: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    assert facts(tmp_path / name, "image")["width"] == 200
    assert rejection(cut_off(tmp_path / name, 0.5), "image").reason == "unreadable"


def test_damage_at_the_first_picture_is_found(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 30, sound=False)
    damage(path, place_of(path, 0), 3000)
    assert rejection(path, "video").reason in ("unreadable", "empty")


def test_a_codec_that_nothing_decodes_is_unsupported(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 10, sound=False)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz1"))
    assert rejection(path, "video").reason in ("unsupported", "empty")


def test_limits(tmp_path: Path) -> None:
    video, image = write_video(tmp_path / "a.mp4", 60), write_picture(tmp_path / "a.png", (100, 100))
    assert rejection(video, "video", max_s=1).reason == "too_long"
    assert rejection(video, "video", max_pixels=1000).reason == "too_large"
    assert rejection(video, "video", max_streams=1) == Rejected(0, "too_large", "2 streams, at most 1 are read")
    size = image.stat().st_size
    assert rejection(image, "image", max_bytes=size - 1).reason == "too_large"
    assert facts(image, "image", max_bytes=size)["width"] == 100
    assert rejection(image, "image", max_pixels=9999).reason == "too_large"
    assert facts(image, "image", max_pixels=10_000)["width"] == 100


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", (16, 16))
    data = bytearray(path.read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    assert rejection(path, "image").reason == "too_large"


def test_the_wrong_kind_is_unsupported(tmp_path: Path) -> None:
    mute = write_video(tmp_path / "mute.mp4", 10, sound=False)
    assert rejection(mute, "audio").reason == "unsupported"
    sound = write_sound(tmp_path / "a.wav", tone(1))
    assert rejection(sound, "video").reason == "unsupported"
    shutil.copy(write_picture(tmp_path / "a.jpg"), tmp_path / "picture.mp4")
    assert rejection(tmp_path / "picture.mp4", "video").reason == "unsupported"


def test_sound_without_a_sample_is_empty(tmp_path: Path) -> None:
    assert rejection(write_sound(tmp_path / "a.wav", tone(0)), "audio").reason == "empty"


def test_a_file_that_is_gone_is_a_failure_not_a_rejection(tmp_path: Path) -> None:
    result = run(Probe(), [{"kind": kind, "original": {"path": str(tmp_path / "gone")}} for kind in ("video", "image")])
    assert [failed.error for failed in result.failed] == ["FileNotFoundError"] * 2


def test_decoders_keep_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = damage(write_video(tmp_path / "a.mkv", 60), 3000)
    run(Probe(), [{"kind": "video", "original": {"path": str(path)}}])
    assert capfd.readouterr() == ("", "")
