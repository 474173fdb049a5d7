"""Where raters disagree an expert decides, who sees what was said by nobody's name; nothing is erased by it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.answered_offline import answer, asking, desk, open_asks, reviewed
from support.forms import answered_result
from support.label_studio import LabelStudio
from support.project import Project

from affectory.annotation.client.server import Server
from affectory.pipelines.history import last_build
from affectory.pipelines.opined import of_build
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.planning import make_plan, plan_text
from affectory.pipelines.review.pulling import Pulling
from affectory.pipelines.review.pushing import Pushing
from affectory.pipelines.review.returning import asked_by_task
from affectory.pipelines.store.workspace import Workspace

REVIEW = {"ask": ["categories", "reason"], "raters": 2, "enough": 0.01, "adjudicate": {"least": 0.5}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return reviewed(tmp_path, 6, REVIEW, ("ann", "bob", "eve,expert"))


def decisions(at: Desk) -> list[dict[str, Any]]:
    return [row for row in open_asks(at) if row["purpose"] == "adjudication"]


def judged(at: Desk) -> list[dict[str, Any]]:
    return [row for row in open_asks(at) if row["purpose"] != "adjudication"]


def disagree(at: Desk) -> None:
    """Each rater sees another emotion everywhere, and names a rater in the reason."""
    asks = judged(at)
    moods = dict(zip(sorted({ask["rater"] for ask in asks}), ("joy", "anger", "fear"), strict=True))
    answer(at, asks, lambda ask: moods[ask["rater"]], reason=["because of ann@x.org"])


def test_an_expert_decides_what_raters_disagree_about(project: Project) -> None:
    make_plan(desk(project))
    disagree(desk(project))
    assert "6 adjudication" in plan_text(make_plan(desk(project)), True)
    asks = decisions(desk(project))
    assert len(asks) == 6
    at = desk(project)
    experts = [person.id for person in at.people if person.relation == "expert"]
    before = {(ask["sample_id"], ask["rater"]) for ask in judged(at)}
    assert all(ask["rater"] in experts or (ask["sample_id"], experts[0]) in before for ask in asks)
    pushing = Pushing(at, print, print)
    [decides] = [p for p in at.projects() if p.decides and p.kind == "text"]
    mine = pushing._asks_of(decides)
    assert len(mine) == 6
    asked = asked_by_task(mine)
    for ask in mine:
        task = pushing._task(decides, ask["task"], [ask], asked[ask["task"]].shown)
        told = task.data["earlier"]
        assert told.count("Rater ") == 2
        assert not any(person.id in told or person.email in told for person in at.people)


def test_a_decision_erases_nothing(project: Project) -> None:
    make_plan(desk(project))
    disagree(desk(project))
    make_plan(desk(project))
    before = desk(project).judgements().num_rows
    answer(desk(project), decisions(desk(project)), lambda _: "surprise")
    assert desk(project).judgements().num_rows == before + 6
    assert plan_text(make_plan(desk(project)), True).count("adjudication") == 0, "it is decided once"
    project.build(publish=False)
    workspace = Workspace(project.workspace)
    record = last_build(workspace)
    assert record is not None
    opinions: pa.Table = of_build(workspace, record, project.bound().taxonomy).opinions
    kinds = pc.value_counts(opinions.column("rater_kind")).to_pylist()
    assert {row["values"]: row["counts"] for row in kinds}["adjudicator"] == 6
    assert {row["values"]: row["counts"] for row in kinds}["human"] == 12


@pytest.mark.xdist_group("label-studio")
def test_decisions_are_made_in_a_project_of_their_own(
    project: Project, label_studio: LabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVIEW_TOKEN", label_studio.token)
    where = {"url": label_studio.url, "token": "${env:REVIEW_TOKEN}", "public": "http://proxy.test"}
    asking(project, {**REVIEW, **where})
    make_plan(desk(project))
    disagree(desk(project))
    make_plan(desk(project))
    judging, deciding = Pushing(desk(project), print, lambda *_: None).run()
    assert (judging.done.made, deciding.done.made) == (6, 6)
    assert deciding.title.endswith("(decisions)")
    with Server.at(label_studio.url, label_studio.token) as server:
        tasks = server.get("/api/tasks/", project=deciding.done.project_id, page_size=10, include="id,data")["tasks"]
        assert [task["data"]["earlier"].count("Rater ") for task in tasks] == [2] * 6
        asked = asked_by_task(desk(project).asks().to_pylist())[tasks[0]["data"]["uid"]]
        said = answered_result(desk(project).review.forms()["main", "text"], asked.shown, {"categories": ["surprise"]})
        server.post(f"/api/tasks/{tasks[0]['id']}/annotations/", {"result": said, "lead_time": 9})
    assert Pulling(desk(project), print, lambda *_: None).run().counts == {"taken": 1}
    [decision] = [row for row in desk(project).judgements().to_pylist() if row["rater_kind"] == "adjudicator"]
    assert decision["anchor"]["record"] == asked.shown.anchor["record"]
