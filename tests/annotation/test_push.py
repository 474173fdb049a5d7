"""Pushes into a real Label Studio: once, twice, changed, killed, two at once, and through a proxy that fails.

Whatever happens, what lies there afterwards is what was planned.
"""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
from support.faulty_proxy import Does, Fault, FaultyProxy
from support.label_studio import LabelStudio
from support.pushing import CONFIG, World, choice, spec, started, task, tasks

from affectory.annotation.client.server import Server
from affectory.annotation.pull import pull
from affectory.annotation.push import Pushed, push
from affectory.annotation.push_steps import Progress

pytestmark = pytest.mark.xdist_group("label-studio")
LOST: tuple[Does, ...] = ("504 after", "504 before", "504 while it works", "drop after", "drop before", "twice")


@pytest.fixture(scope="module")
def server(label_studio: LabelStudio) -> Iterator[Server]:
    with Server.at(label_studio.url, label_studio.token) as found:
        yield found


@pytest.fixture
def world(server: Server) -> World:
    """A key of its own. Its project stays: deleting it would stop others from being counted."""
    return World(server, uuid4().hex)


@pytest.fixture
def proxy(label_studio: LabelStudio) -> Iterator[FaultyProxy]:
    with FaultyProxy(label_studio.url).serving() as running:
        yield running


def through(proxy: FaultyProxy, label_studio: LabelStudio) -> Server:
    return Server.at(proxy.url, label_studio.token, settle_s=1.5, patience_s=60)


def did(pushed: Pushed) -> dict[str, int]:
    told = {name: getattr(pushed, name) for name in ("made", "updated", "closed", "kept", "repaired")}
    return {name: count for name, count in told.items() if count}


def test_pushing_again_does_what_changed_and_no_more(world: World) -> None:
    def pushed(*planned: object) -> dict[str, int]:
        found = push(world.server, spec(world.key), planned)  # type: ignore[arg-type]
        world.exactly(planned)  # type: ignore[arg-type]
        assert dict(found.numbers) == {one.uid: one.number for one in world.lying()}
        return did(found)

    a, b, c = tasks(3)
    assert pushed(a, b) == {"made": 2}
    assert pushed(a, b) == {"kept": 2}
    assert pushed(b, c) == {"made": 1, "kept": 1, "closed": 1}
    assert pushed(replace(b, content="anew", data={"text": "anew"}), c) == {"updated": 1, "kept": 1}
    assert pushed(replace(b, content="anew", overlap=3), c) == {"kept": 2}


def test_what_somebody_answered_stays_whatever_changes(world: World) -> None:
    told: list[str] = []
    numbers = push(world.server, spec(world.key), tasks(3)).numbers
    answers = {world.answer(numbers["uid-0"]), world.answer(numbers["uid-1"], was_cancelled=True)}
    found = push(world.server, spec(world.key), [task(0, content="anew"), task(2)], tell=told.append)
    assert (found.stale, found.closed) == (("uid-0",), 1)
    assert told == ["1 tasks were answered before what they show changed; they stay as they were"]
    left = {one.uid: one for one in world.lying()}
    assert left["uid-0"].content == "as it was"
    assert left["uid-1"].finished
    assert all(world.server.get(f"/api/annotations/{number}/")["id"] == number for number in answers)
    assert did(push(world.server, spec(world.key), [task(0, content="anew"), task(2)])) == {"kept": 2}


def test_no_count_of_answers_is_believed(world: World) -> None:
    """While projects are deleted Label Studio does not count what raters store; here it is made to forget it."""
    numbers = push(world.server, spec(world.key), tasks(2)).numbers
    answer = world.answer(numbers["uid-0"])
    forgotten = {"total_annotations": 0, "is_labeled": False}
    assert world.server.patch(f"/api/tasks/{numbers['uid-0']}/", forgotten)["total_annotations"] == 0
    assert push(world.server, spec(world.key), tasks(2)[1:]).closed == 1
    assert world.server.get(f"/api/annotations/{answer}/")["task"] == numbers["uid-0"]
    assert {one.uid: one.finished for one in world.lying()} == {"uid-0": True, "uid-1": False}


@pytest.mark.parametrize(
    ("count", "answers", "batch"), [(60, 12, 20), pytest.param(2000, 600, 200, marks=pytest.mark.drill)]
)
def test_answers_that_come_while_others_are_imported_are_all_there_once(
    world: World, label_studio: LabelStudio, count: int, answers: int, batch: int
) -> None:
    numbers = push(world.server, spec(world.key), tasks(answers)).numbers
    process = started(label_studio.url, label_studio.token, world.key, count, batch)
    with ThreadPoolExecutor(3) as raters:
        given = list(raters.map(world.answer, numbers.values()))
    output = process.communicate(timeout=900)
    assert process.returncode == 0, output
    push(world.server, spec(world.key), tasks(count))
    world.exactly(tasks(count))
    found = list(pull(world.server, world.project, {}))
    assert sorted(one.annotation for one in found) == sorted(given)
    assert sorted(one.uid for one in found) == sorted(numbers)


def test_a_task_that_needs_another_rater_is_offered_again(world: World, label_studio: LabelStudio) -> None:
    numbers = push(world.server, spec(world.key), [task(0)]).numbers
    world.answer(numbers["uid-0"])
    rater = label_studio.annotator("second")
    with Server.at(label_studio.url, rater.token) as second:
        before = second.client.get(f"/api/projects/{world.project}/next", headers=second.login.header())
        push(world.server, spec(world.key), [task(0, overlap=2)])
        after = second.get(f"/api/projects/{world.project}/next")
    assert (before.status_code, after["id"]) == (404, numbers["uid-0"])


