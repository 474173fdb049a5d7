"""The sound of a video is published as that of a sound file is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.media import samples_of, tone, write_sound, write_video
from support.running import run

from affectory.transforms.audio.audio_track import AudioTrack
from affectory.transforms.audio.load_audio import LoadAudio


def row(path: Path, start_us: int | None = None, end_us: int | None = None) -> dict[str, Any]:
    return {"original": {"path": str(path)}, "anchor": {"start_us": start_us, "end_us": end_us}}


def track(given: dict[str, Any], **parameters: Any) -> dict[str, Any] | None:
    result = run(AudioTrack(**parameters), [given])
    assert not result.rejected and not result.failed
    found: dict[str, Any] | None = result.rows["audio"][0].as_py()
    return found


@pytest.mark.parametrize(("form", "rate"), [("flac", 16_000), ("wav", 48_000)])
def test_it_is_the_stretch_to_the_sample(form: str, rate: int, tmp_path: Path) -> None:
    heard = np.concatenate([tone(1, 48_000, level=0.0), tone(1, 48_000)], axis=1)
    path = write_video(tmp_path / "a.mkv", 60, samples=heard, sound_codec="flac")
    found = track(row(path, 500_000, 1_750_000), format=form, rate=rate)
    assert found is not None and found["format"] == form
    samples = samples_of(found["bytes"])
    assert samples.shape == (1, rate * 5 // 4)
    assert np.flatnonzero(np.abs(samples[0]) > 0.1)[0] / rate == pytest.approx(0.5, abs=0.01)


def test_it_is_what_load_audio_makes_of_the_same_sound(tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.mkv", 30, samples=tone(1, 48_000), sound_codec="flac")
    sound = write_sound(tmp_path / "a.flac", tone(1, 48_000), 48_000, "flac")
    found, loaded = track(row(film)), run(LoadAudio(), [row(sound)]).rows["audio"][0].as_py()
    assert found is not None and found["bytes"] == loaded["bytes"]


def test_a_video_without_sound_has_none_and_is_rejected_where_it_must(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 10, sound=False)
    assert track(row(path)) is None
    [rejected] = run(AudioTrack(require=True), [row(path)]).rejected
    assert (rejected.reason, rejected.detail) == ("unsupported", "no sound in it")
