"""Loudness against tones whose level is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.media import tone, write_sound, write_video
from support.running import run

from affectory.transforms.audio.loudness import Loudness


def levels(path: Path, kind: str = "audio", **anchor: int) -> dict[str, Any]:
    result = run(Loudness(), [{"kind": kind, "original": {"path": str(path)}, "anchor": anchor}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in Loudness().writes()}


def test_a_tone(tmp_path: Path) -> None:
    found = levels(write_sound(tmp_path / "a.wav", tone(2, hertz=400, level=0.5)))
    expected = {"loudness_dbfs": 20 * np.log10(0.5 / 2**0.5), "peak_dbfs": 20 * np.log10(0.5), "clipping": 0.0}
    assert found == pytest.approx(expected, abs=0.01)


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
    assert found == pytest.approx({"loudness_dbfs": -120, "peak_dbfs": -120, "clipping": 0})


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