def test_a_task_that_somebody_has_begun_is_not_taken_away(world: World) -> None:
    numbers = push(world.server, spec(world.key), tasks(2)).numbers
    world.server.post(f"/api/tasks/{numbers['uid-0']}/drafts", {"result": [choice()], "lead_time": 1})
    assert did(push(world.server, spec(world.key), tasks(2)[1:])) == {"kept": 1, "closed": 1}
    assert {one.uid: one.finished for one in world.lying()} == {"uid-0": True, "uid-1": False}


def test_tasks_that_others_brought_are_let_be(world: World) -> None:
    push(world.server, spec(world.key), tasks(1))
    world.server.post(f"/api/projects/{world.project}/import", [{"data": {"text": "by hand"}}])
    push(world.server, spec(world.key), tasks(2))
    assert sorted(one.uid for one in world.lying()) == ["", "uid-0", "uid-1"]


def test_a_project_says_what_the_recipe_says_now(world: World) -> None:
    push(world.server, spec(world.key), tasks(2))
    more = CONFIG.replace("<Choice ", '<Choice value="fear"/><Choice ', 1)
    changed = spec(world.key, title="L" * 80, config=more, instructions="Take your time.", suggests=True)
    push(world.server, changed, tasks(2))
    found = world.server.get(f"/api/projects/{world.project}/")
    assert (found["title"], found["label_config"], found["expert_instruction"]) == ("L" * 50, more, "Take your time.")
    assert found["show_collab_predictions"]
    assert found["model_version"] == "affectory", "or raters would not see what was suggested"
    world.exactly(tasks(2))


def test_progress_tells_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affectory.annotation.push_steps.MOST_TASKS", 2)
    seen: list[Progress] = []
    push(world.server, spec(world.key), tasks(5), progress=seen.append)
    assert [(at.done, at.of) for at in seen] == [(2, 5), (4, 5), (5, 5)]
    assert seen[-1].left_s == 0
    world.exactly(tasks(5))


@pytest.mark.parametrize(
    ("does", "within"),
    [
        *((does, "/import") for does in LOST),
        *((does, "/api/projects/") for does in ("504 after", "drop before", "twice")),
    ],
)
def test_a_post_whose_end_nobody_knows_is_done_once(
    world: World, proxy: FaultyProxy, label_studio: LabelStudio, does: Does, within: str
) -> None:
    proxy.faults = [Fault(does, "POST", within)]
    with through(proxy, label_studio) as server:
        pushed = push(server, spec(world.key), tasks(4))
    assert proxy.met == [does]
    for late in proxy.late:
        late.join()
    if does == "504 while it works":
        push(world.server, spec(world.key), tasks(4))  # what came later still is put right by whoever comes next
    world.exactly(tasks(4))
    assert does == "504 while it works" or len(pushed.numbers) == 4


@pytest.mark.parametrize("does", ["504 after", "drop before", "twice"])
def test_an_answered_task_gets_the_prediction_that_it_lacks_once(
    world: World, proxy: FaultyProxy, label_studio: LabelStudio, does: Does
) -> None:
    number = push(world.server, spec(world.key), [task(0, suggested=False)]).numbers["uid-0"]
    world.answer(number)
    proxy.faults = [Fault(does, "POST", "/api/predictions/")]
    with through(proxy, label_studio) as server:
        push(server, spec(world.key), tasks(1))
    assert proxy.met == [does]
    world.exactly(tasks(1))


@pytest.mark.parametrize(("method", "does"), [("GET", "504 before"), ("PATCH", "drop after"), ("POST", "drop after")])
def test_what_may_be_done_twice_is_asked_again(
    world: World, proxy: FaultyProxy, label_studio: LabelStudio, method: str, does: Does
) -> None:
    push(world.server, spec(world.key), tasks(3))
    proxy.faults = [Fault(does, method, {"GET": "/api/tasks/", "PATCH": "/api/tasks/", "POST": "/api/dm/"}[method], 2)]
    planned = [task(0, overlap=2), task(2)]
    with through(proxy, label_studio) as server:
        push(server, spec(world.key), planned)
    assert len(proxy.met) == 2
    world.exactly(planned)


@pytest.mark.parametrize(
    ("method", "within", "nth"), [("POST", "/api/projects/", 1), ("POST", "/import", 1), ("POST", "/import", 2)]
)
def test_a_push_after_one_that_was_killed_ends_the_same(
    world: World, proxy: FaultyProxy, label_studio: LabelStudio, method: str, within: str, nth: int
) -> None:
    left = nth

    def kill(asked: str, path: str) -> None:
        nonlocal left
        left -= asked == method and (within in path)
        if left == 0 and process.poll() is None:
            process.send_signal(signal.SIGKILL)

    proxy.before = kill
    process = started(proxy.url, label_studio.token, world.key, count=6, batch=3)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert len(push(world.server, spec(world.key), tasks(6)).numbers) == 6
    world.exactly(tasks(6))


def test_two_pushes_at_once_end_in_one_task_per_sample(world: World, label_studio: LabelStudio) -> None:
    both = [started(label_studio.url, label_studio.token, world.key, count=24, batch=6) for _ in range(2)]
    outputs = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    world.exactly(tasks(24))
    numbers = {one.uid: one.number for one in world.lying()}
    assert numbers in [json.loads(out)["numbers"] for out, _ in outputs]
