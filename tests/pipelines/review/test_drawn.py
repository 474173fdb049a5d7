"""Traces that lie in a home are pulled under pseudonyms, each for its own set of questions and its own review."""

from pathlib import Path

import pytest

from affectory.annotation.proxy.home import Rater, write_raters
from affectory.annotation.server.home import Home
from affectory.annotation.shown import Media, Shown
from affectory.annotation.tracing.store import Key, Store
from affectory.annotation.tracing.tasks import task_of, usual_scale, write_task
from affectory.annotation.tracing.traces import Save
from affectory.pipelines.review.tracing import drawn, read_drawn, traces_by_key
from affectory.schemas.ids import pseudonym

CLIP = Shown("s", "video", {"record": "r"}, media={"video": Media("a" * 64, "mp4")}, duration_s=1.0, frame_rate=25.0)
SAMPLES = tuple((n * 40_000, 0.0 if n < 2 else 0.5) for n in range(25))


def known_as(name: str) -> str:
    return pseudonym(name, b"key")


def home_with(folder: Path, *raters: str, uid: str = "t_1") -> Home:
    """A clip that each of these has traced."""
    task = task_of(CLIP, uid, (usual_scale("valence"),), "A clip")
    assert task is not None
    write_task(folder, task)
    for rater in raters:
        Store(folder).save(task, Key(uid, "valence", rater), Save("one-page", 0, 0, samples=SAMPLES, finished=True))
    return Home(folder)


@pytest.mark.parametrize("name", ["Ann Example", "ann@example.org", known_as("ann@example.org")])
def test_a_name_that_was_given_on_the_page_goes_no_further_than_the_home(tmp_path: Path, name: str) -> None:
    home = home_with(tmp_path, name)
    [(found, rater)] = drawn(home, {"t_1"}, known_as)
    assert rater == (name if name.startswith("p_") else known_as(name))
    row = {"task": "t_1", "rater": rater, "question": "main", "result": '[{"scale": "valence"}]'}
    [said] = read_drawn(home, traces_by_key(home, known_as), row, CLIP).answers
    assert said.answer["trace"][-1]["value"] == 0.5
    assert name.startswith("p_") or name not in repr((found, rater, said))


def test_two_sets_of_questions_that_follow_the_same_scale_are_told_apart(tmp_path: Path) -> None:
    home, rater = home_with(tmp_path, known_as("ann")), known_as("ann")
    traces = traces_by_key(home, known_as)
    row = {"task": "t_1", "rater": rater, "result": '[{"scale": "valence"}]'}
    asked = [
        read_drawn(home, traces, {**row, "question": name}, CLIP).answers[0].question for name in ("main", "heard")
    ]
    assert asked == ["main: valence", "heard: valence"]


def test_what_another_review_asked_for_in_the_same_home_is_not_pulled(tmp_path: Path) -> None:
    home_with(tmp_path, "ann", uid="t_2")
    home = home_with(tmp_path, "ann")
    assert [found.uid for found, _ in drawn(home, {"t_1"}, known_as)] == ["t_1"]


def test_who_is_known_to_the_proxy_by_another_review_is_pulled_under_this_ones_key(tmp_path: Path) -> None:
    elsewhere = pseudonym("ann@x.org", b"another key")
    home = home_with(tmp_path, elsewhere)
    write_raters(tmp_path, {"ann@x.org": Rater(elsewhere)})
    assert [rater for _, rater in drawn(home, {"t_1"}, known_as)] == [known_as("ann@x.org")]
