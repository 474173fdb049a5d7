"""The working form: the same samples whoever asks for them, without seams, decoded once."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.media import cut_off, tone, write_sound, write_video
from support.running import run

from affectory.transforms.audio import _working
from affectory.transforms.audio._working import RATE, Sound, heard
from affectory.transforms.audio.loudness import Loudness
from affectory.transforms.audio.prosody import Prosody
from affectory.transforms.audio.sound_events import SoundEvents
from affectory.transforms.audio.speech import Speech
from affectory.transforms.media._decode import audio_stream, opened
from affectory.transforms.media._sound import Grid, sound
from affectory.transforms.rows import Reject

MINUTE = 60 * RATE
FORMATS = [
    ("a.wav", "pcm_s16le", 11_025, 1), ("a.flac", "flac", 44_100, 2), ("a.mp3", "libmp3lame", 22_050, 1),
    ("a.opus", "libopus", 48_000, 1), ("a.aac", "aac", 44_100, 1), ("a.wav", "pcm_s16le", RATE, 1),
]  # fmt: skip


def listen(path: Path, start_us: int | None = None, end_us: int | None = None, kind: str = "audio") -> Sound:
    found = heard({"kind": kind, "original": {"path": str(path)}, "anchor": {"start_us": start_us, "end_us": end_us}})
    assert found is not None
    return found


def noise(seconds: float, rate: int = RATE, channels: int = 1) -> Any:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (channels, round(seconds * rate))).astype(np.float32)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which blocks are decoded, in order; nothing is kept from other tests."""
    numbers: list[int] = []
    real = _working._decoded
    monkeypatch.setattr(_working, "_WORKING", _working._Shelf(_working._KEPT_WORKING))
    monkeypatch.setattr(_working, "_NATIVE", _working._Shelf(_working._KEPT_NATIVE))
    monkeypatch.setattr(_working, "_decoded", lambda of, number: numbers.append(number) or real(of, number))
    return numbers


@pytest.mark.parametrize(("name", "codec", "rate", "channels"), FORMATS)
def test_blocks_join_without_a_seam(name: str, codec: str, rate: int, channels: int, tmp_path: Path) -> None:
    path = write_sound(tmp_path / name, noise(60.4, rate, channels), rate, codec)
    with opened(str(path)) as container:
        stream = audio_stream(container)
        assert stream is not None
        whole = np.concatenate(list(sound(container, stream, rate=RATE, layout="mono")), axis=1)[0]
    made = listen(path).samples()
    assert made.size == whole.size and np.array_equal(made, whole)
    assert np.array_equal(listen(path, 59_900_000, 60_100_000).samples(), whole[MINUTE - 1600 : MINUTE + 1600])


@pytest.mark.parametrize(
    ("name", "codec", "rate"), [("a.mkv", "aac", 44_100), ("a.webm", "libopus", 48_000), ("a.m4a", "aac", 22_050)]
)
def test_timestamps_that_are_but_milliseconds_make_no_seam(name: str, codec: str, rate: int, tmp_path: Path) -> None:
    at = np.arange(round(60.6 * rate)) / rate
    sweep = (0.4 * np.sin(2 * np.pi * (300 * at + 3 * at**2)))[None].astype(np.float32)
    path = write_sound(tmp_path / name, sweep, rate, codec)
    with opened(str(path)) as container:
        stream = audio_stream(container)
        assert stream is not None
        whole = np.concatenate(list(sound(container, stream, rate=RATE, layout="mono")), axis=1)[0]
    made = listen(path).samples()
    assert made.size == whole.size
    assert np.abs(made - whole)[MINUTE - 1600 : MINUTE + 6400].max() < 0.002


def test_a_place_is_that_of_the_nearest_frame_or_its_own() -> None:
    grid = Grid(origin=648, size=960, tick=48.0)
    assert [grid.nearest(at) for at in (648 + 960 * 5 + 24, 648 + 960 * 5 - 48, 648 + 960 * 5 + 300)] == [
        5448,
        5448,
        5748,
    ]


