"""Speech recognition: how answers are read, by a real Whisper in a real build, and what may be loaded from where."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from support.media import SHARED, needs_shared, samples_of, write_video
from support.project import Project, project
from support.running import run, samples

from affectory.pipelines.history import last_build, parts, read_parts
from affectory.pipelines.publish import _without_folders
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import NOTES, SAMPLES
from affectory.schemas.errors import UserError
from affectory.schemas.recipe import RecipeProblems
from affectory.transforms.audio.asr import Asr
from affectory.transforms.audio.load_audio import LoadAudio
from affectory.transforms.base import Reply

WORDS = [("Oh", 0.5, 0.9, 0.8), (" dear,", 0.9, 1.5, 0.6), (" oh", 2.0, 2.4, 1.0)]
HUB = {"hub": "org/whisper", "revision": "abc"}


def segment(*words: tuple[str, float, float, float], **more: Any) -> dict[str, Any]:
    return {
        "start": words[0][1],
        "end": words[-1][2],
        "text": "".join(w[0] for w in words),
        "logprob": math.log(0.5),
        "words": [{"text": t, "start": a, "end": b, "probability": p} for t, a, b, p in words],
        **more,
    }


SAID = {"language": "en", "segments": [segment(*WORDS[:2]), segment(WORDS[2])]}


def read(said: Any = SAID, row: dict[str, Any] | None = None, **parameters: Any) -> Any:
    step = Asr(**HUB, **parameters)
    given = {"kind": "audio", "anchor": {"start_us": 10_000_000, "end_us": 12_200_000}, **(row or {})}
    return step.reader()(samples(step, [given]), [Reply(json.dumps(said))])


def values(result: Any) -> dict[str, Any]:
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in Asr(**HUB).writes()}


def test_an_answer_becomes_text_utterances_and_words_in_the_records_time() -> None:
    found = values(read())
    assert (found["text"], found["language"], found["asr_text"]) == ("Oh dear, oh", "en", "Oh dear, oh")
    assert found["asr_confidence"] == 0.8
    times = [(s["kind"], s["text"], s["start_us"], s["end_us"], s["score"]) for s in found["segments"]]
    assert times == [
        ("utterance", "Oh dear,", 10_500_000, 11_500_000, 0.5),
        ("utterance", "oh", 12_000_000, 12_200_000, 0.5),
    ]
    words = [(w["kind"], w["text"], w["char_start"], w["char_end"], w["end_us"]) for w in found["words"]]
    assert words == [
        ("word", "Oh", 0, 2, 10_900_000),
        ("word", "dear,", 3, 8, 11_500_000),
        ("word", "oh", 9, 11, 12_200_000),
    ]


def test_a_text_and_a_language_that_are_there_stay() -> None:
    found = values(read(row={"text": "ach je", "language": "de"}))
    assert (found["text"], found["language"], found["asr_text"]) == ("ach je", "de", "Oh dear, oh")
    assert {w["char_start"] for w in found["words"]} == {None}


def test_what_goes_round_in_circles_is_left_out() -> None:
    found = values(read({"language": "en", "segments": [segment(WORDS[0]), segment(WORDS[2], compression=9.0)]}))
    assert (found["text"], len(found["segments"])) == ("Oh", 1)


def test_silence_is_no_text() -> None:
    found = values(read({"language": None, "segments": []}))
    assert found == {
        "text": None, "language": None, "segments": [], "words": [], "asr_text": "", "asr_confidence": None,
    }  # fmt: skip


def test_unsure_answers_are_rejected_where_the_recipe_says() -> None:
    [rejected] = read(min_confidence=0.9).rejected
    assert (rejected.reason, rejected.detail) == ("filtered", "asr_confidence is 0.8, at least 0.9 is kept")
    assert not read(min_confidence=0.8).rejected
    assert not read({"language": None, "segments": []}, min_confidence=0.9).rejected


@pytest.mark.parametrize(
    "said",
    [
        {"segments": []},
        {"language": "en", "segments": [{"start": 1}]},
        {"language": "en", "segments": [segment(("a", 2.0, 1.0, 0.5))]},
        {"language": "en", "segments": [segment(("a", 1.0, 1e999, 0.5))]},
        {"language": "en", "segments": [segment(("a", 1.0, 2.0, float("nan")))]},
        {"language": "en", "segments": [{**segment(("a", 1.0, 2.0, 0.5)), "logprob": float("nan")}]},
        [],
    ],
)
def test_an_answer_that_is_none_fails_its_row(said: Any) -> None:
    assert len(read(said).failed) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "it needs a model"),
        ({"hub": "org/whisper"}, "give the folder"),
        ({"revision": "abc"}, "give the folder"),
        ({"path": "x", **HUB}, "give the folder"),
        ({"path": "x", "beam": 0}, "beam"),
    ],
)
def test_a_model_is_named_in_one_way(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TypeAdapter(Asr).validate_python(given)


def test_a_backend_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UserError) as told:
        Asr(**HUB, backend="parrot")
    assert "parrot" in told.value.message and "faster_whisper" in told.value.hint


def test_nothing_is_fetched_unless_the_recipe_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="needs the extra `speech`")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="org/whisper at revision abc") as told:
        Asr(**HUB).model()
    assert "download: true" in told.value.hint


def test_what_is_asked_about_is_the_stretch_of_the_file_and_whom_the_model_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.bin").write_bytes(b"1")
    step = Asr(path=tmp_path / "base")
    rows = [{"original": {"asset": "a"}, "anchor": {"start_us": 5, "end_us": e}} for e in (7, None)]
    assert step.sends(samples(step, rows)) == [("a", "5-7"), ("a", "5-")]
    before = step.whom()
    (tmp_path / "base" / "model.bin").write_bytes(b"2")
    assert (before.model, before.revision == step.whom().revision) == ("base", False)


@pytest.mark.parametrize("path", ["../elsewhere", "/", "none"])
def test_a_path_leads_to_a_folder_below_the_recipe(path: str, tmp_path: Path) -> None:
    made = project(tmp_path / "p", _recipe(path))
    (made.folder / "media").mkdir()
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(RecipeProblems) as told:
        made.bound()
    assert [p.key for p in told.value.problems] == ["ingest[0].asr.path"]


def test_where_a_model_lies_is_not_published(tmp_path: Path) -> None:
    made = project(tmp_path / "p", _recipe(str(tmp_path / "p" / "models" / "base")))
    (made.folder / "media").mkdir()
    (made.folder / "models" / "base").mkdir(parents=True)
    published = _without_folders(made.bound().recipe.canonical())
    assert published["ingest"][0]["asr"] == {"path": "base", "beam": 1}


def _recipe(path: str, **parameters: Any) -> dict[str, Any]:
    return {
        "dataset": "heard", "taxonomy": "ekman-7", "sources": [{"kind": "folder", "path": "media"}],
        "ingest": [{"asr": {"path": path, "beam": 1, **parameters}}],
    }  # fmt: skip


def _built(made: Project) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    workspace = Workspace(made.workspace)
    record = last_build(workspace)
    assert record is not None
    tables = [
        read_parts(parts(workspace, record.finished, spec.name), spec.schema, spec.schema.names).to_pylist()
        for spec in (SAMPLES, NOTES)
    ]
    return {Path(row["uri"]).name: row for row in tables[0]}, tables[1]


@needs_shared
def test_a_build_writes_down_what_is_said_and_asks_once(whisper: Path, tmp_path: Path) -> None:
    made = project(tmp_path / "p", _recipe("whisper-base"))
    for folder in ("whisper-base", "media"):
        (made.folder / folder).mkdir()
    for file in whisper.iterdir():
        (made.folder / "whisper-base" / file.name).hardlink_to(file)
    (made.folder / "media" / "said.mp3").write_bytes((SHARED / "silero_test.mp3").read_bytes())
    loaded = run(LoadAudio(rate=48_000), [{"original": {"path": str(SHARED / "silero_test.mp3")}}]).rows["audio"]
    spoken = np.pad(samples_of(loaded[0].as_py()["bytes"]), ((0, 0), (48_000, 0)))
    write_video(made.folder / "media" / "film.mkv", 30, samples=spoken, sound_codec="flac")
    write_video(made.folder / "media" / "mute.mp4", 5, sound=False)
    assert (made.build(publish=False).failed, made.rejects()) == (0, [])

    rows, notes = _built(made)
    assert (rows["said.mp3"]["text"], rows["said.mp3"]["language"]) == ("Damn son, where'd you find this?", "en")
    assert rows["film.mkv"]["text"] == rows["said.mp3"]["text"]
    ends = [rows[name]["segments"][-1]["end_us"] for name in ("said.mp3", "film.mkv")]
    assert ends[1] == pytest.approx(ends[0] + 1_000_000, abs=300_000)
    assert (rows["mute.mp4"]["text"], rows["mute.mp4"]["segments"]) == (None, [])
    [words] = [n["places"] for n in notes if n["name"] == "words" and n["sample_id"] == rows["said.mp3"]["sample_id"]]
    text = rows["said.mp3"]["text"]
    assert [text[w["char_start"] : w["char_end"]] for w in words] == text.split()
    assert all(0 <= w["start_us"] <= w["end_us"] <= 2_600_000 for w in words)

    answers = sorted(made.workspace.glob("ledgers/answers/**/*.parquet"))
    assert answers
    made.build("ingest=[{asr: {path: whisper-base, beam: 1, min_confidence: 0.99}}]", publish=False)
    assert made.reasons() == [("film.mkv", "filtered"), ("said.mp3", "filtered")]
    assert sorted(made.workspace.glob("ledgers/answers/**/*.parquet")) == answers
