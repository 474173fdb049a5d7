"""The engine for one machine: however many workers, the commits are the same, and a crash costs one row."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support import steps, steps_hard
from support.partitions import EKMAN, GOOD, Build, counts
from support.steps import Faulty, FaultyByRow, LethalView, NeverStarts, Opines, flow

from affectory.pipelines.engines import local
from affectory.pipelines.engines.base import Choice, Notice, PartitionKillsWorkers, opened
from affectory.pipelines.engines.local import run, workers_for
from affectory.pipelines.runner.execute import SetUpFailed
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports only, however slow the machine is."""
    monkeypatch.setattr(local, "_BEAT_S", 600.0)


@pytest.fixture(autouse=True)
def python_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", steps.PYTHON_PATH)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Build]:
    def make(*transforms: Any, name: str = "w") -> Build:
        return Build(tmp_path / name, tuple(steps.stage(t, f"s{i}") for i, t in enumerate(transforms)))

    return make


def test_any_number_of_workers_commits_the_same(build: Callable[..., Build]) -> None:
    made = []
    for workers in (0, 1, 2):
        one = build(FaultyByRow(), Faulty(), name=f"w{workers}")
        reports = list(run(one.partitions(GOOD), workers))
        assert sorted(r.partition for r in reports) == ["00-root", "01-root", "02-root", "03-root"]
        assert counts(reports, "s0") == Counts(6, 4, 5, 1, 1)
        made.append(one.commits())
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 4 * 4


def test_what_is_committed_is_not_run_again(build: Callable[..., Build]) -> None:
    one = build(FaultyByRow())
    partitions = one.partitions(GOOD)
    list(run(partitions[:2], 0))
    again = {report.partition: len(report.stages) for report in run(partitions, 0)}
    assert again == {"00-root": 0, "01-root": 0, "02-root": 2, "03-root": 2}


def test_a_stage_that_was_committed_before_a_kill_is_found_again(build: Callable[..., Build]) -> None:
    one = build(FaultyByRow(), Faulty())
    [partition] = one.partitions([["a", "twice"]])
    list(run([replace(partition, links=partition.links[:1])], 0))
    store = Workspace(one.root).commits()
    store.files.remove("commits/00/00-finish.json")
    [report] = run([partition], 0)
    assert [s.stage for s in report.stages] == ["s1", "label"]


def test_a_worker_whose_own_children_live_on_is_seen_to_have_died(
    build: Callable[..., Build], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_BEAT_S", 0.1)
    pool = local._Pool(build(Opines()).partitions([["a"]]), 1)
    child = pool._idle.pop()
    child.send(steps_hard.leave_a_fork_and_die, tmp_path / "seen")
    pool._busy[child] = pool._waiting.popleft()
    beats = (word for _ in range(200) for word in pool._finished())
    notice = next(word for word in beats if word is not None)
    (tmp_path / "seen").touch()
    child.stop()
    assert isinstance(notice, Notice)
    assert [p.work.isolate for p in pool._waiting] == ["all"]


def test_a_killed_worker_costs_only_the_row_that_killed_it(build: Callable[..., Build]) -> None:
    """The stage was not declared to be dangerous: its partition is run once more with everything isolated."""
    one = build(Faulty())
    found = list(run(one.partitions([["a", "segfault", "b", "reject"], ["c"]]), 2))
    again = [notice for notice in found if isinstance(notice, Notice)]
    assert [(n.kind, n.partition) for n in again] == [("again", "00-root")]
    assert "the process was ended by SIGSEGV" in again[0].text
    reports = [report for report in found if isinstance(report, PartitionReport)]
    assert counts(reports, "s0") == Counts(5, 3, 3, 1, 1)
    tables = one.commits()["00-0-s0"][1]
    assert [row["text"] for row in tables["rows"]] == ["a", "b"]
    lost = {(r["outcome"], r["reason"], r["uri"]) for r in tables["rejects"]}
    assert lost == {("failed", "Crashed", "1.txt"), ("rejected", "filtered", "3.txt")}


def test_a_partition_that_kills_its_worker_even_so_stops_the_build(build: Callable[..., Build]) -> None:
    one = build(Opines())
    [partition] = one.partitions([["a"]])
    lethal = replace(partition, finish=replace(partition.finish, rules=(Ruled(LethalView(), EKMAN),)))
    with pytest.raises(PartitionKillsWorkers, match="partition 00-root ended its worker process 2 times"):
        list(run([lethal], 1))
    assert set(one.commits()) == {"00-root", "00-0-s0"}, "what was committed stays"


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("step", "error"), [(NeverStarts(), SetUpFailed), (NeverStarts(error="user"), UserError)], ids=["set-up", "user"]
)
def test_what_is_no_rows_fault_stops_the_build(
    build: Callable[..., Build], step: Any, error: type[Exception], workers: int
) -> None:
    one = build(step)
    with pytest.raises(error):
        list(run(one.partitions([["a"]]), workers))
    assert set(one.commits()) == {"00-root"}


