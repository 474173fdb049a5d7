"""Prosody of sounds whose pitch, pauses and syllables are known."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.media import SHARED, needs_shared, tone, write_sound, write_video
from support.running import run

from affectory.schemas.errors import UserError
from affectory.transforms.audio._contour import contour
from affectory.transforms.audio.prosody import Prosody

RATE = 16_000


@pytest.fixture(autouse=True)
def praat() -> None:
    pytest.importorskip("parselmouth", reason="needs the extra `audio`")


def voice(pitch: Any, level: Any = 1.0) -> Any:
    """A buzz with ten harmonics whose pitch, in hertz for each sample, is given."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return (level * sum(0.05 * np.sin(k * phase) for k in range(1, 11)))[None].astype(np.float32)


def glide(first: float, last: float, seconds: float) -> Any:
    return np.geomspace(first, last, round(seconds * RATE))


def measured(path: Path, kind: str = "audio", **anchor: int) -> dict[str, Any]:
    result = run(Prosody(), [{"kind": kind, "original": {"path": str(path)}, "anchor": anchor}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in Prosody().writes()}


@pytest.mark.parametrize("hertz", [80.0, 220.0, 400.0])
def test_a_steady_voice(hertz: float, tmp_path: Path) -> None:
    found = measured(write_sound(tmp_path / "a.wav", voice(np.full(RATE, hertz))))
    assert found["pitch_hz"] == pytest.approx(hertz, rel=0.002)
    assert found["pitch_range_st"] < 0.1 and found["pitch_sd_hz"] < 1
    assert found["voiced_share"] > 0.9 and found["jitter"] < 0.002 and found["hnr_db"] > 20
    assert found["energy_dbfs"] == pytest.approx(10 * np.log10(10 * 0.05**2 / 2), abs=0.3)
    assert found["contour"] == "flat"


def test_a_glide_is_measured_in_semitones(tmp_path: Path) -> None:
    found = measured(write_sound(tmp_path / "a.wav", voice(glide(100, 200, 2))))
    assert found["pitch_hz"] == pytest.approx(100 * 2**0.5, rel=0.01)
    assert found["pitch_range_st"] == pytest.approx(12 * 0.9, abs=0.3)
    assert (found["pitch_low_hz"], found["pitch_high_hz"]) == pytest.approx((103.5, 193.2), rel=0.02)
    assert found["contour"] == "rising"


def test_pauses_inside_count_and_silence_around_does_not(tmp_path: Path) -> None:
    spoken, silent = voice(np.full(RATE // 2, 150.0)), tone(0.4, level=0.0)
    found = measured(write_sound(tmp_path / "a.wav", np.concatenate([silent, spoken, silent, spoken, silent], axis=1)))
    assert found["pause_count"] == 1
    assert found["pause_mean_s"] == pytest.approx(0.4, abs=0.03)
    assert found["pause_share"] == pytest.approx(0.4 / 1.4, abs=0.02)


@pytest.mark.parametrize("syllables", [3, 5])
def test_syllables_are_counted_by_their_nuclei(syllables: int, tmp_path: Path) -> None:
    at = np.arange(2 * RATE) / RATE
    level = 0.1 + 0.9 * np.sin(np.pi * syllables * at) ** 2
    found = measured(write_sound(tmp_path / "a.wav", voice(np.full(2 * RATE, 150.0), level)))
    assert found["syllable_rate_hz"] == pytest.approx(syllables, abs=0.3)


def test_a_rough_voice_has_more_jitter_and_shimmer_and_less_harmony(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pitch = np.repeat(150 * (1 + random.normal(0, 0.02, 160)), 100)
    level = np.repeat(1 + random.normal(0, 0.1, 160), 100)
    noise = random.normal(0, 0.02, (1, RATE)).astype(np.float32)
    rough = measured(write_sound(tmp_path / "a.wav", voice(pitch, level) + noise))
    clean = measured(write_sound(tmp_path / "b.wav", voice(np.full(RATE, 150.0))))
    assert rough["jitter"] > 5 * clean["jitter"] and rough["shimmer"] > 5 * clean["shimmer"]
    assert rough["hnr_db"] < clean["hnr_db"] - 5


def test_only_the_samples_own_stretch(tmp_path: Path) -> None:
    both = np.concatenate([voice(np.full(RATE, 100.0)), voice(np.full(RATE, 300.0))], axis=1)
    path = write_sound(tmp_path / "a.wav", both)
    assert measured(path, start_us=0, end_us=1_000_000)["pitch_hz"] == pytest.approx(100, rel=0.01)
    assert measured(path, start_us=1_000_000, end_us=2_000_000)["pitch_hz"] == pytest.approx(300, rel=0.01)


def test_silence_and_no_sound_have_no_prosody(tmp_path: Path) -> None:
    silent = measured(write_sound(tmp_path / "a.wav", tone(1, level=0.0)))
    assert {name: value for name, value in silent.items() if value is not None} == {"contour": "too_short"}
    mute = measured(write_video(tmp_path / "b.mp4", 5, sound=False), "video")
    assert set(mute.values()) == {None}


@pytest.mark.parametrize("seconds", [0.005, 0.03, 0.06, 0.2])
def test_a_sound_may_be_too_short_for_anything(seconds: float, tmp_path: Path) -> None:
    found = measured(write_sound(tmp_path / "a.wav", voice(np.full(round(seconds * RATE), 200.0))))
    assert found["contour"] == "too_short"


def test_a_long_one_is_rejected(tmp_path: Path) -> None:
    row = {"kind": "audio", "original": {"path": str(write_sound(tmp_path / "a.wav", tone(2)))}}
    assert [r.reason for r in run(Prosody(max_s=1), [row]).rejected] == ["too_long"]


@needs_shared
def test_a_man_asks_where_you_found_this() -> None:
    found = measured(SHARED / "silero_test.mp3")
    assert 90 < found["pitch_hz"] < 180 and 2 < found["syllable_rate_hz"] < 5


def test_what_is_missing_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "parselmouth", None)
    with pytest.raises(UserError, match="parselmouth") as told:
        Prosody()
    assert "affectory[audio]" in told.value.hint


def track(*semitones: float, seconds: float = 1.2) -> Any:
    """Pitch through the given heights, at equal distances in time."""
    frames = round(seconds * 100)
    return 150 * 2 ** (np.interp(np.linspace(0, len(semitones) - 1, frames), range(len(semitones)), semitones) / 12)


@pytest.mark.parametrize(
    ("pitch", "name"),
    [
        (track(0, 6), "rising"),
        (track(4, 0), "falling"),
        (track(0, 8, 0), "rising-falling"),
        (track(8, 0, 8), "falling-rising"),
        (track(0, 0.5, 0), "flat"),
        (track(0, 12, 0, 12, 0, 12, 0, 12, 0), "expressive"),
        (track(0, 6, seconds=0.4), "too_short"),
        (track(0, 2.4), "uncertain"),
    ],
)
def test_the_contour_has_a_name(pitch: Any, name: str) -> None:
    assert contour(pitch) == name


def test_a_contour_across_pauses_is_uncertain() -> None:
    broken = track(0, 6, seconds=6)
    for start in range(50, 600, 90):
        broken[start : start + 40] = np.nan
    assert contour(broken) == "uncertain"
    assert contour(np.full(100, np.nan)) == "too_short"
