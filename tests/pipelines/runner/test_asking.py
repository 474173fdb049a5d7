"""Stages that ask a model: each question once, answers kept through crashes, outcomes as without a ledger."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from support import steps
from support.partitions import Build
from support.project import TEXTS, Project, texts
from support.steps import Opines, flow
from support.steps_asking import asked, build_in_fours, oracle_stage

from affectory.pipelines import discovery
from affectory.pipelines.runner import stage as stage_module
from affectory.pipelines.runner.asking import Desk
from affectory.pipelines.runner.child import Child, ChildDied
from affectory.pipelines.runner.execute import run_stage
from affectory.pipelines.runner.partition import ask, questions, run_partition
from affectory.pipelines.runner.stage import Stage, asked_by
from affectory.pipelines.store.answers import Answers
from affectory.pipelines.store.files import LocalFiles
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.base import Failed, Result
from affectory.transforms.models.text_emotion import TextEmotion


@dataclass
class World:
    """A folder with a ledger and a model that writes down what it is asked."""

    folder: Path
    child: Child | None = None
    epoch: int = 0
    stale: set[int] = field(default_factory=set)

    def ask(self, rows: list[str], stage: Stage | None = None, partition: str = "p") -> tuple[Result, int]:
        stage = stage or oracle_stage(self.folder)
        assert stage.whom is not None
        self.epoch += 1
        answers = Answers(LocalFiles(self.folder / "ledger"), stage.whom, self.epoch)
        run = partial(_run, self.child)
        result, count = Desk(answers, partition, run, stale=lambda batch: self.stale).outcomes(stage, flow(rows))
        result.check(len(rows), stage.name)
        return result, count

    def asked(self) -> list[str]:
        """What the model was asked since the last time."""
        found = asked(self.folder)
        for path in self.folder.glob("*.asked"):
            path.unlink()
        return found


def _run(child: Child | None, stage: Stage, rows: pa.Table) -> Result:
    return run_stage(stage, rows, child)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def lengths(result: Result) -> dict[int, int | None]:
    return dict(zip(result.origin.tolist(), result.rows.column("length").to_pylist(), strict=True))


def lost(result: Result) -> dict[int, str]:
    return {r.row: r.reason for r in result.rejected} | {f.row: f.error for f in result.failed}


def test_each_question_is_asked_once_and_nothing_is_asked_about_a_row_without_one(world: World) -> None:
    result, count = world.ask(["one", "two", "one", "", "three", "one"])
    assert lengths(result) == {0: 3, 1: 3, 2: 3, 3: None, 4: 5, 5: 3}
    assert result.rows.column_names == oracle_stage(world.folder).output_schema(flow([]).schema).names
    assert (world.asked(), count) == (["one", "three", "two"], 3)
    for partition in ("p", "another"):
        again, count = world.ask(["two", "one", "four", ""], partition=partition)
        assert lengths(again) == {0: 3, 1: 3, 2: 4, 3: None}
        assert (world.asked(), count) == ((["four"], 1) if partition == "p" else ([], 0))


def test_what_is_no_reply_is_not_kept_and_asked_again(world: World) -> None:
    rows = ["one", "raise", "reject", "raise", "two"]
    for expected in (["one", "raise", "reject", "two"], ["raise", "reject"]):
        result, _ = world.ask(rows)
        assert lengths(result) == {0: 3, 4: 3}
        assert lost(result) == {1: "ConnectionError", 2: "unreadable", 3: "ConnectionError"}
        assert world.asked() == expected


def test_a_reply_that_cannot_be_read_fails_its_row_and_is_kept(world: World) -> None:
    for expected in (["fine", "garbled"], []):
        result, _ = world.ask(["fine", "garbled"])
        assert (lengths(result), lost(result)) == ({0: 4}, {1: "JSONDecodeError"})
        assert world.asked() == expected


def test_a_model_that_crashes_costs_the_row_only(world: World, child: Child) -> None:
    rows = ["one", "two", "die", "three", "four", "five"]
    crashing = oracle_stage(world.folder, isolated=True)
    result, _ = replace(world, child=child).ask(rows, crashing)
    assert lengths(result) == {0: 3, 1: 3, 3: 5, 4: 4, 5: 4}
    assert lost(result) == {2: "Crashed"}
    assert world.asked() == ["five", "four", "one", "three", "two"]


def test_a_reply_to_a_file_that_changed_meanwhile_is_not_kept(world: World) -> None:
    result, _ = replace(world, stale={1}).ask(["one", "two"])
    assert (lengths(result), lost(result)) == ({0: 3}, {1: "SourceChanged"})
    world.asked()
    replace(world, epoch=9).ask(["one", "two"])
    assert world.asked() == ["two"]


def test_a_mended_model_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ask(["one"])
    world.ask(["one"], oracle_stage(world.folder, revision="2"))
    assert world.asked() == ["one", "one"]
    rater = TextEmotion(taxonomy=load_taxonomy("ekman-7"))
    before = asked_by(rater)
    assert before == asked_by(TextEmotion(taxonomy=load_taxonomy("sentiment"))), "the taxonomy is for the reading"
    monkeypatch.setattr(stage_module, "code_hash", lambda module: f"{module}, mended")
    assert before != asked_by(rater)


def test_the_ledger_changes_no_bit_of_an_opinion(world: World) -> None:
    rater = TextEmotion(taxonomy=load_taxonomy("ekman-7"))
    stage = Stage("text_emotion", "assist", rater, "text-emotion", asked_by(rater))
    rows = ["I am so happy!", "", "My best friend died.", "I am so happy!"]
    plain = run_stage(stage, flow(rows), None)
    for count in (2, 0):
        result, new = world.ask(rows, stage)
        assert (result.rows.equals(plain.rows), new) == (True, count)


def test_what_was_asked_elsewhere_is_only_read(tmp_path: Path) -> None:
    """The way of a cluster: questions are found in one place, asked in another, and read in a third."""
    build = Build(tmp_path / "w", (steps.stage(Opines(), "opines"), oracle_stage(tmp_path)))
    [partition] = build.partitions([["one", "raise", "", "one"]])
    stage = partition.links[1].stage
    run_partition(replace(partition, until=1))
    rows = questions(partition, 1)
    assert rows is not None
    assert rows.column("text").to_pylist() == ["one", "raise"]
    refused = ask(partition, stage, rows)
    assert [x.error for x in refused.values() if isinstance(x, Failed)] == ["ConnectionError"]
    told = replace(partition, refused=refused)
    again = questions(told, 1)
    assert again is not None
    assert again.num_rows == 0
    [report, _] = run_partition(told).stages
    assert (report.counts.kept, report.counts.failed, report.asked) == (3, 1, 0)
    assert (asked(tmp_path), questions(partition, 1)) == (["one", "raise"], None)


def test_partitions_that_ask_the_same_have_tries_of_their_own(tmp_path: Path) -> None:
    stage = oracle_stage(tmp_path)
    partitions = Build(tmp_path / "w", (stage,)).partitions([["raise"]] * 4)
    for partition in partitions:
        rows = questions(partition, 0)
        assert rows is not None
        assert ask(partition, stage, rows) is not None, "it was not asked before"
    assert [ask(partitions[0], stage, flow(["raise"])) is None for _ in range(2)] == [False, True]


@pytest.fixture
def oracle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Twelve lines, about which a model is asked."""
    known = {**discovery.steps(), "oracle": "support.steps_asking"}
    monkeypatch.setattr(discovery, "steps", lambda: known)
    made = texts(tmp_path, 12)
    recipe = {**TEXTS, "assist": ["lexicon", {"oracle": {"folder": str(tmp_path)}}]}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return made


