"""A review of 200 samples of four modalities, from the recipe to labels and back, in a real Label Studio."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from playwright.sync_api import Page, sync_playwright
from support.chromium import ARGUMENTS, CHROMIUM
from support.label_studio import LabelStudio
from support.round_trip import EACH, Reviewed, reviewing, scripted, strength, write_world

from affectory.annotation.push import Pushed as Done
from affectory.pipelines.history import last_build, parts, read_parts
from affectory.pipelines.review.linking import refresh_links
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.pulling import PulledSummary, Pulling
from affectory.pipelines.review.pushing import ProjectPushed, Pushing
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import LABELS

pytestmark = pytest.mark.xdist_group("label-studio")
MOST = 2
"""Answers of each scripted rater to each kind."""
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def reviewed(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    folder = tmp_path_factory.mktemp("trip")
    project = write_world(folder / "project")
    project.build(publish=False)
    with reviewing(project, label_studio, folder / "home", ("ann", "bob", "cyd")) as found:
        found.review(ask=[{"categories": {"intensity": 3}}], raters=2, explore=0.1)
        assert sum(one.fresh for one in make_plan(found.desk)) == 400
        yield found


def push(reviewed: Reviewed) -> list[ProjectPushed]:
    return Pushing(reviewed.desk, print, quiet).run()


def pull(reviewed: Reviewed) -> PulledSummary:
    return Pulling(reviewed.desk, print, quiet).run()


def quiet(*_: Any) -> None:
    pass


def labels(reviewed: Reviewed) -> list[dict[str, Any]]:
    """People's labels of the last build."""
    workspace = Workspace(reviewed.project.workspace)
    record = last_build(workspace)
    assert record is not None
    table = read_parts(parts(workspace, record.finished, "labels"), LABELS.schema, LABELS.schema.names)
    return list(table.filter(pc.equal(table.column("pool"), "human")).to_pylist())


@pytest.fixture(scope="module")
def pushed(reviewed: Reviewed) -> Reviewed:
    found = push(reviewed)
    assert {one.done.made for one in found} == set(EACH.values())
    return reviewed


@pytest.fixture(scope="module")
def answered(pushed: Reviewed) -> dict[str, dict[str, str]]:
    """What two raters answered by themselves, and one in a browser, by task."""
    given: dict[str, dict[str, str]] = {}
    for name, label in (("ann", "joy"), ("bob", "anger")):
        with scripted(pushed, name) as rater:
            for project in pushed.projects():
                rater.answer(project, label, most=MOST)
            given[name] = rater.answers
    given["cyd"] = in_browser(pushed)
    return given


