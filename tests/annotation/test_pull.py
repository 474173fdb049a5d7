"""Pulls from a real Label Studio: each change of what raters said is found once, and only what is gone is told so."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from support.faulty_proxy import Fault, FaultyProxy
from support.label_studio import LabelStudio
from support.pushing import World, choice, spec, tasks

from affectory.annotation.client.server import Server
from affectory.annotation.found import Annotation
from affectory.annotation.pull import annotations_of, pull, state_of
from affectory.annotation.push import push
from affectory.schemas.errors import UserError

pytestmark = pytest.mark.xdist_group("label-studio")


class Ledger:
    """What a reader of pulls remembers."""

    def __init__(self, server: Server, project: int) -> None:
        self.server, self.project = server, project
        self.seen: dict[int, str] = {}
        self.since = ""

    def pulled(self, server: Server | None = None) -> list[tuple[int, str]]:
        """The annotations of one pull and their states; they are remembered."""
        found = list(pull(server or self.server, self.project, self.seen, since=self.since))
        self.seen |= {one.annotation: state_of(one) for one in found}
        self.since = max([self.since, *(one.updated for one in found)])
        return sorted((one.annotation, one.state) for one in found)


@pytest.fixture(scope="module")
def server(label_studio: LabelStudio) -> Iterator[Server]:
    with Server.at(label_studio.url, label_studio.token) as found:
        yield found


@pytest.fixture
def world(server: Server) -> World:
    made = World(server, uuid4().hex)
    push(server, spec(made.key), tasks(4))
    return made


@pytest.fixture
def numbers(world: World) -> dict[str, int]:
    return {one.uid: one.number for one in world.lying()}


@pytest.mark.parametrize("few", [0, 1000], ids=["what changed", "all"])
def test_all_that_can_happen_to_an_answer_is_found_once(
    world: World, numbers: dict[str, int], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affectory.annotation.pull.FEW", few)
    monkeypatch.setattr("affectory.annotation.pull.CHEAPER", few or 1e9)
    ledger = Ledger(world.server, world.project)
    a, b, twin = (world.answer(numbers[uid]) for uid in ("uid-0", "uid-1", "uid-1"))
    skip = world.answer(numbers["uid-2"], was_cancelled=True)
    assert ledger.pulled() == [(a, "stored"), (b, "stored"), (twin, "stored"), (skip, "skipped")]
    assert ledger.pulled() == []
    world.edit(a, result=[choice("anger")])
    world.edit(b, was_cancelled=True)
    world.edit(skip, was_cancelled=False)
    world.server.delete(f"/api/annotations/{twin}/")
    assert ledger.pulled() == [(a, "stored"), (b, "skipped"), (twin, "deleted"), (skip, "stored")]
    assert ledger.pulled() == []
    world.server.delete(f"/api/tasks/{numbers['uid-1']}/")
    last = world.answer(numbers["uid-3"])
    assert ledger.pulled() == [(b, "deleted"), (last, "stored")]
    ledger.since = ""
    assert ledger.pulled() == []


def test_an_annotation_says_who_what_where_and_how_long(
    world: World, numbers: dict[str, int], label_studio: LabelStudio
) -> None:
    world.server.post(f"/api/tasks/{numbers['uid-0']}/drafts", {"result": [choice()], "lead_time": 1})
    number = world.answer(numbers["uid-1"], "anger")
    (found,) = pull(world.server, spec(world.key), {})
    assert (found.annotation, found.number, found.uid) == (number, numbers["uid-1"], "uid-1")
    assert (found.email, found.state, found.spent_s) == (label_studio.admin_email, "stored", 2.5)
    assert found.result[0]["value"] == {"choices": ["anger"]}


def test_a_project_that_is_gone_takes_nothing_back(world: World, numbers: dict[str, int]) -> None:
    ledger = Ledger(world.server, world.project)
    world.answer(numbers["uid-0"])
    ledger.pulled()
    world.server.delete(f"/api/projects/{world.project}/")
    with pytest.raises(UserError, match="is not in Label Studio"):
        ledger.pulled()
    with pytest.raises(UserError, match="has no project 'Push and pull' of ours"):
        list(pull(world.server, spec(world.key), ledger.seen))


def test_an_answer_that_breaks_off_is_read_again_and_nothing_comes_twice(
    world: World, numbers: dict[str, int], label_studio: LabelStudio
) -> None:
    answers = sorted(world.answer(number) for number in numbers.values())
    proxy = FaultyProxy(label_studio.url, [Fault("cut", "GET", "/export"), Fault("drop after", "GET", "/export")])
    with proxy.serving(), Server.at(proxy.url, label_studio.token) as server:
        found = [one.annotation for one in pull(server, world.project, {})]
    assert sorted(found) == answers
    assert proxy.met == ["cut", "drop after"]


def test_a_server_that_is_away_for_a_while_is_waited_for_with_a_line(
    world: World, numbers: dict[str, int], label_studio: LabelStudio
) -> None:
    told: list[str] = []
    number = world.answer(numbers["uid-0"])
    with (
        FaultyProxy(label_studio.url).serving() as proxy,
        Server.at(proxy.url, label_studio.token, tell=told.append) as server,
        proxy.away_for(3.0),
    ):
        found = list(pull(server, world.project, {}))
    assert [one.annotation for one in found] == [number]
    assert [line.split(" (")[0].split(" after ")[0] for line in told] == [
        f"Label Studio at {proxy.url} does not answer",
        "Label Studio answers again",
    ]


TASK: dict[str, Any] = {"id": 1, "data": {"uid": "u"}, "annotations": [{"id": 2, "completed_by": 3, "result": [{}]}]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lead_time": "soon"}, {"spent_s": None}),
        ({"lead_time": -1}, {"spent_s": None}),
        ({"completed_by": None}, {"email": ""}),
        ({"completed_by": {"id": 3}}, {"email": ""}),
        ({"result": "joy"}, {"result": ()}),
        ({"result": ["joy", {"id": "a"}]}, {"result": ({"id": "a"},)}),
    ],
)
def test_what_label_studio_holds_need_not_make_sense(changed: dict[str, Any], expected: dict[str, Any]) -> None:
    (found,) = annotations_of({**TASK, "annotations": [{**TASK["annotations"][0], **changed}]}, {3: "a@b"})
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("data", [None, [], {}, {"uid": 7}])
def test_a_task_without_our_id_has_none(data: object) -> None:
    (found,) = annotations_of({**TASK, "data": data}, {3: "a@b"})
    assert found.uid == ""


@pytest.mark.parametrize("since", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T02:00:00+02:00"])
def test_any_time_can_be_the_last_one_that_was_pulled(
    world: World, numbers: dict[str, int], since: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affectory.annotation.pull.FEW", 0)
    monkeypatch.setattr("affectory.annotation.pull.CHEAPER", 1e9)
    answer = world.answer(numbers["uid-0"])
    assert [one.annotation for one in pull(world.server, world.project, {}, since=since)] == [answer]


def test_each_time_it_is_saved_is_a_state_of_its_own() -> None:
    first = Annotation(1, 2, "u", "a@b", "stored", "2026-01-01T00:00:00Z", result=({"id": "a"},))
    states = [state_of(first), state_of(Annotation(1, 2, "u", "a@b", "skipped", first.updated, result=first.result))]
    states.append(state_of(Annotation(1, 2, "u", "a@b", "stored", "2026-01-01T00:00:01Z", result=first.result)))
    assert len(set(states)) == 3
    assert state_of(Annotation(1, 2, "", "", "deleted")) == "deleted"
