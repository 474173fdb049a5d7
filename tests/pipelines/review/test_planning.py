"""What `affectory review plan` writes down for a real project: gold, repeats, rounds, limits, suggestions, changes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.answered_offline import answer, asking, desk, open_asks, reviewed
from support.project import Project, line, write_csv, write_lines

from affectory.annotation.shown import shown_of
from affectory.pipelines.review.pushing import Pushing
from affectory.pipelines.store.workspace import Workspace

COUNT = 36


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Lines that a lexicon has an opinion of, and three raters; chance draws the same in each test."""
    made = reviewed(tmp_path, COUNT, {"enough": 0.01})
    Workspace(made.workspace).files("ledgers").create("review.mark", b"planning")
    return made


def planned(project: Project, *options: str) -> str:
    """What the command prints."""
    done = project.told("review", "plan", "recipe.yaml", "--workspace", "ws", "--home", "home", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def task(project: Project, ask: dict[str, Any]) -> Any:
    """The task that a push would make of an ask."""
    pushing = Pushing(desk(project), print, print)
    [whole] = [one for one in pushing.desk.projects() if one.kind == "text" and not one.decides]
    return pushing._task(whole, ask["task"], [ask], shown_of(json.loads(ask["shown"])))


def test_gold_and_what_comes_again_are_planned_within_the_limits_and_the_budget(project: Project) -> None:
    write_csv(project.folder / "gold.csv", ["key", "label"], [[f"l{n}", "joy"] for n in range(6)])
    gold = {"path": "gold.csv", "share": 0.2}
    asking(project, {"raters": 1, "gold": gold, "repeat": 0.2, "limits": {"judgements": 13}, "budget": 36})
    assert planned(project, "--dry-run").startswith("main: 36 asks would be planned; 36 in all, 0 left of the budget")
    assert desk(project).asks().num_rows == 0
    assert planned(project).startswith("main: 36 asks planned; 36 in all, 0 left of the budget")
    asks = open_asks(desk(project))
    each = Counter(ask["rater"] for ask in asks)
    assert (each.total(), max(each.values()) <= 13) == (36, True)
    assert set(Counter(ask["rater"] for ask in asks if ask["purpose"] == "gold")) == set(each)
    again = [ask for ask in asks if ask["occasion"] == "again"]
    assert again
    first = {(ask["rater"], ask["sample_id"]): ask["position"] for ask in asks if not ask["occasion"]}
    assert all(first[ask["rater"], ask["sample_id"]] < ask["position"] for ask in again)
    assert planned(project).startswith("main: 0 asks planned; 36 in all, 0 left of the budget")


def test_a_second_round_comes_after_a_yes_and_after_some_of_the_noes(project: Project) -> None:
    asking(project, {"raters": 2, "enough": 0.01, "second": {"after": ["joy"], "noes": 0.5}})
    planned(project)
    first = open_asks(desk(project))
    assert Counter(ask["purpose"] for ask in first) == Counter(routed=COUNT)
    yes = {ask["sample_id"] for ask in first[:8]}
    answer(desk(project), first, lambda ask: "joy" if ask["sample_id"] in yes else "anger")
    assert "8 second" in planned(project)
    later = [ask for ask in open_asks(desk(project)) if ask["round"] == 2]
    assert {ask["sample_id"] for ask in later if ask["purpose"] == "second"} == yes
    assert {ask["purpose"] for ask in later} == {"second", "recheck"}
    assert 8 < len(later) < COUNT, "of the noes only some"
    assert not {(ask["sample_id"], ask["rater"]) for ask in later} & {(ask["sample_id"], ask["rater"]) for ask in first}
    noes = [ask["probability"] for ask in later if ask["purpose"] == "recheck"]
    assert set(noes) == {0.5}


def test_raters_are_blind_unless_the_recipe_shows_them_what_models_said(project: Project) -> None:
    planned(project)
    blind = open_asks(desk(project))
    assert not [ask for ask in blind if "suggest" in ask["shown"]]
    assert task(project, blind[0]).prediction is None
    assert not desk(project).review.questions[0].forms["text"].question.suggest
    [spec] = {one.spec for one in desk(project).projects() if one.kind == "text"}
    assert not spec.suggests


@pytest.mark.parametrize("scores", [False, True])
def test_what_was_suggested_stands_in_each_judgement(project: Project, scores: bool) -> None:
    asking(project, {"raters": 1, "suggest": {"of": ["lexicon"], "scores": scores}})
    planned(project)
    asks = open_asks(desk(project))
    told = {ask["task"]: json.loads(ask["shown"]).get("suggestions") for ask in asks}
    assert any(told.values())
    some = next(ask for ask in asks if told[ask["task"]])
    prediction = task(project, some).prediction
    assert prediction["result"][0]["value"]["choices"][0] in told[some["task"]]
    assert ("score" in prediction) == scores
    answer(desk(project), asks, lambda _: "joy")
    samples = {ask["sample_id"]: told[ask["task"]] for ask in asks}
    records = {ask["anchor"]["record"]: samples[ask["sample_id"]] for ask in asks}
    found = {row["anchor"]["record"]: row["shown"]["suggestions"] for row in desk(project).judgements().to_pylist()}
    assert found == records


def test_what_changed_is_asked_anew_and_what_is_gone_no_more(project: Project) -> None:
    planned(project)
    [kept, changed, gone, answered] = [f"l{n}" for n in range(4)]
    texts = {sample: row["text"] for sample, row in desk(project).material.rows.items()}
    asks = {ask["ask_id"]: ask for ask in open_asks(desk(project))}
    of = {key: [a for a in asks.values() if texts[a["sample_id"]].startswith(f"Line {key[1:]}:")] for key in
          (kept, changed, gone, answered)}  # fmt: skip
    answer(desk(project), of[answered], lambda _: "joy")
    rows = [line(n) for n in range(COUNT) if f"l{n}" != gone]
    edited = {changed: "Something else is said.", answered: "This was answered."}
    write_lines(project.folder / "lines.jsonl", [{**row, "body": edited.get(row["id"], row["body"])} for row in rows])
    project.build(publish=False)
    told = planned(project)
    now = {ask["ask_id"]: ask for ask in open_asks(desk(project))}
    assert f"{len(of[gone])} gone" in told
    assert not {ask["sample_id"] for ask in of[gone]} & {ask["sample_id"] for ask in now.values()}
    assert {json.loads(ask["shown"])["text"] for ask in now.values()} >= {edited[changed]}
    assert all(now[ask["ask_id"]]["shown"] == ask["shown"] for ask in of[kept])
    assert planned(project).startswith("main: 0 asks planned")