def in_browser(reviewed: Reviewed) -> dict[str, str]:
    """One answer of each kind by keyboard, after logging in as raters do."""
    who, shots = reviewed.people["cyd"], Path(os.environ.get("AFFECTORY_SCREENSHOTS") or reviewed.home.folder)
    given = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{reviewed.url}/user/login/")
        page.fill("input[name=email]", who.email)
        page.fill("input[name=password]", who.password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/review/")
        page.screenshot(path=shots / "round-trip-desk.png")
        for (_, kind, _), number in reviewed.projects().items():
            given |= answer_one(page, reviewed, kind, number, shots)
        browser.close()
    return given


def answer_one(page: Page, reviewed: Reviewed, kind: str, number: int, shots: Path) -> dict[str, str]:
    page.goto(f"{reviewed.url}/projects/{number}/data?labeling=1")
    page.get_by_test_id("bottombar-submit-button").wait_for(timeout=PATIENCE_MS)
    page.get_by_text("Labeling Instructions").wait_for(timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    page.get_by_text("Labeling Instructions").wait_for(state="hidden")
    keys = reviewed.desk.review.forms()["main", kind].scene.keys
    page.keyboard.press(keys["categories:fear"])
    page.keyboard.press(keys[strength("fear")].replace("shift", "Shift"))
    page.wait_for_timeout(3000 if kind in ("audio", "video") else 1000)  # nobody has judged it sooner
    page.screenshot(path=shots / f"round-trip-{kind}.png")
    with page.expect_response(lambda r: "/annotations" in r.url and r.request.method == "POST") as stored:
        page.keyboard.press("Control+Enter")
    task = reviewed.admin("GET", f"/api/tasks/{stored.value.json()['task']}/")
    return {task["data"]["uid"]: "fear"}


def test_what_is_asked_lies_there_once(pushed: Reviewed) -> None:
    for (_, kind, _), number in pushed.projects().items():
        tasks = pushed.admin("GET", "/api/tasks/", params={"project": number, "page_size": 200, "include": "data"})
        uids = Counter(task["data"]["uid"] for task in tasks["tasks"])
        assert len(uids) == EACH[kind]
        assert set(uids.values()) == {1}
    again = push(pushed)
    assert [(one.done.made, one.done.updated, one.done.closed, one.done.repaired) for one in again] == [
        (0, 0, 0, 0)
    ] * 4
    assert sum(one.fresh for one in make_plan(pushed.desk)) == 0, "nothing is asked twice"


def test_answers_come_back_once_as_judgements_of_their_raters(
    pushed: Reviewed, answered: dict[str, dict[str, str]]
) -> None:
    count = sum(map(len, answered.values()))
    assert count == 2 * 4 * MOST + 4
    found = pull(pushed)
    assert (found.counts, found.judgements) == (Counter({"taken": count}), count)
    assert pull(pushed).counts == Counter(), "nothing is new"
    rows = pushed.desk.judgements().to_pylist()
    asked = {(row["task"], row["rater"]): row for row in pushed.desk.asks().to_pylist()}
    shown = pushed.shown()
    for name, given in answered.items():
        who = pushed.desk.pseudonym(pushed.people[name].email)
        mine = {row["anchor"]["record"]: row for row in rows if row["rater"] == who}
        assert len(mine) == len(given)
        for task, label in given.items():
            row = mine[shown[task].anchor["record"]]
            assert [row["asked"]["labels"][i] for i, w in enumerate(row["answer"]["weights"]) if w] == [label]
            assert row["shown"]["content"] == shown[task].content
            assert row["shown"]["position"] == asked[task, who]["position"]
            assert row["origin"] is None


def test_labels_follow(pushed: Reviewed, answered: dict[str, dict[str, str]]) -> None:
    assert labels(pushed) == []
    pull(pushed)
    pushed.project.build(publish=False)
    by_sample = {row["sample_id"]: row for row in labels(pushed) if row["space"] == "simplex"}
    votes, shown = dict[str, Counter[str]](), pushed.shown()
    for given in answered.values():
        for task, label in given.items():
            votes.setdefault(shown[task].sample_id, Counter())[label] += 1
    assert set(by_sample) == set(votes)
    names = pushed.project.bound().taxonomy.labels
    for sample, said in votes.items():
        share = {name: value for name, value in zip(names, by_sample[sample]["values"], strict=True) if value}
        assert share == pytest.approx({name: n / said.total() for name, n in said.items()})
        assert by_sample[sample]["count"] == said.total()


def test_links_of_answered_tasks_are_renewed(
    pushed: Reviewed, answered: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push replaces those that nobody answered; the others must not lead nowhere before all have answered."""
    shown, number = pushed.shown(), pushed.projects()["main", "image", False]
    uid = next(t for given in answered.values() for t in given if shown[t].kind == "image")
    found = pushed.admin("GET", "/api/tasks/", params={"project": number, "page_size": 200, "include": "id,data"})
    there = next(task for task in found["tasks"] if task["data"]["uid"] == uid)
    later = time.time() + 80 * 86_400
    monkeypatch.setattr("affectory.pipelines.review.serving.time", lambda: later)
    pushing = Pushing(pushed.desk, print, quiet)
    [project] = [p for p in pushing.desk.projects() if p.kind == "image"]
    task = pushing._task(project, uid, [ask for ask in pushing.asks if ask["task"] == uid], shown[uid])
    done = Done(number, numbers={uid: there["id"]}, stale=(uid,))
    with pushing.desk.server(print) as server:
        assert refresh_links(server, done, {uid: replace(task, data={**task.data, "image": "another"})}) == 0
        assert refresh_links(server, done, {uid: task}) == 1
        assert refresh_links(server, done, {uid: task}) == 0
    now = pushed.admin("GET", f"/api/tasks/{there['id']}/")
    assert now["data"]["image"] == task.data["image"] != there["data"]["image"]
    assert now["data"]["content"] == task.content
