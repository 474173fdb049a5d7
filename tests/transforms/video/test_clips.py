"""Clips hold exactly the pictures and the sound of their stretch, in the same bytes each time."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from support.media import (
    COLOURS,
    SHARED,
    needs_shared,
    number_of,
    pictures_of,
    samples_of,
    tone,
    turn,
    write_sound,
    write_video,
)
from support.running import run

from affectory.transforms.media._reel import let_go
from affectory.transforms.video._mp4 import Mp4
from affectory.transforms.video.clips import Clips
from affectory.transforms.video.scenes import Scenes


def clip(path: Path, start_us: int | None = None, end_us: int | None = None, **parameters: Any) -> bytes:
    anchor = {"start_us": start_us, "end_us": end_us}
    result = run(Clips(**parameters), [{"original": {"path": str(path)}, "anchor": anchor}])
    assert not result.rejected and not result.failed
    video = result.rows["video"][0].as_py()
    assert (video["format"], video["asset"], video["path"]) == ("mp4", None, None)
    return bytes(video["bytes"])


def numbers(data: bytes) -> list[int]:
    return [number_of(picture) for picture in pictures_of(data)]


def duration(data: bytes) -> float:
    with av.open(BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None and stream.time_base is not None
        return float(stream.duration * stream.time_base)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("film") / "a.mp4", 240, cuts=[73, 150], gop=48)


def test_scenes_become_clips_of_exactly_their_pictures(film: Path) -> None:
    cut = run(Scenes(), [{"original": {"path": str(film)}}]).rows.select(["original", "anchor"]).to_pylist()
    made = run(Clips(), cut).rows["video"].to_pylist()
    assert [numbers(v["bytes"]) for v in made] == [[*range(73)], [*range(73, 150)], [*range(150, 240)]]
    assert [duration(v["bytes"]) for v in made] == pytest.approx([73 / 30, 77 / 30, 90 / 30], abs=1e-4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", {}),
        ("a.webm", {"codec": "libvpx", "sound_codec": "libopus"}),
        ("a.avi", {"codec": "mpeg4", "sound_codec": "libmp3lame", "max_b_frames": 0}),
        ("a.ts", {}),
        ("open.mp4", {"gop": 300}),
        ("late.mp4", {"start": 150, "sound": False}),
    ],
)
def test_any_container_is_cut_at_the_picture(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    path = write_video(tmp_path / name, 200, **options)
    spans = [(a["start_us"], a["end_us"]) for a in _windows(path, 2.0)]
    assert len(spans) > 2
    assert [number for span in spans for number in numbers(clip(path, *span))] == numbers(clip(path)) == [*range(200)]


OPEN_GOP = ":open-gop=1:bframes=5:b-adapt=0:b-pyramid=normal:scenecut=0:ref=4"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("b_frames.mp4", {"gop": 24}),
        ("open_gop.mp4", {"gop": 24, "x264": OPEN_GOP}),
        ("open_gop.mkv", {"gop": 24, "x264": OPEN_GOP}),
        ("open_gop.ts", {"gop": 24, "x264": OPEN_GOP}),
        ("ntsc.mp4", {"fps": Fraction(30_000, 1001)}),
        ("ntsc.mov", {"fps": Fraction(24_000, 1001)}),
        ("varying.mp4", {"times": [k * 33 + 400 * (k > 24) + k % 3 for k in range(72)]}),
        ("varying.mkv", {"times": [k * 40 + 7 * (k % 5) for k in range(72)]}),
        ("no_index.flv", {"gop": 24}),
        ("programme.mpg", {"codec": "mpeg2video"}),
        ("every_picture_a_key.mov", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    ],
)
def test_frames_a_to_b_are_exactly_those(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    path = write_video(tmp_path / name, 72, sound=False, **options)
    at = [*shown_at(path), None]
    for a, b in [(23, 26), (24, 40), (0, 1), (71, 72), (10, 72)]:
        let_go()
        assert numbers(clip(path, at[a], at[b])) == [*range(a, b)], "found by seeking"
    for a, b in [(0, 23), (23, 26), (26, 27), (27, 72)]:
        assert numbers(clip(path, at[a], at[b])) == [*range(a, b)], "found by reading on"


def shown_at(path: Path) -> list[int]:
    """When each picture is shown, in microseconds from the first."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        first = Fraction(container.start_time or 0, 1_000_000)
        return [int((f.pts * f.time_base - first) * 1_000_000 + Fraction(1, 2)) for f in frames]


def test_a_stretch_of_a_turned_video_is_upright(tmp_path: Path) -> None:
    path = turn(write_video(tmp_path / "a.mp4", 40, gop=12, sound=False))
    made = pictures_of(clip(path, 500_000, 1_000_000))
    assert {picture.shape for picture in made} == {(192, 144, 3)}
    assert [number_of(np.rot90(picture)) for picture in made] == [*range(15, 30)]


def _windows(path: Path, seconds: float) -> list[dict[str, int]]:
    rows = run(Scenes(max_s=seconds, min_s=0), [{"original": {"path": str(path)}}]).rows
    return list(rows["anchor"].to_pylist())


def test_a_stretch_may_begin_between_pictures(film: Path) -> None:
    data = clip(film, 3_010_000, 3_500_000)
    assert numbers(data) == [*range(91, 105)]
    assert duration(data) == pytest.approx(0.49, abs=1e-3)


