"""Stretches of speech: laws that hold for any detector, sounds whose pauses are known, and real meetings."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.media import SHARED, needs_shared, tone, write_sound, write_video
from support.running import run

from affectory.transforms.audio import _voice
from affectory.transforms.audio.speech import Speech
from affectory.transforms.media.cut import Cut

HOP = 160
RUNS = st.lists(st.integers(0, 3000), min_size=2, max_size=20, unique=True).map(
    lambda cuts: [(a, b) for a, b in zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False)]
)


def found(path: Path, kind: str = "audio", anchor: dict[str, int] | None = None, **parameters: Any) -> dict[str, Any]:
    result = run(Speech(**parameters), [{"kind": kind, "original": {"path": str(path)}, "anchor": anchor or {}}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in Speech().writes()}


def spans(path: Path, **parameters: Any) -> list[tuple[float, float]]:
    return [(s["start_us"] / 1e6, s["end_us"] / 1e6) for s in found(path, **parameters)["segments"]]


@pytest.fixture(scope="module")
def bursts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Loud from 0.5 to 1 s, 1.2 to 2 s and 2.03 to 2.5 s of 3 s, faint noise all the time."""
    at = np.arange(48_000) / 16_000
    loud = ((at >= 0.5) & (at < 1)) | ((at >= 1.2) & (at < 2)) | ((at >= 2.03) & (at < 2.5))
    noise = np.random.default_rng(0).normal(0, 1, at.size)
    heard = (noise * np.where(loud, 0.1, 0.0005)).astype(np.float32)[None]
    return write_sound(tmp_path_factory.mktemp("bursts") / "a.wav", heard)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [(0.5, 1), (1.2, 2.5)]),
        ({"min_pause_s": 0.01}, [(0.5, 1), (1.2, 2), (2.03, 2.5)]),
        ({"min_pause_s": 0.5}, [(0.5, 2.5)]),
        ({"min_speech_s": 0.6}, [(1.2, 2.5)]),
        ({"pad_s": 0.1}, [(0.4, 1.1), (1.1, 2.6)]),
        ({"max_s": 1.0}, [(0.5, 1), (1.2, 2.015), (2.015, 2.5)]),
    ],
)
def test_pauses_and_stretches_are_what_the_recipe_says(
    parameters: dict[str, float], expected: list[tuple[float, float]], bursts: Path
) -> None:
    given = spans(bursts, backend="energy", **{"pad_s": 0, **parameters})
    assert [x for span in given for x in span] == pytest.approx([x for span in expected for x in span], abs=0.0151)


def test_times_are_those_of_the_record(bursts: Path) -> None:
    part = found(bursts, anchor={"start_us": 1_100_000, "end_us": 2_250_000}, backend="energy", pad_s=0)
    [segment] = part["segments"]
    assert segment["kind"] == "speech"
    assert segment["start_us"] == pytest.approx(1_200_000, abs=15_000) and segment["end_us"] == 2_250_000
    assert part["speech_s"] == pytest.approx(1.05, abs=0.02)
    assert part["speech_share"] == pytest.approx(1.05 / 1.15, abs=0.02)


def test_utterances_are_cut_from_stretches_of_speech(bursts: Path) -> None:
    segments = found(bursts, backend="energy")["segments"]
    row = {"kind": "audio", "original": {"path": str(bursts)}, "duration_s": 3.0, "segments": segments}
    cut = run(Cut(), [row]).rows
    anchors = [(a["start_us"], a["end_us"]) for a in cut["anchor"].to_pylist()]
    assert anchors == [(s["start_us"], s["end_us"]) for s in segments] and len(anchors) == 2
    assert len({*cut["sample_id"].to_pylist()}) == 2 and len({*cut["parent"].to_pylist()}) == 1


def test_what_is_constant_is_no_sound(tmp_path: Path) -> None:
    heard = np.concatenate([tone(1, level=0.001), tone(1)], axis=1)
    plain, moved = write_sound(tmp_path / "a.wav", heard), write_sound(tmp_path / "b.wav", heard + np.float32(0.25))
    [(start, end)] = spans(plain, backend="energy", pad_s=0)
    assert (start, end) == pytest.approx((1, 2), abs=0.02)
    assert spans(moved, backend="energy", pad_s=0) == [(start, end)]


REFERENCES = [("ami_tst00", "test", "tst00"), ("ami_dev00", "development", "dev00")]


def spoken(split: str, name: str) -> Any:
    """The reference: whether anybody speaks in each 10 ms of 30 s."""
    mask = np.zeros(3000, bool)
    for line in (SHARED / f"ami_debug.{split}.rttm").read_text().splitlines():
        _, recording, _, start, lasts, *_ = line.split()
        if recording == name:
            mask[round(float(start) * 100) : round((float(start) + float(lasts)) * 100)] = True
    return mask


