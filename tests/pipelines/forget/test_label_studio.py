"""A person's tasks and answers leave a real Label Studio, at once or as soon as it is there again; projects stay."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from support.forgetting import NAME
from support.label_studio import LabelStudio
from support.project import write_lines
from support.round_trip import Reviewed, reviewing, scripted, write_world
from support.searching import places_of

from affectory.pipelines.forget import pending
from affectory.pipelines.forget.forgetting import Forgetting
from affectory.pipelines.forget.plan import Done
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.pulling import Pulling
from affectory.pipelines.review.pushing import Pushing
from affectory.pipelines.store.workspace import Workspace

pytestmark = pytest.mark.xdist_group("label-studio")
LINES, MINE = 5, "I told nobody of the lighthouse that frightened me."


@pytest.fixture(scope="module")
def reviewed(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """Five lines, one of them of the person; two raters answered all."""
    folder = tmp_path_factory.mktemp("gone")
    project = write_world(folder / "project", {"text": LINES})
    lines = [{"id": f"t{n}", "who": f"s{n}", "body": f"Line {n} says what it says."} for n in range(LINES - 1)]
    write_lines(project.folder / "lines.jsonl", [*lines, {"id": "mine", "who": NAME, "body": MINE}])
    recipe = yaml.safe_load(project.recipe.read_text())
    recipe["sources"][1]["speaker"] = "who"
    project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    project.build(publish=False)
    with reviewing(project, label_studio, folder / "home", ("gil", "hal")) as found:
        found.review(ask=[{"categories": {"intensity": 3}}], raters=2, kinds=["text"])
        make_plan(found.desk)
        Pushing(found.desk, print, _quiet).run()
        for name in ("gil", "hal"):
            with scripted(found, name) as rater:
                rater.answer(("main", "text", False), "joy")
        assert Pulling(found.desk, print, _quiet).run().judgements == 2 * LINES
        yield found


def _quiet(*_: Any) -> None:
    pass


def _forget(reviewed: Reviewed, person: str) -> Done:
    made, home = reviewed.project, reviewed.home.folder
    with Forgetting(made.bound(), Workspace(made.workspace), made.releases, print, home).alone() as forgetting:
        return forgetting.forget(forgetting.plan(person, "asked by mail"))


def _lying(reviewed: Reviewed) -> list[dict[str, Any]]:
    (number,) = reviewed.projects().values()
    return list(reviewed.admin("GET", f"/api/projects/{number}/export?exportType=JSON&download_all_tasks=true"))


def test_tasks_wait_for_a_server_that_is_away_and_go_with_the_next_push(reviewed: Reviewed) -> None:
    recipe = reviewed.project.recipe.read_text()
    reviewed.project.recipe.write_text(recipe.replace(reviewed.studio.url, "http://127.0.0.1:9"))
    done = _forget(reviewed, NAME)
    reviewed.project.recipe.write_text(recipe)
    assert "are there still" in done.review and len(_lying(reviewed)) == LINES
    reviewed.project.build(publish=False)
    make_plan(reviewed.desk)
    Pushing(reviewed.desk, print, _quiet).run()
    left = _lying(reviewed)
    assert len(left) == LINES - 1 and all(MINE not in str(task) for task in left)
    assert all(len(task["annotations"]) == 2 for task in left)
    assert not pending.is_waiting(Workspace(reviewed.project.workspace))
    assert places_of({MINE.encode()}, reviewed.project.workspace, reviewed.home.folder) == set()


def test_a_rater_takes_their_answers_along_and_is_asked_no_more(reviewed: Reviewed) -> None:
    gil = reviewed.people["gil"].email
    assert "answers of theirs" in _forget(reviewed, gil).review
    left = _lying(reviewed)
    assert [len(task["annotations"]) for task in left] == [1] * len(left)
    reviewed.project.build(publish=False)
    who = reviewed.desk.pseudonym(gil)
    assert who not in {person.id for person in reviewed.desk.people}
    Pulling(reviewed.desk, print, _quiet).run()
    assert who not in reviewed.desk.judgements().column("rater").to_pylist()
    assert places_of({who.encode(), gil.encode()}, reviewed.project.workspace, reviewed.home.folder) == set()
