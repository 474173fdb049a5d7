"""Tasks are written where the page finds them; a folder of clips becomes tasks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.media import tone, write_sound
from support.tracing import AROUSAL, VALENCE, make_clips, task

from affectory.annotation.shown import Media, Shown
from affectory.annotation.tracing.folder import has_tasks, tasks_of_folder
from affectory.annotation.tracing.tasks import (
    Scale,
    TraceTask,
    read_task,
    remove_task,
    task_of,
    tasks_of,
    usual_scale,
    write_task,
)
from affectory.schemas.errors import UserError


def test_what_is_written_is_read(tmp_path: Path) -> None:
    one = task("t.1", raters=("p_ann",), start_us=5, title="Ein Titel „é“")
    write_task(tmp_path, one)
    write_task(tmp_path, one)
    assert list(tasks_of(tmp_path)) == [one]
    assert (read_task(tmp_path, "t.1"), read_task(tmp_path, "t.2")) == (one, None)
    remove_task(tmp_path, "t.1")
    assert not has_tasks(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"uid": "../x"}, {"uid": ""}, {"uid": "a/b"}, {"media": "../x.mp4"}, {"media": "/x.mp4"}, {"media": ".x.mp4"},
        {"duration_s": 0}, {"scales": ()}, {"scales": (Scale("a/b"),)}, {"duration_s": float("nan")},
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_not_written(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="trace task"):
        write_task(tmp_path, TraceTask(**{**vars(task()), **wrong}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("rate", "hz"), [(25, 25), (30000 / 1001, 30000 / 1001), (None, 25), (5, 25), (120, 25)])
def test_values_are_taken_at_the_rate_of_pictures(rate: float | None, hz: float) -> None:
    assert task(frame_rate=rate).hz == hz


def test_a_sample_is_traced_by_what_plays_of_it() -> None:
    anchor = {"record": "r_1", "start_us": 7_000_000, "end_us": 12_000_000}
    media = {"audio": Media("a" * 64, "flac"), "video": Media("b" * 64, "mp4")}
    shown = Shown("s_1", "video", anchor, media=media, duration_s=5.0, frame_rate=24.0)
    task = task_of(shown, "t_1", (VALENCE,), "Clip 1")
    assert task == TraceTask("t_1", "Clip 1", f"{'b' * 64}.mp4", "video", (VALENCE,), 5.0, 24.0, None, 7_000_000)
    heard = task_of(replace(shown, media={"audio": media["audio"]}), "t_1", (VALENCE,), "Clip 1")
    assert heard and (heard.kind, heard.hz) == ("audio", 25)
    assert task_of(replace(shown, media={}), "t_1", (VALENCE,), "Clip 1") is None


def test_a_scale_has_words_and_ends() -> None:
    assert usual_scale("arousal", 0, 9).high_label == "excited"
    assert usual_scale("trust").question == "How much trust?"
    with pytest.raises(ValueError, match="not below"):
        Scale("valence", 1, 1)


def test_clips_in_a_folder_are_tasks(tmp_path: Path) -> None:
    folder = make_clips(tmp_path / "home") / "media"
    write_sound(folder / "Ünï clip?.wav", tone(1))
    (folder / "notes.txt").write_text("none")
    first, second, third = tasks_of_folder(folder, [VALENCE, AROUSAL])
    assert (first.title, first.kind, first.frame_rate) == ("clip", "video", 25)
    assert first.duration_s == pytest.approx(5, abs=0.1)
    assert (second.kind, second.duration_s, second.hz) == ("audio", pytest.approx(5), 25)
    assert third.media == "Ünï clip?.wav"
    assert list(tasks_of(folder)) == [first, second, third]
    assert first.uid != second.uid


def test_a_folder_without_clips_says_what_clips_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mp4"):
        tasks_of_folder(tmp_path, [VALENCE])
    (tmp_path / "x.mp4").write_bytes(b"no film")
    with pytest.raises(UserError, match="cannot be read"):
        tasks_of_folder(tmp_path, [VALENCE])
