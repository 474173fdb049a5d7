"""Loudness against tones whose level is known."""

import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from support.media import SHARED, needs_shared, tone, write_sound, write_video
from support.running import run

from affectory.transforms.audio.loudness import Loudness


def levels(path: Path, kind: str = "audio", **anchor: int) -> dict[str, Any]:
    result = run(Loudness(), [{"kind": kind, "original": {"path": str(path)}, "anchor": anchor}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in Loudness().writes()}


def ffmpeg_lufs(path: Path) -> float:
    """Integrated loudness as FFmpeg's own meter has it."""
    with av.open(str(path)) as container:
        stream, graph = container.streams.audio[0], av.filter.Graph()
        graph.link_nodes(
            graph.add_abuffer(template=stream), graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
        ).configure()
        found = -70.0
        for frame in [*container.decode(stream), None]:
            graph.push(frame)
            while True:
                try:
                    found = float(graph.pull().metadata.get("lavfi.r128.I", found))
                except (av.BlockingIOError, av.EOFError):
                    break
    return found


def test_a_tone(tmp_path: Path) -> None:
    found = levels(write_sound(tmp_path / "a.wav", tone(2, hertz=400, level=0.5)))
    expected = {"loudness_dbfs": 20 * np.log10(0.5 / 2**0.5), "peak_dbfs": 20 * np.log10(0.5), "clipping": 0.0}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.01)
    assert (found["silence_share"], found["snr_db"]) == pytest.approx((0, 0), abs=0.01)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_a_sine_of_1_khz_has_the_loudness_that_the_standard_says(rate: int, channels: int, tmp_path: Path) -> None:
    sine = np.repeat(tone(1, rate, 997, 10 ** (-20 / 20)), channels, axis=0)
    found = levels(write_sound(tmp_path / "a.wav", sine, rate))["loudness_lufs"]
    assert found == pytest.approx(-20 if channels == 2 else -23.01, abs=0.05)


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_integrated_loudness_is_gated_as_by_ffmpegs_meter(rate: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.1, (2, 6 * rate)) * np.repeat([1, 0.5, 0.02, 0.9, 0, 0.3], rate)
    path = write_sound(tmp_path / "a.wav", noise.astype(np.float32), rate)
    assert levels(path)["loudness_lufs"] == pytest.approx(ffmpeg_lufs(path), abs=0.15)


@needs_shared
@pytest.mark.parametrize("name", ["ami_tst00.wav", "silero_test.mp3", "silero_test.opus", "pyfeat_no_face.mp4"])
def test_real_sound_is_as_loud_as_ffmpegs_meter_says(name: str) -> None:
    kind = "video" if name.endswith("mp4") else "audio"
    assert levels(SHARED / name, kind)["loudness_lufs"] == pytest.approx(ffmpeg_lufs(SHARED / name), abs=0.15)


def test_speech_in_noise_stands_out_by_what_was_mixed(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (1, 32_000)).astype(np.float32)
    heard = noise + np.concatenate([tone(1, level=0.0), tone(1, level=0.1 * 2**0.5)], axis=1)
    found = levels(write_sound(tmp_path / "a.wav", heard))
    assert found["snr_db"] == pytest.approx(20, abs=1.5)
    assert found["silence_share"] == 0


def test_all_channels_count(tmp_path: Path) -> None:
    both = np.concatenate([tone(1, hertz=400, level=0.5), tone(1, hertz=400, level=0.0)])
    assert levels(write_sound(tmp_path / "a.wav", both))["loudness_dbfs"] == pytest.approx(-12.04, abs=0.02)


def test_clipping_is_the_share_at_full_scale(tmp_path: Path) -> None:
    samples = np.clip(tone(1, hertz=400, level=2.0), -1, 1)
    found = levels(write_sound(tmp_path / "a.wav", samples))
    assert found["clipping"] == pytest.approx(float((np.abs(samples) >= 1).mean()), abs=0.01)
    assert found["peak_dbfs"] == pytest.approx(0, abs=0.001)


