"""Turns come from a backend that another package brings, or from a source that knows them: `cut` takes both."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.media import SHARED, needs_shared, tone, write_sound, write_video
from support.project import project
from support.running import run, samples

from affectory.pipelines.history import last_build, parts, read_parts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import SAMPLES
from affectory.schemas.errors import UserError
from affectory.transforms.audio.speaker_turns import SpeakerTurns
from affectory.transforms.base import Reply

BACKENDS = Path(__file__).resolve().parents[2] / "support" / "backends"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package that brings the backend of these tests."""
    monkeypatch.syspath_prepend(str(BACKENDS))
    monkeypatch.delitem(sys.modules, "voice_height", raising=False)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A low voice for a second, half a second of nothing, a high one for a second, the low one again for half."""
    heard = [tone(1, hertz=100.0), tone(0.5, level=0.0), tone(1, hertz=250.0), tone(0.5, hertz=100.0)]
    return write_sound(tmp_path_factory.mktemp("talk") / "a.wav", np.concatenate(heard, axis=1))


def found(path: Path, kind: str = "audio", anchor: dict[str, int] | None = None, **parameters: Any) -> dict[str, Any]:
    row = {"sample_id": "s_1", "kind": kind, "original": {"path": str(path)}, "anchor": anchor or {}}
    result = run(SpeakerTurns(**{"backend": "voice-height", **parameters}), [row])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in ("segments", "speaker_count")}


def turns(made: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(s["start_us"] // 1000, s["end_us"] // 1000, s["who"]) for s in made["segments"]]


def test_speakers_are_numbered_as_they_begin_and_belong_to_their_sample(talk: Path) -> None:
    made = found(talk)
    assert turns(made) == [(0, 1000, "s_1-1"), (1500, 2500, "s_1-2"), (2500, 3000, "s_1-1")]
    assert (made["speaker_count"], {s["kind"] for s in made["segments"]}) == (2, {"turn"})


def test_times_are_those_of_the_record(talk: Path) -> None:
    part = found(talk, anchor={"start_us": 1_500_000, "end_us": 2_000_000})
    assert turns(part) == [(1500, 2000, "s_1-1")]


def test_what_the_recipe_knows_reaches_the_backend(talk: Path) -> None:
    assert found(talk, speakers=1)["speaker_count"] == 1
    asked = [SpeakerTurns(backend="voice-height", speakers=n).whom() for n in (1, 2)]
    assert asked[0] != asked[1]


def test_a_video_without_sound_has_no_turns(tmp_path: Path) -> None:
    assert found(write_video(tmp_path / "a.mp4", 5, sound=False), "video") == {"segments": [], "speaker_count": 0}


@pytest.mark.parametrize(
    "told",
    [
        {"start": 0},
        [{"start": 1, "end": 0.5, "who": "A"}],
        [{"start": -1, "end": 1, "who": "A"}],
        [{"start": 0, "end": 1, "who": ""}],
        [{"start": 0, "end": 1, "who": "A", "mood": "glad"}],
        [{"start": 0, "end": 1, "who": "A", "score": 2}],
    ],
)
def test_a_reply_that_is_none_fails_its_row(told: Any) -> None:
    step = SpeakerTurns(backend="voice-height")
    result = step.reader()(samples(step, [{"kind": "audio"}]), [Reply(json.dumps(told))])
    assert len(result.failed) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"backend": "pyannote"}, "knows no backend named 'pyannote'"),
        ({"backend": "faster_whisper"}, "knows no backend named 'faster_whisper'"),
    ],
)
def test_a_backend_that_is_not_installed_is_told_at_plan_time(given: dict[str, str], told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        SpeakerTurns(**given)
    assert "voice_height" in error.value.hint


@needs_shared
def test_turns_that_a_source_knows_become_samples_of_their_speakers(tmp_path: Path) -> None:
    made = project(tmp_path, {})
    (tmp_path / "media").mkdir()
    shutil.copy(SHARED / "ami_tst00.wav", tmp_path / "media" / "tst00.wav")
    shutil.copy(SHARED / "ami_debug.test.rttm", tmp_path / "turns.rttm")
    source = {"kind": "folder", "path": "media", "segments": {"path": "turns.rttm", "kind": "turn"}}
    steps = ["probe", {"cut": {"min_s": 1.0}}, {"load_audio": {}}]
    made = project(tmp_path, {"dataset": "turns", "taxonomy": "ekman-7", "sources": [source], "ingest": steps})
    assert made.build(publish=False).failed == 0
    workspace = Workspace(made.workspace)
    record = last_build(workspace)
    assert record is not None
    rows = read_parts(parts(workspace, record.finished, "samples"), SAMPLES.schema, ["speaker", "anchor"]).to_pylist()
    lines = [line.split() for line in (SHARED / "ami_debug.test.rttm").read_text().splitlines()]
    known = [(float(x[3]), float(x[4]), x[7]) for x in lines if x[1] == "tst00" and float(x[4]) >= 1]
    assert len({who for _, _, who in known}) == len({row["speaker"] for row in rows}) == 4
    cut = sorted((row["anchor"]["start_us"], row["anchor"]["end_us"]) for row in rows)
    assert cut == sorted((round(start * 1e6), round(start * 1e6) + round(lasts * 1e6)) for start, lasts, _ in known)
