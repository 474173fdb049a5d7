"""Sounds to publish are mono, 16 bit, and sample for sample the stretch that was asked for."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.media import cut_off, samples_of, tone, write_sound, write_video
from support.running import run

from affectory.transforms.audio.load_audio import LoadAudio
from affectory.transforms.media import _sound
from affectory.transforms.media._decode import audio_stream, opened
from affectory.transforms.rows import Reject

FORMATS = [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.opus", "libopus")]


def row(path: Path, start_us: int | None = None, end_us: int | None = None) -> dict[str, Any]:
    return {"original": {"path": str(path)}, "anchor": {"start_us": start_us, "end_us": end_us}}


def load(given: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    result = run(LoadAudio(**parameters), [given])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in LoadAudio().writes()}


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound(tmp_path_factory.mktemp("speech") / "a.wav", _sweep(6))


def _sweep(seconds: float, rate: int = 16_000) -> Any:
    at = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * (100 * at + 60 * at**2))).astype(np.float32)[None]


@pytest.mark.parametrize("form", ["flac", "wav"])
def test_lossless(form: str, speech: Path) -> None:
    loaded = load(row(speech), format=form)
    assert (loaded["audio"]["format"], loaded["duration_s"]) == (form, 6.0)
    assert np.abs(samples_of(loaded["audio"]["bytes"]) - _sweep(6)).max() < 2 / 32768


@pytest.mark.parametrize(("name", "codec"), FORMATS)
@pytest.mark.parametrize("span", [(0, 1_000_000), (3_500_000, 4_250_000), (5_990_000, 6_000_000)])
def test_a_stretch_is_cut_to_the_sample(name: str, codec: str, span: tuple[int, int], tmp_path: Path) -> None:
    rate = 48_000 if codec == "libopus" else 16_000
    path = write_sound(tmp_path / name, _sweep(6, rate), rate, codec)
    whole = samples_of(load(row(path), rate=16_000)["audio"]["bytes"])
    part = samples_of(load(row(path, *span), rate=16_000)["audio"]["bytes"])
    first, end = (round(us * 16 / 1000) for us in span)
    assert part.shape == (1, end - first)
    assert np.abs(part - whole[:, first:end]).max() < 0.002


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 48_000])
def test_resampling_keeps_the_length_and_the_pitch(rate: int, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", np.repeat(tone(2, 44_100, 441.0), 2, axis=0), 44_100)
    loaded = load(row(path), rate=rate)
    samples = samples_of(loaded["audio"]["bytes"])
    assert samples.shape == (1, 2 * rate) and loaded["duration_s"] == 2.0
    assert np.abs(np.fft.rfft(samples[0])).argmax() / 2 == pytest.approx(441, abs=0.5)


def test_the_same_bytes_each_time_and_nothing_else_in_them(speech: Path) -> None:
    for form in ("flac", "wav"):
        data = load(row(speech), format=form)["audio"]["bytes"]
        assert data == load(row(speech), format=form)["audio"]["bytes"]
        assert b"Lavf5" not in data and b"Lavf6" not in data and b"LIST" not in data


def test_too_long_is_rejected_not_shortened(speech: Path) -> None:
    (rejected,) = run(LoadAudio(max_s=5), [row(speech)]).rejected
    assert rejected.reason == "too_long"
    assert load(row(speech, 0, 5_000_000), max_s=5)["duration_s"] == 5.0
    assert load(row(speech), max_s=6)["duration_s"] == 6.0


def test_silence_is_sound(tmp_path: Path) -> None:
    assert load(row(write_sound(tmp_path / "a.wav", tone(1, level=0.0))))["duration_s"] == 1.0


def test_what_holds_no_sample_is_rejected(tmp_path: Path, speech: Path) -> None:
    (tmp_path / "words.wav").write_text("no sound at all")
    (tmp_path / "empty.wav").write_bytes(b"")
    rows = [
        row(write_sound(tmp_path / "none.wav", tone(0))),
        row(speech, 9_000_000, 9_500_000),
        row(tmp_path / "empty.wav"),
        row(tmp_path / "words.wav"),
        row(cut_off(write_sound(tmp_path / "cut.wav", tone(2)), 0.55555)),
        row(write_video(tmp_path / "mute.mp4", 5, sound=False)),
    ]
    found = [r.reason for r in run(LoadAudio(), rows).rejected]
    assert found == ["empty", "empty", "empty", "unreadable", "unreadable", "unsupported"]


def test_a_sound_that_begins_late_is_preceded_by_silence(tmp_path: Path) -> None:
    heard = np.concatenate([tone(1, 48_000, level=0.0), tone(1, 48_000, level=0.8)], axis=1)
    path = write_video(tmp_path / "a.mkv", 60, samples=heard)
    with opened(str(path)) as container:
        stream = audio_stream(container)
        assert stream is not None
        samples = np.concatenate(list(_sound.sound(container, stream, 500_000, 2_000_000)), axis=1)
    assert np.flatnonzero(np.abs(samples[0]) > 0.2)[0] / 48_000 == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8, 9, 16])
def test_any_number_of_channels_can_be_read(channels: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.full((8000, channels), 1000, "<i2").tobytes())
    with opened(str(path)) as container:
        stream = audio_stream(container)
        assert stream is not None
        samples = np.concatenate(list(_sound.sound(container, stream)), axis=1)
    assert samples.shape == (channels, 8000) and samples == pytest.approx(1000 / 32768)


def test_small_errors_of_timestamps_are_not_heard() -> None:
    line = _sound._Line(1000, None)
    blocks = [np.full((1, 50), n, np.float32) for n in range(4)]
    placed = [part for n, jitter in enumerate((0, 3, -4, 2)) for part in line.place(50 * n + jitter, blocks[n])]
    assert np.array_equal(np.concatenate(placed, axis=1), np.concatenate(blocks, axis=1))


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "libmp3lame"), ("a.aac", "aac"), ("a.flac", "flac")])
def test_a_late_stretch_is_exact_at_a_varying_bit_rate(name: str, codec: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, (1, 160_000)).astype(np.float32)
    heard = np.concatenate([tone(20, level=0.0), noise, tone(10, level=0.1)], axis=1)
    path = write_sound(tmp_path / name, heard, codec=codec, qscale=True, global_quality=118 * 2)
    whole = samples_of(load(row(path))["audio"]["bytes"])
    part = samples_of(load(row(path, 25_000_000, 26_000_000))["audio"]["bytes"])
    assert np.abs(part - whole[:, 400_000:416_000]).max() < 0.002


def test_a_timestamp_from_the_far_future_makes_no_endless_silence() -> None:
    line = _sound._Line(1000, None, max_s=5)
    with pytest.raises(Reject, match="too_long"):
        list(line.place(10**15, np.ones((1, 10), np.float32)))
    assert line.filled <= 6000


def test_a_codec_that_nothing_decodes_is_unsupported(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.m4a", tone(1), codec="aac")
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"zzza").replace(b"esds", b"zzzz"))
    assert [r.reason for r in run(LoadAudio(), [row(path)]).rejected] == ["unsupported"]


BLOCKS = st.lists(st.tuples(st.integers(-3000, 6000), st.integers(1, 2500)), max_size=12)


@settings(deadline=None)
@given(BLOCKS, st.none() | st.integers(0, 20_000))
def test_whatever_the_timestamps_say_the_line_has_no_gap(blocks: list[tuple[int, int]], end: int | None) -> None:
    line, at, taken = _sound._Line(1000, end), 0, []
    for jump, size in blocks:
        at += jump
        taken += list(line.place(at, np.ones((1, size), np.float32)))
        at += size
    assert line.filled == sum(part.shape[1] for part in taken)
    assert end is None or line.filled <= end
    assert all(part.shape[1] for part in taken)