@needs_shared
@pytest.mark.parametrize(("file", "split", "name"), REFERENCES)
@pytest.mark.parametrize(("backend", "precision", "recall"), [("silero", 0.98, 0.7), ("energy", 0.93, 0.84)])
def test_real_meetings(backend: str, precision: float, recall: float, file: str, split: str, name: str) -> None:
    mask, truth = np.zeros(3000, bool), spoken(split, name)
    for start, end in spans(SHARED / f"{file}.wav", backend=backend, min_pause_s=0.3):
        mask[round(start * 100) : round(end * 100)] = True
    assert (mask & truth).sum() / mask.sum() >= precision
    assert (mask & truth).sum() / truth.sum() >= recall


@needs_shared
@pytest.mark.parametrize(("name", "share"), [("silero_test.mp3", 0.95), ("silero_test.opus", 0), ("ami_empty.wav", 0)])
def test_speech_is_told_from_noise_and_music(name: str, share: float) -> None:
    assert found(SHARED / name)["speech_share"] == pytest.approx(share, abs=0.05)


@needs_shared
def test_a_sample_is_heard_as_if_it_were_alone() -> None:
    rows = [{"kind": "audio", "original": {"path": str(SHARED / f"{n}")}} for n in ("silero_test.mp3", "ami_empty.wav")]
    both, [first] = run(Speech(), rows).rows, [run(Speech(), rows[:1]).rows]
    again = run(Speech(), rows[::-1]).rows
    assert both["segments"].to_pylist() == again["segments"].to_pylist()[::-1]
    assert both["segments"].to_pylist()[:1] == first["segments"].to_pylist()


def test_nobody_speaks(tmp_path: Path) -> None:
    quiet = write_sound(tmp_path / "a.wav", tone(1, level=0.0))
    mute = write_video(tmp_path / "b.mp4", 5, sound=False)
    assert found(quiet) == {"segments": [], "speech_s": 0, "speech_share": 0}
    assert found(quiet, backend="energy") == {"segments": [], "speech_s": 0, "speech_share": 0}
    assert found(mute, "video") == {"segments": None, "speech_s": None, "speech_share": None}
    rows = [{"kind": k, "original": {"path": str(p)}} for k, p in (("audio", quiet), ("video", mute))]
    rejected = [(r.reason, r.detail) for r in run(Speech(require=True), rows).rejected]
    assert rejected == [("no_speech", "nobody speaks in it"), ("no_speech", "no sound in it")]


def test_a_probability_is_one() -> None:
    with pytest.raises(ValidationError, match="between 0 and 1"):
        TypeAdapter(Speech).validate_python({"threshold": 35})
    assert TypeAdapter(Speech).validate_python({"threshold": 35, "backend": "energy"}).threshold == 35


@given(RUNS, st.integers(0, 500), st.integers(0, 500))
def test_joining_leaves_no_pause_and_no_stretch_that_is_too_short(
    runs: list[tuple[int, int]], pause: int, speech: int
) -> None:
    made = _voice.joined(runs, pause, speech)
    assert all(b[0] - a[1] >= pause for a, b in pairwise(made))
    assert all(b - a >= speech for a, b in made)
    assert {x for run in made for x in run} <= {x for run in runs for x in run}


@given(RUNS, st.integers(0, 1000))
def test_padding_never_overlaps_nor_leaves_the_sound(runs: list[tuple[int, int]], pad: int) -> None:
    made = _voice.padded(runs, pad, 3000)
    flat = [x for run in made for x in run]
    assert flat == sorted(flat) and all(0 <= x <= 3000 for x in flat)
    assert all(a <= c and d <= b for (a, b), (c, d) in zip(made, runs, strict=True))


@given(st.integers(1, 400), st.integers(3, 50), st.integers(0, 2**32 - 1))
def test_splitting_tiles_a_stretch_with_parts_that_are_short_enough(frames: int, longest: int, seed: int) -> None:
    level = np.random.default_rng(seed).uniform(-60, 0, frames)
    voice = _voice.Voice(np.ones(frames, np.bool_), level, level, HOP, frames * HOP)
    parts = _voice.split([(0, frames * HOP)], voice, longest * HOP)
    assert [a for a, _ in parts] == [0, *(b for _, b in parts[:-1])] and parts[-1][1] == frames * HOP
    assert all(b - a <= longest * HOP for a, b in parts)
    assert len(parts) == 1 or min(b - a for a, b in parts) >= longest * HOP // 3 - HOP