def test_a_worker_that_was_killed_while_idle_is_replaced(build: Callable[..., Build]) -> None:
    one = build(FaultyByRow())
    pool = local._Pool(one.partitions([["a"]]), 1)
    worker = pool._idle[0]
    worker.call(steps.pid)
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    assert [report.partition for report in pool.run()] == ["00-root"]


def test_now_and_then_it_says_that_all_are_still_at_work(
    build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_BEAT_S", 0.01)
    reports = list(run(build(Faulty()).partitions([["a"]]), 1))
    assert reports[0] is None and [r.partition for r in reports if r] == ["00-root"]


def test_workers_end_when_the_build_is_given_up(build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []
    stop = local.Child.stop
    monkeypatch.setattr(local.Child, "stop", lambda child: (stopped.append(child), stop(child)))
    reports = run(build(Faulty()).partitions([["a"], ["b"]]), 2)
    next(reports)
    reports.close()
    assert len(set(map(id, stopped))) == 2


@pytest.mark.parametrize("given", [Choice(address="auto"), Choice(options=("--runner=FlinkRunner",))])
def test_what_only_a_cluster_takes_is_refused(given: Choice) -> None:
    with pytest.raises(UserError, match="is for a cluster"), opened(given):
        pass


def test_nothing_to_do_starts_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "Child", lambda: pytest.fail("a worker was started"))
    assert list(run([], 4)) == []


def test_workers_are_as_many_as_the_machine_has_room_for() -> None:
    assert workers_for() >= 1
    assert workers_for(1) == 1
    assert workers_for(10_000) >= workers_for(1)
    assert workers_for(10_000) < 10_000, "memory is a limit too"


def test_rows_of_other_kinds_pass_by_and_keep_their_place(build: Callable[..., Build]) -> None:
    one = build(FaultyByRow())
    [partition] = one.partitions([[]])
    mixed = pa.concat_tables(
        [flow(["a"]), flow(["x", "picture"], kind="image").slice(1), flow(["q", "r", "c"]).slice(2)]
    )
    Workspace(one.root).commits().commit("mixed", "root", Counts(3, 3, 3), {"rows": mixed}, {})
    list(run([replace(partition, root="mixed", rows=3)], 0))
    rows = one.commits()["00-0-s0"][1]["rows"]
    assert [(r["text"], r["length"]) for r in rows] == [("a", 1), ("picture", None), ("c", 1)]


@pytest.mark.parametrize("buckets", [1, 5, 200])
def test_all_rows_of_a_bucket_meet(buckets: int) -> None:
    found: dict[int, list[int]] = {}

    def read(part: int) -> pa.Table:
        numbers = [] if part == 2 else list(range(part, 700, 7))
        return pa.table(
            {"n": pa.array(numbers, pa.int64()), "bucket": pa.array([n % buckets for n in numbers], pa.int64())}
        )

    def reduce(bucket: int, rows: pa.Table) -> None:
        assert bucket not in found
        found[bucket] = rows["n"].to_pylist()

    local.Local(2).exchange(range(7), read, reduce)
    assert {bucket: sorted(numbers) for bucket, numbers in found.items()} == {
        bucket: [n for n in range(700) if n % buckets == bucket and n % 7 != 2] for bucket in range(buckets)
    }
    local.Local(2).exchange([], read, reduce)
    local.Local(2).exchange([2], read, reduce)
    assert len(found) == buckets