def test_a_stretch_is_a_slice_of_the_whole_in_both_forms(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", noise(2, 44_100, 2), 44_100)
    [whole] = listen(path).pieces()
    [part] = listen(path, 500_000, 1_250_000).pieces()
    assert (part.native.shape, part.working.shape) == ((2, 33_075), (12_000,))
    assert np.array_equal(part.native, whole.native[:, 22_050:55_125])
    assert np.array_equal(part.working, whole.working[8000:20_000])


def test_stretches_that_follow_each_other_share_no_sample_and_miss_none(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", noise(1))
    cuts = [0, 33_333, 33_400, 500_001, 777_777, 1_000_000]
    parts = [listen(path, a, b).samples() for a, b in pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), listen(path).samples())


def test_a_file_is_decoded_once_for_all_its_stretches(decoded: list[int], tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", noise(61))
    for start in range(0, 61_000_000, 5_000_000):
        listen(path, start, start + 5_000_000).samples()
        list(listen(path, start, start + 5_000_000).pieces())
    assert decoded == [0, 1]


def test_stages_that_hear_share_one_pass_over_each_file(decoded: list[int], tmp_path: Path) -> None:
    buzz = np.asarray(sum(tone(2, 48_000, 150.0 * k, 0.1) for k in range(1, 4)), np.float32)
    sounds = [write_sound(tmp_path / f"{n}.wav", buzz * n / 3, 48_000) for n in range(1, 4)]
    films = [write_video(tmp_path / "a.mp4", 30, samples=buzz)]
    named = [*(("audio", path) for path in sounds), *(("video", path) for path in films)]
    rows = [{"kind": kind, "original": {"path": str(path)}} for kind, path in named]
    for step in (Loudness(), Speech(), Speech(backend="energy"), Prosody(), SoundEvents()):
        assert run(step, rows).rows.num_rows == len(rows)
    assert decoded == [0] * len(rows)


def test_a_file_that_changed_is_decoded_again(decoded: list[int], tmp_path: Path) -> None:
    for level in (0.1, 0.5):
        path = write_sound(tmp_path / "a.wav", tone(1, level=level))
        assert np.abs(listen(path).samples()).max() == pytest.approx(level, abs=0.01)
    assert decoded == [0, 0]


def test_what_is_kept_has_a_bound_and_nobody_writes_into_it() -> None:
    shelf = _working._Shelf(100)
    for key in range(5):
        shelf.put((key,), _working._Block(np.zeros((1, 40), np.float32), True, None))
        assert shelf.get((key,)) is not None
    assert len([key for key in range(5) if shelf.get((key,))]) == 2
    shelf.put((9,), _working._Block(np.zeros((1, 400), np.float32), True, None))
    assert [key for key in range(10) if shelf.get((key,))] == [9]


def test_of_more_files_than_are_kept_some_are_still_there_for_the_next_stage() -> None:
    shelf, found = _working._Shelf(100), 0
    for key in [*range(20), *range(20)]:
        found += shelf.get((key,)) is not None
        shelf.put((key,), _working._Block(np.zeros((1, 10), np.float32), True, None))
    assert found >= 4


def test_samples_are_read_only(tmp_path: Path) -> None:
    [piece] = listen(write_sound(tmp_path / "a.wav", tone(1))).pieces()
    assert not piece.native.flags.writeable and not piece.working.flags.writeable


def test_the_sound_of_a_video_and_its_silence(tmp_path: Path) -> None:
    assert listen(write_video(tmp_path / "a.mp4", 30), kind="video").samples().size == pytest.approx(RATE, abs=1024)
    mute = {"kind": "video", "original": {"path": str(write_video(tmp_path / "b.mp4", 5, sound=False))}}
    assert heard({**mute, "anchor": {"start_us": None, "end_us": None}}) is None
    with pytest.raises(Reject, match="no sound"):
        heard({**mute, "kind": "audio", "anchor": {"start_us": None, "end_us": None}})


def test_what_lies_before_the_damage_can_be_heard(tmp_path: Path) -> None:
    path = cut_off(write_sound(tmp_path / "a.flac", noise(4), codec="flac"), 0.6)
    assert listen(path, 0, 1_000_000).samples().size == RATE
    with pytest.raises(Reject) as rejected:
        listen(path).samples()
    assert rejected.value.reason == "unreadable"


def test_times_are_those_of_the_record_and_inside_the_stretch(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", noise(1))
    assert listen(path, 500_000, 900_000).at_us(1600) == 600_000
    assert (listen(path, 10, 900_007).at_us(0), listen(path, 10, 900_007).at_us(99_999)) == (10, 900_007)


def test_a_longer_one_than_is_wanted_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Reject, match="longer than 0"):
        listen(write_sound(tmp_path / "a.wav", tone(1))).samples(max_s=0.5)


def test_more_channels_than_anybody_records_are_rejected(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(0.1, 8000), 8000)
    data = bytearray(path.read_bytes())
    data[24:28] = (4_000_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(Reject, match="1 channels of 4000000"):
        listen(path)