def test_the_same_bytes_each_time_and_nothing_else_in_them(film: Path) -> None:
    data = clip(film, 1_000_000, 3_000_000)
    assert data == clip(film, 1_000_000, 3_000_000)
    assert not any(tag in data for tag in (b"Lavf", b"Lavc", b"x264"))
    assert data.index(b"moov") < data.index(b"mdat")
    at = data.index(b"mvhd") + 8
    assert data[at : at + 8] == bytes(8), "no creation time"


@pytest.mark.parametrize("colours", [{}, {"color_range": 1, "colorspace": 1, "color_primaries": 1, "color_trc": 1}])
def test_pictures_that_are_as_wanted_skip_the_filter_and_nobody_can_tell(
    colours: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", 30, **colours)
    data = clip(path)
    monkeypatch.setattr(Mp4, "_is_as_wanted", lambda self, frame: False)
    assert clip(path) == data


@pytest.mark.parametrize("height", [480, 96])
def test_what_colours_mean_stays_known(height: int, tmp_path: Path) -> None:
    """Players would else take large pictures' colours for those of small ones."""
    path = write_video(tmp_path / "a.mp4", 3, color_range=1, colorspace=1, color_primaries=1, color_trc=1)
    with av.open(BytesIO(clip(path, height=height))) as container:
        frame = next(container.decode(video=0))
        assert (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)


def test_it_plays_in_browsers(film: Path) -> None:
    with av.open(BytesIO(clip(film))) as container:
        video, audio = container.streams
        assert (video.codec.canonical_name, video.profile, video.pix_fmt) == ("h264", "High", "yuv420p")
        assert (audio.codec.canonical_name, audio.profile, audio.rate) == ("aac", "LC", 48_000)


@pytest.mark.parametrize(
    ("size", "height", "expected"),
    [
        ((192, 144), 96, (128, 96)),
        ((192, 144), 480, (192, 144)),
        ((194, 146), 101, (132, 100)),
        ((192, 108), 16, (28, 16)),
    ],
)
def test_sizes_are_even_and_never_grow(
    size: tuple[int, int], height: int, expected: tuple[int, int], tmp_path: Path
) -> None:
    made = pictures_of(clip(write_video(tmp_path / "a.mp4", 5, size=size), height=height))
    assert {(p.shape[1], p.shape[0]) for p in made} == {expected}


def test_pictures_are_set_upright(tmp_path: Path) -> None:
    made = pictures_of(clip(turn(write_video(tmp_path / "a.mp4", 12))))
    assert made[0].shape == (192, 144, 3)
    assert [number_of(np.rot90(picture)) for picture in made] == [*range(12)]


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    made = pictures_of(clip(write_video(tmp_path / "a.mp4", 5, sample_aspect_ratio=2)))
    assert made[0].shape == (144, 384, 3)


def test_fewer_pictures_a_second(film: Path) -> None:
    made = numbers(clip(film, 1_000_000, 3_000_000, fps=10))
    assert len(made) == 20 and made == sorted(made) and made[0] >= 30 and made[-1] < 90


def test_less_quality_is_smaller(film: Path) -> None:
    assert len(clip(film, crf=45)) < len(clip(film, crf=10))


def test_sound_stays_with_its_picture(tmp_path: Path) -> None:
    heard = np.concatenate([tone(2, 48_000, level=0.0), tone(2, 48_000, level=0.8)], axis=1)
    path = write_video(tmp_path / "a.mp4", 120, cuts=[60], samples=heard)
    data = clip(path, 1_500_000, 2_500_000)
    samples = samples_of(data)[0]
    assert numbers(data) == [*range(45, 75)]
    assert np.flatnonzero(np.abs(samples) > 0.2)[0] / 48_000 == pytest.approx(0.5, abs=0.015)


def test_a_mute_video_stays_mute(tmp_path: Path) -> None:
    data = clip(write_video(tmp_path / "a.mp4", 30, sound=False))
    with av.open(BytesIO(data)) as container:
        assert [s.type for s in container.streams] == ["video"]


def test_every_picture_keeps_its_time_at_a_varying_rate(tmp_path: Path) -> None:
    times = [i * 33 + (500 if i > 30 else 0) for i in range(60)]
    data = clip(write_video(tmp_path / "a.mp4", 60, times=times, sound=False))
    with av.open(BytesIO(data)) as container:
        assert [round(f.time * 1000) for f in container.decode(video=0)] == times


@needs_shared
def test_the_last_picture_is_shown_as_long_as_in_the_original() -> None:
    path = SHARED / "pyfeat_no_face.mp4"
    scenes = run(Scenes(), [{"original": {"path": str(path)}}]).rows["anchor"].to_pylist()
    assert duration(clip(path)) == pytest.approx(scenes[-1]["end_us"] / 1e6, abs=1e-4)


def test_full_range_pictures_become_what_players_expect(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mov", 3, codec="mjpeg", pix_fmt="yuvj420p", sound=False)
    data = clip(path)
    with av.open(BytesIO(data)) as container:
        assert next(container.decode(video=0)).color_range != 2, "2 is full range"
    assert pictures_of(data)[0][120, 96] == pytest.approx(COLOURS[0], abs=6)


def test_what_holds_no_picture_is_rejected(tmp_path: Path) -> None:
    film, sound = write_video(tmp_path / "a.mp4", 30), write_sound(tmp_path / "a.wav", tone(1))
    rows = [
        {"original": {"path": str(film)}, "anchor": {"start_us": 5_000_000, "end_us": 6_000_000}},
        {"original": {"path": str(film)}, "anchor": {"start_us": 500_000, "end_us": 500_000}},
        {"original": {"path": str(sound)}},
    ]
    assert [r.reason for r in run(Clips(), rows).rejected] == ["empty", "empty", "unsupported"]