def test_digital_silence_has_a_number(tmp_path: Path) -> None:
    found = levels(write_sound(tmp_path / "a.wav", tone(1, level=0.0)))
    assert (found["loudness_dbfs"], found["peak_dbfs"], found["clipping"]) == (-120, -120, 0)
    assert (found["silence_share"], found["loudness_lufs"], found["snr_db"]) == (1, None, 0)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_makes_no_measure_none(wrong: float, tmp_path: Path) -> None:
    """Files of floating point may hold it."""
    samples = tone(1)
    samples[0, 5000] = wrong
    found = levels(write_sound(tmp_path / "a.wav", samples, codec="pcm_f32le"))
    assert found["loudness_dbfs"] == pytest.approx(-9.03, abs=0.01)
    assert all(np.isfinite(value) for value in found.values())


def test_only_the_samples_own_stretch(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", np.concatenate([tone(1, level=0.0), tone(1, hertz=400)], axis=1))
    assert levels(path, start_us=0, end_us=1_000_000)["peak_dbfs"] == -120
    assert levels(path, start_us=1_000_000, end_us=2_000_000)["loudness_dbfs"] == pytest.approx(-9.03, abs=0.01)


def test_a_video_has_the_loudness_of_its_sound(tmp_path: Path) -> None:
    found = levels(write_video(tmp_path / "a.mp4", 60), "video")
    assert found["loudness_dbfs"] == pytest.approx(-9.03, abs=0.2)
    mute = write_video(tmp_path / "mute.mp4", 10, sound=False)
    assert set(levels(mute, "video").values()) == {None}


def test_sound_without_samples_is_rejected(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(0))
    (rejected,) = run(Loudness(), [{"kind": "audio", "original": {"path": str(path)}}]).rejected
    assert rejected.reason == "empty"


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ({"min_lufs": -10}, "loudness_lufs is -26.2 LUFS, at least -10"),
        ({"max_clipping": 0.0}, "clipping is 0.5, at most 0 is kept"),
        ({"max_silence": 0.25}, "silence_share is 0.5, at most 0.25 is kept"),
        ({"min_snr_db": 101}, "snr_db is 100 dB, at least 101 is kept"),
    ],
)
def test_what_is_out_of_bounds_is_rejected_with_its_value(bounds: dict[str, float], told: str, tmp_path: Path) -> None:
    pulse = np.concatenate([np.ones((1, 8000), np.float32), tone(0.5, level=0.0)], axis=1)
    row = {"kind": "audio", "original": {"path": str(write_sound(tmp_path / "a.wav", pulse))}}
    [rejected] = run(Loudness(**bounds), [row]).rejected
    assert rejected.reason == "filtered" and rejected.detail.startswith(told)
    kept = dict.fromkeys(bounds, 0.6) if "max_silence" in bounds else {name: -200 for name in bounds if "min" in name}
    assert not run(Loudness(**kept), [row]).rejected


def test_a_bound_on_what_cannot_be_told_rejects_and_a_silent_video_passes(tmp_path: Path) -> None:
    short = write_sound(tmp_path / "a.wav", tone(0.1))
    mute = write_video(tmp_path / "mute.mp4", 10, sound=False)
    rows = [{"kind": k, "original": {"path": str(p)}} for k, p in (("audio", short), ("video", mute))]
    result = run(Loudness(min_lufs=-30), rows)
    assert [(r.row, r.detail) for r in result.rejected] == [
        (0, "loudness_lufs cannot be told of so little or so quiet a sound")
    ]


@pytest.mark.parametrize("rate", [1, 100, 4000])
def test_loudness_has_no_meaning_at_rates_that_nobody_hears(rate: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.full(rate, 16_384, "<i2").tobytes())
    found = levels(path)
    assert (found["loudness_lufs"], found["peak_dbfs"]) == (None, pytest.approx(-6.02, abs=0.01))