def test_a_clean_workspace_is_built_again_without_a_question(oracle: Project) -> None:
    first = oracle.build()
    assert len(asked(oracle.folder)) == first.kept == 12
    assert oracle.command("clean", "--workspace", str(oracle.workspace), "--yes").returncode == 0
    assert not oracle.workspace.joinpath("derived").exists()
    again = oracle.build(partition_rows=5)
    assert (again.partitions, again.release_hash) == (3, first.release_hash)
    assert len(asked(oracle.folder)) == 12


def test_after_a_kill_nothing_is_asked_that_was_written_down(oracle: Project, child: Child) -> None:
    recipe = yaml.safe_load(oracle.recipe.read_text())
    recipe["assist"][1]["oracle"] |= {"dies_after": 10, "lives": 1}
    oracle.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    with pytest.raises(ChildDied):
        child.call(build_in_fours, oracle.folder)
    before = asked(oracle.folder)
    assert len(before) == 10
    summary = oracle.build()
    assert summary.kept == 12
    counts = [asked(oracle.folder).count(text) for text in sorted(set(asked(oracle.folder)))]
    assert sorted(counts) == [1] * 10 + [2] * 2, (
        "eight answers were written, two of the batch that died are asked again"
    )


def test_what_was_asked_is_told_of_each_stage(oracle: Project) -> None:
    oracle.build()
    [log] = oracle.workspace.glob("runs/*.jsonl")
    events: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]
    told: dict[str, Callable[[], int] | int] = {e["stage"]: e["asked"] for e in events if "asked" in e}
    assert told == {"oracle": 12}
