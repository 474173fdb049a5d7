"""Where raters disagree an expert decides, who sees what was said by nobody's name; nothing is erased by it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml
from support.forms import answered_result
from support.project import Project, texts

from affectory.annotation.found import Annotation
from affectory.annotation.server.home import Home
from affectory.pipelines.history import last_build
from affectory.pipelines.opined import of_build
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.planning import make_plan, plan_text
from affectory.pipelines.review.pushing import Pushing
from affectory.pipelines.review.returning import Returning, asked_by_task
from affectory.pipelines.store.workspace import Workspace

RATERS = "email,relation\nann@x.org,crowd\nbob@x.org,crowd\neve@x.org,expert\n"
REVIEW = {
    "ask": ["categories", "reason"], "raters": 2, "raters_file": "raters.csv", "enough": 0.01,
    "adjudicate": {"least": 0.5},
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = texts(tmp_path, 6)
    recipe = {**yaml.safe_load(made.recipe.read_text()), "review": REVIEW, "ratings": []}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    (tmp_path / "raters.csv").write_text(RATERS)
    made.build(publish=False)
    return made


def desk(project: Project) -> Desk:
    return Desk.of(project.bound(), Workspace(project.workspace), Home(project.folder / "home"))


def open_asks(at: Desk, purpose: str = "") -> list[dict[str, Any]]:
    rows = [row for row in at.asks().to_pylist() if row["closed"] is None]
    return [row for row in rows if (row["purpose"] == "adjudication") == (purpose == "adjudication")]


def answer(at: Desk, says: dict[str, str], purpose: str = "") -> None:
    """Each open ask of a rater is answered as `says` has it, by pseudonym."""
    form = at.review.forms()["main", "text"]
    asked, found = asked_by_task(at.asks().to_pylist()), []
    for number, ask in enumerate(open_asks(at, purpose), 1000 if purpose else 1):
        said = {"categories": [says[ask["rater"]]], "reason": ["because of ann@x.org"]}
        result = tuple(answered_result(form, asked[ask["task"]].shown, said))
        one = Annotation(number, number, ask["task"], "", "stored", f"2026-11-30T10:00:{number % 60:02}Z", 9.0, result)
        found.append((one, ask["rater"]))
    came = Returning("s", at.review.forms(), asked, at.judgements(), at.returns(), at.review.review.floors).take(found)
    at.workspace.ledger("judgements").append(came.judgements)
    at.workspace.ledger("returns").append(came.returns)


def test_an_expert_decides_what_raters_disagree_about(project: Project) -> None:
    make_plan(desk(project))
    people = {ask["rater"] for ask in open_asks(desk(project))}
    moods = dict(zip(sorted(people), ("joy", "anger", "fear"), strict=True))
    answer(desk(project), moods)
    assert "6 adjudication" in plan_text(make_plan(desk(project)), True)
    asks = open_asks(desk(project), "adjudication")
    assert len(asks) == 6
    at = desk(project)
    experts = [person.id for person in at.people if person.relation == "expert"]
    judged = {(ask["sample_id"], ask["rater"]) for ask in open_asks(at)}
    assert all(ask["rater"] in experts or (ask["sample_id"], experts[0]) in judged for ask in asks)
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
    people = {ask["rater"] for ask in open_asks(desk(project))}
    answer(desk(project), dict(zip(sorted(people), ("joy", "anger", "fear"), strict=True)))
    make_plan(desk(project))
    before = desk(project).judgements().num_rows
    answer(desk(project), dict.fromkeys(people, "surprise"), "adjudication")
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
