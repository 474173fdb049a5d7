"""Talks with models over actors of Ray Data: the same commits as inline, in rounds, whatever dies on the way."""

import json
import os
import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import steps
from support.partitions import Build, counts
from support.steps import Opines
from support.steps_talking import duet_stage
from support.talking import asks, backends, texts_with

from affectory.pipelines.build import Options
from affectory.pipelines.build import build as build_project
from affectory.pipelines.engines import local
from affectory.pipelines.engines._ray_models import _BATCHES, streamed_stages
from affectory.pipelines.engines.base import Choice, Notice, opened
from affectory.pipelines.events import Run
from affectory.pipelines.runner.partition import Partition, PartitionReport
from affectory.pipelines.store.budget import Limits
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.usefixtures("backends")]
__all__ = ["backends"]
TEXTS = [["one", "two", "one", ""], ["FAIL", "three"], [], ["two", "four"]]
DISTINCT = 4
"""Texts that are answered; each is talked about in three rounds, the one that fails in one."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "asked").mkdir()
    return tmp_path


def build(folder: Path, name: str = "w", **settings: Any) -> Build:
    stages = steps.stage(Opines(), "opines"), duet_stage(folder / "asked", **settings)
    return Build(folder / name, stages)


def run(partitions: list[Partition], way: str = "stream") -> tuple[list[PartitionReport], list[Notice]]:
    with opened(Choice("ray", options=(f"models={way}",))) as engine:
        found = list(engine.run(partitions))
    return [r for r in found if isinstance(r, PartitionReport)], [n for n in found if isinstance(n, Notice)]


@pytest.mark.usefixtures("ray_session")
@pytest.mark.drill
def test_streamed_in_rounds_is_what_it_is_inline(folder: Path) -> None:
    here, there = build(folder, "here"), build(folder, "there")
    list(local.run(here.partitions(TEXTS), 0))
    inline = asks(folder / "asked")
    for path in (folder / "asked").iterdir():
        path.unlink()
    reports, notices = run(there.partitions(TEXTS))
    assert there.commits() == here.commits()
    assert counts(reports, "duet") == Counts(8, 7, 7, 0, 1)
    assert set(asks(folder / "asked")) == set(inline)
    assert len(asks(folder / "asked")) - len(inline) <= 3, "at most what two partitions ask at the same time"
    assert [n.kind for n in notices] == ["asked", "asked"]
    assert notices[1].text == "duet: 5 answers of wren came in"
    assert sum(s.asked for r in reports for s in r.stages if s.stage == "duet") == 0, "no task asked anything itself"


@pytest.mark.usefixtures("ray_session")
@pytest.mark.drill
def test_what_is_answered_is_not_asked_again_and_no_actor_starts_for_it(folder: Path) -> None:
    first = build(folder)
    run(first.partitions(TEXTS))
    before, whole = asks(folder / "asked"), first.commits()
    Workspace(folder / "w").clean()
    run(first.partitions(TEXTS))
    assert first.commits() == whole
    assert Counter(asks(folder / "asked")) - Counter(before) == {"FAIL": 1}
    _, notices = run(first.partitions(TEXTS))
    assert notices == []


@pytest.mark.usefixtures("ray_session")
@pytest.mark.drill
def test_actors_that_die_every_so_often_cost_what_they_had_not_written(folder: Path) -> None:
    texts = [[f"{part} {row}" for row in range(25)] for part in range(3)]
    one = build(folder, dies_after=40, lives=99, batch_rows=2)
    reports, notices = run(one.partitions(texts))
    assert counts(reports, "duet") == Counts(75, 75, 75)
    died, asked = len(list(folder.glob("asked/*.life"))), asks(folder / "asked")
    assert died
    assert len(set(asked)) == 3 * 75
    assert len(asked) - len(set(asked)) <= died * _BATCHES * 2, (
        "each death costs the batch in hand, whoever had it before"
    )
    assert [n.kind for n in notices if n.kind != "again"] == ["asked", "asked"], "a batch may meet a death each time"
    assert not list(Workspace(folder / "w").records().names("tries"))


@pytest.mark.usefixtures("ray_session")
@pytest.mark.drill
def test_a_row_that_ends_every_actor_fails_alone(folder: Path) -> None:
    one = build(folder)
    reports, notices = run(one.partitions([["a", "DIE", "b"], ["c"]]))
    assert counts(reports, "duet") == Counts(4, 3, 3, 0, 1)
    lost = one.commits()["00-1-duet"][1]["rejects"]
    assert [(r["outcome"], r["reason"], r["uri"]) for r in lost] == [("failed", "Crashed", "1.txt")]
    assert [n.text.partition(";")[0] for n in notices if n.text.startswith("duet") and n.kind == "again"] == [
        "duet: 1 batches ended their actor each time"
    ]


@pytest.mark.usefixtures("ray_session")
@pytest.mark.drill
def test_a_budget_ends_the_rounds_and_what_was_answered_is_kept(folder: Path) -> None:
    one, texts = build(folder), [["a", "b"], ["c"]]
    partitions = one.partitions(texts)
    first, _ = run([replace(partition, limits=Limits(calls=4)) for partition in partitions])
    assert sum(report.left for report in first) > 0
    assert len(asks(folder / "asked")) == 4
    second, _ = run([replace(partition, epoch=1) for partition in partitions])
    assert counts([*first, *second], "duet") == Counts(3, 3, 3)
    assert len(asks(folder / "asked")) == len(set(asks(folder / "asked"))) == 9


@pytest.mark.drill
def test_a_talk_with_a_model_that_needs_a_gpu_goes_past_actors_and_is_committed_without_one(folder: Path) -> None:
    """In a process of its own, with a Ray that takes a CPU for a GPU."""
    one = build(folder, gpus=1)
    script = "from support.steps_asking import streamed_with_a_gpu as run; import sys; run(sys.argv[1])"
    (folder / "partitions").write_bytes(pickle.dumps(one.partitions(TEXTS)))
    environment = {**os.environ, "PYTHONPATH": steps.PYTHON_PATH}
    told = subprocess.run([sys.executable, "-c", script, str(folder)], env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert set(json.loads(told.stdout)) == {0.0}, "no task waited for the GPU"
    here = build(folder, "here")
    list(local.run(here.partitions(TEXTS), 0))
    assert one.commits() == here.commits()


def test_light_models_go_on_in_their_own_task_unless_all_are_streamed(folder: Path) -> None:
    light, heavy = duet_stage(folder), duet_stage(folder, gpus=0.5)
    partitions = Build(folder / "w", (light, heavy)).partitions([["x"]])
    assert streamed_stages(partitions, "auto") == [heavy]
    assert streamed_stages(partitions, "stream") == [light, heavy]
    assert streamed_stages(partitions, "inline") == []


@pytest.mark.usefixtures("ray_session")
def test_a_release_is_the_same_streamed_and_here_and_is_asked_for_once(tmp_path: Path) -> None:
    """The first answer of each model cannot be read: the second comes in a round of its own."""
    (tmp_path / "asked").mkdir()
    says = {"backend": "parrot", "options": {"says": ["", "A person speaks."], "folder": str(tmp_path / "asked")}}
    steps_ = [{"caption": {"model": "lark"}}, {"caption": {"model": "wren", "as": "again"}}]
    made = texts_with(tmp_path / "p", 9, {"lark": says, "wren": {**says, "temperature": 0.5}}, steps_)
    hashes, asked = set(), []
    for name, choice in {"here": Choice("local", 0), "there": Choice("ray", options=("models=stream",))}.items():
        with Run(tmp_path / name / "log.jsonl", ()) as log:
            options = Options(tmp_path / name / "ws", tmp_path / name / "releases", choice)
            summary = build_project(made.bound(), options, log)
        hashes.add(summary.release_hash)
        asked.append(asks(tmp_path / "asked"))
    assert len(hashes) == 1
    assert len(asked[0]) == 9 * 2 * 2
    assert Counter(asked[1]) == Counter(asked[0] * 2)
