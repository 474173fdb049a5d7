"""The answers of models behind a sample: found in the ledger by what was asked."""

from pathlib import Path
from typing import Any

import pytest
from support.project import Project
from support.talk_judging import MODELS
from support.talking import backends, texts_with

from affectory.pipelines.history import last_build
from affectory.pipelines.prompting import prompt
from affectory.pipelines.store.workspace import Workspace
from affectory.pipelines.trace import Trace, trace
from affectory.schemas.ledgers import ANSWERS
from affectory.schemas.parquet import read_parquet

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
STEPS: list[Any] = [{"opine": {"panel": ["likely"], "method": "logprobs"}}]


def follow(made: Project, wanted: str, *overrides: str) -> Trace:
    workspace = Workspace(made.workspace)
    build = last_build(workspace)
    assert build is not None
    return trace(workspace, build, wanted, made.bound(*overrides).stages)


@pytest.fixture
def asked(tmp_path: Path, backends: None) -> Project:
    made = texts_with(tmp_path / "p", 3, MODELS, STEPS)
    made.build(publish=False)
    return made


def test_each_answer_is_told_with_model_prompt_and_its_key_in_the_ledger(asked: Project) -> None:
    files = sorted((asked.workspace / "ledgers/answers").rglob("*.parquet"))
    rows = [row for file in files for row in read_parquet(file, [*ANSWERS.key, "text", "model", "prompt"]).to_pylist()]
    told = [answer for line in ("l0", "l1", "l2") for answer in follow(asked, line).answers]
    assert {answer.answer_id for answer in told} == {row["answer_id"] for row in rows} and told
    by_id = {row["answer_id"]: row for row in rows}
    for answer in told:
        row = by_id[answer.answer_id]
        assert (answer.model, answer.text) == (row["model"], row["text"])
        assert (answer.stage, answer.prompt) == ("opine", prompt("opine").called)
        assert row["prompt"] == prompt("opine").hash


def test_text_names_the_answer_and_each_opinion_its_prompt(asked: Project) -> None:
    found = follow(asked, "l0")
    said = found.as_text().splitlines()
    [answer] = found.answers
    assert any(line.startswith(f"  answer   {answer.answer_id}  opine: ") for line in said)
    assert any(line.endswith(f", prompt {prompt('opine').called}, logprobs") for line in said)


def test_of_a_stage_that_asks_otherwise_now_nothing_is_told(asked: Project) -> None:
    assert follow(asked, "l0", "models.likely.model=another").answers == ()


def test_without_stages_no_answers_are_looked_for(asked: Project) -> None:
    workspace = Workspace(asked.workspace)
    build = last_build(workspace)
    assert build is not None and trace(workspace, build, "l0").answers == ()
