"""Commands of a review that are killed anywhere, and run again: the ledgers end as if nothing had happened."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from support.forms import answered_result
from support.killing import at_once, killed
from support.label_studio import LabelStudio
from support.project import Project, write_lines
from support.round_trip import TOKEN, Reviewed, write_world

from affectory.annotation.proxy.home import read_assigned
from affectory.annotation.server.home import Home
from affectory.pipelines.review import pulling
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.pulling import Pulling
from affectory.pipelines.review.pushing import Pushing
from affectory.pipelines.store.ledger import Ledger

pytestmark = pytest.mark.xdist_group("label-studio")
COUNT = 6
KEY = ("main", "text", False)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def reviewed(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """A review that nobody comes to through a proxy: what raters answer is stored by the administrator."""
    folder = tmp_path_factory.mktemp("killed")
    project = write_world(folder / "project", {"text": COUNT})
    people = {name: label_studio.annotator(f"killed-{name}") for name in ("ann", "bob")}
    home = Home(folder / "home")
    home.prepare()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(TOKEN, label_studio.token)
        found = Reviewed(project, label_studio, home, "http://proxy.test", people)
        found.review(ask=["categories"], raters=2, kinds=["text"])
        project.build(publish=False)
        make_plan(found.desk)
        yield found


def quiet(*_: Any) -> None:
    pass


def push(reviewed: Reviewed) -> dict[str, int]:
    [done] = Pushing(reviewed.desk, print, quiet).run()
    return {name: n for name, n in done.facts().items() if name in ("made", "updated", "closed", "repaired") and n}


def pull(reviewed: Reviewed) -> int:
    return Pulling(reviewed.desk, print, quiet).run().judgements


def lying(reviewed: Reviewed) -> dict[str, int]:
    """By our own id the number of each task; each is there once."""
    asked = {"project": reviewed.projects()[KEY], "page_size": 100, "include": "id,data"}
    tasks = reviewed.admin("GET", "/api/tasks/", params=asked)["tasks"]
    assert set(Counter(task["data"]["uid"] for task in tasks).values()) == {1}
    return {task["data"]["uid"]: task["id"] for task in tasks}


@dataclass(frozen=True)
class Answers:
    """What raters do, by our own id of a task."""

    reviewed: Reviewed

    @cached_property
    def numbers(self) -> dict[str, int]:
        return lying(self.reviewed)

    @cached_property
    def _said(self) -> Callable[[str, str], Any]:
        form, shown = self.reviewed.desk.review.forms()[KEY[:2]], self.reviewed.shown()
        return lambda task, label: answered_result(form, shown[task], {"categories": [label]})

    def give(self, task: str, name: str, label: str = "joy") -> int:
        """Somebody's annotation, by its number."""
        body = {"result": self._said(task, label), "lead_time": 9, "completed_by": self.reviewed.people[name].id}
        return int(self.reviewed.admin("POST", f"/api/tasks/{self.numbers[task]}/annotations/", json=body)["id"])

    def edit(self, annotation: int, task: str, label: str) -> None:
        self.reviewed.admin("PATCH", f"/api/annotations/{annotation}/", json={"result": self._said(task, label)})


@pytest.fixture(scope="module")
def answers(reviewed: Reviewed) -> Answers:
    return Answers(reviewed)


def ledgers(reviewed: Reviewed) -> list[list[Row]]:
    tables = (reviewed.desk.judgements(), reviewed.desk.returns())
    return [sorted(table.to_pylist(), key=str) for table in tables]


def stands(reviewed: Reviewed) -> Counter[str]:
    """How often each label stands."""
    newest = {
        row["act"]: row for row in sorted(reviewed.desk.judgements().to_pylist(), key=lambda r: int(r["revision"]))
    }
    said = [row for row in newest.values() if not row["retracted"] and not row["declined"]]
    return Counter(row["asked"]["labels"][row["answer"]["weights"].index(1.0)] for row in said)


def killed_some_times(reviewed: Reviewed, work: Callable[[Reviewed], Any], times: int, steps: int, seed: int) -> int:
    """Do it so often, each time to be killed somewhere; how often it was."""
    dice = random.Random(seed)

    def alone() -> None:
        with reviewed.desk.alone():
            work(reviewed)

    return sum(killed(dice.randint(1, steps), alone) for _ in range(times))


