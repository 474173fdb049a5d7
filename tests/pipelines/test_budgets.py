"""Budgets of questions and money, and what a build, a plan and the status say of models."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project
from support.talking import asks, backends, texts_with

from affectory.pipelines import process as module
from affectory.pipelines.events import Event
from affectory.pipelines.process import BudgetSpent
from affectory.pipelines.report import status_of, summary_text
from affectory.pipelines.retry import mark_for_retry
from affectory.pipelines.store.budget import Limits
from affectory.pipelines.store.usage import Meter, Usage
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import Exit, UserError

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
LINES = 12


def birds(folder: Path, says: Any = None, asked: Path | None = None, **spec: object) -> Project:
    """Lines that a model describes, which leaves a file of each question in a folder."""
    asked = asked or folder / "asked"
    asked.mkdir(parents=True, exist_ok=True)
    options = {"folder": str(asked), **({} if says is None else {"says": says})}
    model = {"backend": "parrot", "options": options, "price": {"input": 1000.0, "output": 2000.0}, **spec}
    return texts_with(folder, LINES, {"bird": model}, [{"caption": {"model": "bird"}}])


def asked(made: Project) -> int:
    return len(asks(made.folder / "asked"))


def stopped(made: Project, calls: int | None = None, cost: float | None = None, **how: Any) -> BudgetSpent:
    with pytest.raises(BudgetSpent) as told:
        made.build(limits=Limits(calls, cost), **how)
    return told.value


@pytest.mark.parametrize(("engine", "workers"), [("local", 0), ("local", 2), ("beam", 2)])
def test_no_more_is_asked_than_may_be_and_the_next_build_goes_on(tmp_path: Path, engine: str, workers: int) -> None:
    if engine == "beam":
        pytest.importorskip("apache_beam")
    made, how = birds(tmp_path / "p"), {"engine": engine, "workers": workers, "partition_rows": 3}
    first = stopped(made, 5, **how)
    assert (first.calls, first.left, asked(made)) == (5, 7, 5)
    assert (first.exit_code, first.budget) == (Exit.BUDGET, "--max-calls 5")
    second = stopped(made, 6, **how)
    assert (second.calls, second.left, asked(made)) == (6, 1, 11)
    summary = made.build(limits=Limits(1), **how)
    assert (summary.kept, asked(made)) == (LINES, LINES), "a budget that is enough stops nothing"
    assert summary.release_hash == birds(tmp_path / "q", asked=made.folder / "asked").build().release_hash


def test_questions_that_get_no_reply_do_not_use_up_every_budget(tmp_path: Path) -> None:
    made = birds(tmp_path)
    lines = made.folder / "lines.jsonl"
    lines.write_text(lines.read_text().replace("Line", "FAIL Line"))
    for _ in range(4):
        stopped(made, 4)
    assert asked(made) == 16
    assert len(set(asks(made.folder / "asked"))) > 4, "each build begins with others"


def test_a_workspace_that_was_made_anew_knows_nothing_of_what_lay_there(tmp_path: Path) -> None:
    made = birds(tmp_path)
    stopped(made, 4, partition_rows=3)
    shutil.rmtree(made.workspace)
    stopped(made, 5, partition_rows=3)
    assert asked(made) == 9


def test_a_plan_sees_answers_that_came_from_elsewhere_since_the_last(tmp_path: Path) -> None:
    made, other = birds(tmp_path / "p"), birds(tmp_path / "q", asked=tmp_path / "p" / "asked")
    made.build("assist=[]", publish=False)
    before = made.plan().asks[0].questions
    other.build(publish=False, partition_rows=3)
    shutil.copytree(other.workspace / "ledgers" / "answers", made.workspace / "ledgers" / "answers")
    assert (before, made.plan().asks[0].questions) == (LINES, 0)


def test_without_questions_left_no_budget_is_too_small(tmp_path: Path) -> None:
    made = birds(tmp_path)
    made.build()
    Workspace(made.workspace).clean()
    assert made.build(limits=Limits(0, 0.0)).kept == LINES


def test_what_is_asked_again_counts(tmp_path: Path) -> None:
    made = birds(tmp_path, says=["", "well"])
    told = stopped(made, LINES + 2)
    assert (told.left, asked(made)) == (LINES - 2, LINES + 2), "every first answer was empty"
    summary = made.build()
    [bird] = summary.models
    assert (bird.asked, bird.again, bird.all_answers, asked(made)) == (LINES - 2, LINES, 2 * LINES, 2 * LINES)


def test_money_runs_out_within_a_batch(tmp_path: Path) -> None:
    made = birds(tmp_path / "p", batch_rows=2)
    whole = birds(tmp_path / "q").build().models[0].cost
    each = whole / LINES
    told = stopped(made, cost=3.5 * each)
    assert told.cost == pytest.approx(asked(made) * each, rel=0.2)
    assert asked(made) == 4, "two batches of two: after three the budget was not spent yet"
    assert (told.left, told.budget) == (LINES - 4, f"--max-cost {3.5 * each}")


def test_models_are_accounted_for_in_the_end_and_in_the_status(tmp_path: Path) -> None:
    made = birds(tmp_path)
    first = made.build()
    [bird] = first.models
    assert (bird.name, bird.asked, bird.found, bird.failed, bird.all_answers) == ("bird", LINES, 0, 0, LINES)
    assert bird.cost == pytest.approx((bird.tokens_in * 1000 + bird.tokens_out * 2000) / 1e6)
    assert status_of(made.workspace, made.releases).models == (bird,)
    Workspace(made.workspace).clean()
    [again] = made.build().models
    assert (again.asked, again.found, again.cost) == (0, LINES, 0.0)
    assert (again.all_answers, again.all_tokens_in, again.all_cost) == (LINES, bird.tokens_in, bird.all_cost)
    [idle] = made.build().models
    assert (idle.asked, idle.found, idle.all_cost) == (0, 0, bird.all_cost)
    lines = [line.split() for line in summary_text(first, made.recipe, None).splitlines()]
    assert ["bird", *map(str, (LINES, 0, 0, 0))] in [line[:5] for line in lines]
    assert "bird" in status_of(made.workspace, made.releases).as_text()


def test_questions_without_a_reply_are_told(tmp_path: Path) -> None:
    made = birds(tmp_path)
    lines = made.folder / "lines.jsonl"
    lines.write_text(lines.read_text().replace("Line 3:", "Line 3, FAIL:"))
    [bird] = made.build("limits.max_failed=1.0").models
    assert (bird.asked, bird.failed, bird.all_answers) == (LINES, 1, LINES - 1)


def test_answers_that_cannot_be_read_are_not_asked_for_again_but_further_tries_are(tmp_path: Path) -> None:
    made = birds(tmp_path, says=["", "", "Joy."], tries=2)
    assert made.build("limits.max_failed=1.0", publish=False).failed == LINES
    with pytest.raises(UserError, match="the same would be read again"):
        mark_for_retry(made.workspace, "UnreadableAnswer")
    assert made.build("models.bird.tries=3", publish=False).kept == LINES
    assert asked(made) == 3 * LINES


def test_rows_that_are_tried_again_add_their_answers_to_those_of_the_others(tmp_path: Path) -> None:
    made = birds(tmp_path)
    lines = made.folder / "lines.jsonl"
    lines.write_text(lines.read_text().replace("Line 3:", "Line 3, FAIL:"))
    first = made.build("limits.max_failed=1.0", publish=False)
    mark_for_retry(made.workspace, "ConnectionError")
    again = made.build("limits.max_failed=1.0", publish=False)
    assert (again.kept, again.failed, again.models[0].asked) == (LINES - 1, 1, 1)
    assert again.models[0].all_answers == first.models[0].all_answers == LINES - 1


def test_the_command_ends_with_a_code_of_its_own(tmp_path: Path) -> None:
    made = birds(tmp_path)
    places = ["--workspace", str(made.workspace), "--releases", str(made.releases)]
    ended = made.command("build", *places, "--workers", "0", "--max-calls", "4", "--json")
    assert (ended.returncode, ended.stderr) == (6, "")
    events: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]
    error, usage = events[-1], next(e for e in events if e["event"] == "asked")
    assert (error["error"], error["calls"], error["left"]) == ("BudgetSpent", 4, LINES - 4)
    assert f"the same command goes on: affectory build {made.recipe} --max-calls 4" in error["text"]
    assert [(m["name"], m["asked"]) for m in usage["models"]] == [("bird", 4)]


def test_a_plan_says_who_would_be_asked_how_often_and_for_how_much(tmp_path: Path) -> None:
    made = birds(tmp_path, model="org/parrot", local=False)
    [before] = made.plan("people.assume=[third_parties]").asks
    assert (before.models, before.questions, before.rows) == (("bird (parrot org/parrot, a third party)",), 0, LINES)
    made = birds(tmp_path)
    stopped(made, 5)
    plan = made.plan()
    [now] = plan.asks
    assert (now.stage, now.questions, now.rows) == ("caption", LINES - 5, 0)
    paid = made.build().models[0].cost
    assert paid < now.cost < 50 * paid
    assert "caption asks bird (parrot): at least 7 questions, for " in plan.as_text()
    assert str(made.plan().asks[0]).endswith("all is answered")


def test_long_asking_shows_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.0)
    workspace, heard = Workspace(tmp_path), list[Event]()
    asking = module._Asking(workspace.asked(1))
    with module.Run(tmp_path / "log", (heard.append,)) as run, workspace.meter(1) as meter:
        assert not asking.told(run), "nobody asks anything"
        meter.expect(100)
        meter.add("bird", Usage(40))
        meter.tell()
        assert asking.told(run)
        meter.add("bird", Usage(55, failed=5))
        meter.tell()
        assert not asking.told(run), "all is answered"
    [event] = heard
    assert (event["what"], event["done"], event["total"], event["unit"]) == ("asking", 40, 100, "questions")
    assert isinstance(meter, Meter)