def test_a_push_that_is_killed_anywhere_and_run_again_ends_the_same(reviewed: Reviewed) -> None:
    assert killed_some_times(reviewed, push, 4, 14, seed=1) > 1
    push(reviewed)
    numbers, asks = lying(reviewed), reviewed.desk.asks().to_pylist()
    assert set(numbers) == {ask["task"] for ask in asks}
    assert len(numbers) == COUNT
    told = read_assigned(reviewed.home.folder / "assigned" / f"{reviewed.projects()[KEY]}.json")
    assert {(rater, task) for rater, tasks in told.raters.items() for task in tasks} == {
        (ask["rater"], numbers[ask["task"]]) for ask in asks
    }
    assert push(reviewed) == {}


def test_two_pushes_at_once_end_in_one_task_each_that_raters_can_reach(reviewed: Reviewed, tmp_path: Path) -> None:
    """Of one review from two folders, as two machines have it; all that is shown has changed."""
    lines = [json.loads(line) for line in (reviewed.project.folder / "lines.jsonl").read_text().splitlines()]
    write_lines(reviewed.project.folder / "lines.jsonl", [{**line, "body": f"{line['body']} Now."} for line in lines])
    reviewed.project.build(publish=False)
    make_plan(reviewed.desk)
    shutil.copytree(reviewed.project.folder, tmp_path / "copy")
    other = replace(reviewed, project=Project(tmp_path / "copy"))
    at_once(lambda: push(reviewed), lambda: push(other))
    numbers = lying(reviewed)
    assert len(numbers) == COUNT
    assert reachable(reviewed) == set(numbers.values())
    assert push(reviewed) == {}


def reachable(reviewed: Reviewed) -> set[int]:
    """The tasks that raters are given."""
    told = read_assigned(reviewed.home.folder / "assigned" / f"{reviewed.projects()[KEY]}.json")
    return {task for tasks in told.raters.values() for task in tasks}


def test_a_pull_that_is_killed_anywhere_and_run_again_ends_in_the_same_ledgers(
    reviewed: Reviewed, answers: Answers, tmp_path: Path
) -> None:
    first, second, third, *rest = answers.numbers
    given = {task: answers.give(task, "ann") for task in (first, second, third)}
    pull(reviewed)
    answers.edit(given[first], first, "fear")
    reviewed.admin("DELETE", f"/api/annotations/{given[second]}/")
    reviewed.admin("PATCH", f"/api/annotations/{given[third]}/", json={"was_cancelled": True})
    for task in rest:
        answers.give(task, "bob", "anger")
    shutil.copytree(reviewed.project.folder, tmp_path / "copy")
    undisturbed = replace(reviewed, project=Project(tmp_path / "copy"))
    pull(undisturbed)
    assert killed_some_times(reviewed, pull, 4, 24, seed=3) > 1
    pull(reviewed)
    assert ledgers(reviewed) == ledgers(undisturbed)
    assert pull(reviewed) == 0


class Dead(BaseException):
    """What a process is that was killed."""


@contextmanager
def dying(write: int) -> Iterator[None]:
    """The n-th write to the ledger of returns is the death of a pull."""
    left, real = write, Ledger.append

    def append(ledger: Ledger, rows: Any) -> int:
        nonlocal left
        left -= ledger.spec.name == "returns"
        if left == 0:
            raise Dead
        return real(ledger, rows)

    with mock.patch.object(Ledger, "append", append), pytest.raises(Dead):
        yield


def test_what_was_deleted_before_a_killed_pull_could_note_it_does_not_stand(
    reviewed: Reviewed, answers: Answers
) -> None:
    pull(reviewed)
    before, task = stands(reviewed), next(iter(answers.numbers))
    number = answers.give(task, "bob", "surprise")
    with dying(1):
        pull(reviewed)
    assert stands(reviewed) - before == Counter(surprise=1)
    reviewed.admin("DELETE", f"/api/annotations/{number}/")
    pull(reviewed)
    assert stands(reviewed) == before
    assert pull(reviewed) == 0


def test_an_edit_that_a_killed_pull_did_not_come_to_is_found(
    reviewed: Reviewed, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "AT_ONCE", 1)
    for name, value in {"FEW": 0, "CHEAPER": 1e9, "BEHIND": timedelta(0)}.items():
        monkeypatch.setattr(f"affectory.annotation.pull.{name}", value)
    tasks = list(answers.numbers)[-2:]
    given = {task: answers.give(task, "ann", "joy") for task in tasks}
    pull(reviewed)
    before = stands(reviewed)
    for task in reversed(tasks):  # the export has the one first that is edited last
        answers.edit(given[task], task, "sadness")
    with dying(2):
        pull(reviewed)
    pull(reviewed)
    assert stands(reviewed) - before == Counter(sadness=2)
