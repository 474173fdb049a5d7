"""Ray: what runs again and how often, what is waited for, and that nothing of Ray shows in errors and output."""

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from ray import exceptions as ray_errors
from support import steps
from support.exchanging import expected, noted, spread
from support.exchanging import found as noted_in
from support.partitions import EKMAN, GOOD, Build, counts
from support.project import TEXTS, texts
from support.steps import Faulty, FaultyByRow, LethalView, NeverStarts, Opines

from affectory.pipelines import discovery
from affectory.pipelines.engines import _ray_tasks, local
from affectory.pipelines.engines._ray_cluster import Cluster, _code_and_threads
from affectory.pipelines.engines._ray_hops import Hop, Needs, hops
from affectory.pipelines.engines._shared import check_shared
from affectory.pipelines.engines.base import Choice, Notice, PartitionKillsWorkers, opened
from affectory.pipelines.engines.ray_data import Ray
from affectory.pipelines.process import TooManyFailed
from affectory.pipelines.runner.child import ONE_THREAD
from affectory.pipelines.runner.execute import SetUpFailed
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.store.commits import Counts
from affectory.schemas.errors import UserError
from affectory.transforms.base import Resources

pytestmark = pytest.mark.usefixtures("ray_session")


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Build]:
    def make(*transforms: Any, name: str = "w") -> Build:
        return Build(tmp_path / name, tuple(steps.stage(t, f"s{i}") for i, t in enumerate(transforms)))

    return make


def run(partitions: Any) -> list[PartitionReport | Notice]:
    with opened(Choice("ray")) as engine:
        return [report for report in engine.run(partitions) if report is not None]


def reports(found: list[Any]) -> list[PartitionReport]:
    return [report for report in found if isinstance(report, PartitionReport)]


def test_it_commits_what_the_local_engine_does(build: Callable[..., Build]) -> None:
    here, there = build(FaultyByRow(), Faulty(), name="a"), build(FaultyByRow(), Faulty(), name="b")
    list(local.run(here.partitions(GOOD), 0))
    found = run(there.partitions(GOOD))
    assert sorted(r.partition for r in reports(found)) == ["00-root", "01-root", "02-root", "03-root"]
    assert there.commits() == here.commits()


def test_a_row_that_ends_its_worker_is_found(build: Callable[..., Build]) -> None:
    one = build(Faulty())
    found = run(one.partitions([["a", "segfault", "b", "reject"], ["c"]]))
    assert counts(reports(found), "s0") == Counts(5, 3, 3, 1, 1)
    again = [notice for notice in found if isinstance(notice, Notice)]
    assert [(n.kind, n.partition) for n in again] == [("again", "00-root")]
    assert "its worker died; 1 of 4 times" in again[0].text


def test_a_partition_that_ends_its_worker_each_time_stops_the_build(build: Callable[..., Build]) -> None:
    one = build(Opines())
    [partition] = one.partitions([["a"]])
    lethal = replace(partition, finish=replace(partition.finish, rules=(Ruled(LethalView(), EKMAN),)))
    with pytest.raises(PartitionKillsWorkers, match="partition 00-root ended its worker process 5 times: The worker"):
        run([lethal])
    assert set(one.commits()) == {"00-root", "00-0-s0"}, "what was committed stays"


@dataclass
class Hill:
    """A cluster to ask about its nodes."""

    own: bool = False
    task_options: Any = field(default_factory=dict)

    def nodes(self) -> list[dict[str, float]]:
        return [{"CPU": 8.0, "memory": 1e9}, {"CPU": 4.0}]


LOST = [
    (ray_errors.NodeDiedError("gone"), "its node was lost", False, 1.0, PartitionKillsWorkers),
    (ray_errors.WorkerCrashedError(), "its worker died", True, 1.0, PartitionKillsWorkers),
    (ray_errors.OutOfMemoryError("full"), "its node was out of memory", True, 4.0, PartitionKillsWorkers),
    (ray_errors.RuntimeEnvSetupError("no pip"), "its node could not take our code", False, 1.0, UserError),
]


@pytest.mark.parametrize(("error", "why", "isolated", "cpus", "last"), LOST, ids=[why for _, why, *_ in LOST])
def test_what_is_lost_runs_again_so_many_times(
    build: Callable[..., Build], error: Any, why: str, isolated: bool, cpus: float, last: type[Exception]
) -> None:
    """Who may have done it gets children for its stages; after memory ran out it has a node to itself."""
    [partition] = build(Opines()).partitions([["a"]])
    tasks = _ray_tasks.Tasks([partition], Hill(), None, "")  # type: ignore[arg-type]
    [queue] = tasks._waiting.values()
    for number in range(1, 5):
        notice = tasks._again(queue.popleft(), error)
        assert f"{why}; {number} of 4 times" in notice.text
        assert (queue[0].partition.isolate == "all") == isolated
        options = tasks._options(queue[0])
        assert (options["num_cpus"], options["scheduling_strategy"]) == (cpus, "SPREAD")
    with pytest.raises(last):
        tasks._again(queue.popleft(), error)


def test_what_is_no_loss_is_told_at_once(build: Callable[..., Build]) -> None:
    [partition] = build(Opines()).partitions([["a"]])
    tasks = _ray_tasks.Tasks([partition], Hill(), None, "")  # type: ignore[arg-type]
    [queue] = tasks._waiting.values()
    with pytest.raises(UserError, match="a node of the cluster lacks the module torchcodec"):
        tasks._again(queue[0], ray_errors.RaySystemError("No module named 'torchcodec'"))


def test_a_submitted_jobs_code_is_kept_and_its_threads_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [wheel] = _code_and_threads(tmp_path)["py_modules"]
    assert Path(wheel).name.startswith("affectory-") and Path(wheel).exists()
    submitted = {"runtime_env": {"py_modules": ["gcs://a.whl"], "env_vars": {"OMP_NUM_THREADS": "8"}}}
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps(submitted))
    assert _code_and_threads(tmp_path) == {"env_vars": ONE_THREAD}


@pytest.mark.parametrize(
    ("step", "error"), [(NeverStarts(), SetUpFailed), (NeverStarts(error="user"), UserError)], ids=["set-up", "user"]
)
def test_errors_arrive_as_themselves(build: Callable[..., Build], step: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        run(build(step).partitions([["a"]]))
    assert type(caught.value) is error and "ray" not in str(caught.value).lower()


def with_needs(one: Build, *gpus: float) -> Build:
    """The same stages, each asking for so many GPUs."""
    asked = [replace(s.transform, resources=Resources(gpus=g)) for s, g in zip(one.stages, gpus, strict=True)]
    return replace(one, stages=tuple(replace(s, transform=t) for s, t in zip(one.stages, asked, strict=True)))


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ((0, 0), [(0, None)]),
        ((0, 1), [(0, 1), (1, 2), (0, None)]),
        ((1, 1), [(1, 2), (0, None)]),
        ((0.5, 1), [(0.5, 1), (1, 2), (0, None)]),
        ((1, 0), [(1, 1), (0, None)]),
    ],
)
def test_stages_with_the_same_needs_go_together(build: Callable[..., Build], gpus: Any, expected: Any) -> None:
    [partition] = with_needs(build(Faulty(), Faulty()), *gpus).partitions([["a"]])
    assert hops(partition) == tuple(Hop(Needs(gpus=g), until) for g, until in expected)


def test_a_partition_goes_on_as_a_further_task_where_needs_differ(
    build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no GPU here: the scarce thing is a processor more."""
    monkeypatch.setattr("affectory.pipelines.engines._ray_hops.needs_of", lambda r: Needs(cpus=1 + r.gpus))
    partitions = with_needs(build(FaultyByRow(), Faulty()), 0, 1).partitions(GOOD)
    assert [len(hops(p)) for p in partitions] == [3] * 4
    found = reports(run(partitions))
    assert sorted((r.partition, tuple(s.stage for s in r.stages)) for r in found) == [
        (f"0{i}-root", ("s0", "s1", "label")) for i in range(4)
    ]


def test_a_scarce_thing_is_not_asked_for_when_its_work_is_done(build: Callable[..., Build]) -> None:
    """This machine has no GPU, so a task that asked for one would never run."""
    one = build(Faulty())
    partitions = one.partitions([["a"]])
    list(local.run([replace(p, until=1) for p in partitions], 0))
    [report] = reports(run(with_needs(one, 1).partitions([["a"]])))
    assert [s.stage for s in report.stages] == ["label"]


def test_those_who_wait_for_a_scarce_thing_do_not_hold_up_the_others(build: Callable[..., Build]) -> None:
    """There is no GPU, and of the partitions that want one there are more than may be on their way."""
    wanting = with_needs(build(Faulty(), name="a"), 1).partitions([["a"]] * 12)
    others = build(Faulty(), name="b").partitions([["a"]] * 3)
    with opened(Choice("ray")) as engine:
        running, found = engine.run([*wanting, *others]), list[Any]()
        while len(reports(found)) < 3:
            found.append(next(running))
        running.close()
    assert {len(r.stages) for r in reports(found)} == {2}


@pytest.mark.parametrize(
    ("needs", "times"), [(Needs(), 8), (Needs(gpus=0.5), 4), (Needs(cpus=3), 2), (Needs(memory=20), 5), (Needs(9), 0)]
)
def test_a_node_has_room_for_so_many(needs: Needs, times: int) -> None:
    assert needs.times({"CPU": 8.0, "GPU": 2.0, "memory": 100.0}) == times
    assert needs.times({"CPU": 8.0}) == (times if needs in (Needs(), Needs(cpus=3)) else 0)


def test_it_says_what_it_waits_for(build: Callable[..., Build]) -> None:
    with opened(Choice("ray")) as engine:
        running = engine.run(with_needs(build(Faulty()), 1).partitions([["a"]]))
        assert next(running) == Notice("waiting", "waiting for a node with 1 CPU and 1 GPU: none of 1 has that")
        running.close()


def test_this_machine_will_never_have_what_it_has_not(
    build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch, ray_session: Cluster
) -> None:
    engine = Ray(Choice("ray"))
    engine._cluster = ray_session
    with pytest.raises(UserError, match="a stage needs 1 CPU and 1 GPU, which this machine does not have"):
        list(engine.run(with_needs(build(Faulty()), 1).partitions([["a"]])))


def test_it_says_that_all_are_still_at_work(build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ray_tasks, "_BEAT_S", 0.0)
    monkeypatch.setattr(_ray_tasks, "_PATIENCE_S", 0.0)
    with opened(Choice("ray")) as engine:
        found = list(engine.run(build(Faulty()).partitions([["a"]])))
    assert found[0] is None
    assert isinstance(found[1], Notice) and "no partition ended for 0 s; the cluster has 1 nodes" in found[1].text


def test_only_so_many_are_on_their_way(build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    settled = _ray_tasks.Tasks._settled

    def watched(self: Any, ref: Any, task: Any) -> Any:
        seen.append(len(self._running) + 1)
        return settled(self, ref, task)

    monkeypatch.setattr(_ray_tasks.Tasks, "_settled", watched)
    with opened(Choice("ray", workers=3)) as engine:
        found = list(engine.run(build(Opines()).partitions([["a"]] * 12)))
    assert len(reports(found)) == 12 and max(seen) == 3


def test_tasks_end_when_the_build_is_given_up(build: Callable[..., Build], tmp_path: Path) -> None:
    import ray

    partitions = build(Faulty()).partitions([["hang"], ["hang"], ["hang"]])
    with opened(Choice("ray")) as engine:
        running = engine.run(partitions)
        while next(running) is not None:
            pass
        running.close()
    [done] = reports(run(build(Faulty(), name="next").partitions([["a"]])))  # no slot is held by those that hang
    assert done.partition == "00-root" and ray.is_initialized()


def test_nothing_to_do_connects_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cluster, "connect", lambda self: pytest.fail("connected"))
    with opened(Choice("ray", address="nowhere:1")) as engine:
        assert list(engine.run([])) == []
        engine.exchange([], pytest.fail, pytest.fail)


def test_a_node_that_does_not_see_the_workspace_ends_the_build(
    build: Callable[..., Build], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = str(tmp_path / "of-another-disk")
    monkeypatch.setattr(Ray, "_marker", lambda self, workspace: marker)
    one = build(Opines())
    with pytest.raises(UserError, match="does not see the workspace") as caught:
        run(one.partitions([["a"]]))
    assert "s3://" in caught.value.hint
    assert set(one.commits()) == {"00-root"}


def test_nodes_must_see_the_sources_of_media(tmp_path: Path, build: Callable[..., Build]) -> None:
    [partition] = build(Opines()).partitions([["a"]])
    there, gone = str(tmp_path), str(tmp_path / "gone")
    films = replace(partition, kinds=frozenset({"video"}), roots={"here": there, "films": gone, "far": "s3://films"})
    with pytest.raises(UserError, match=f"does not see the source films \\({gone}\\)"):
        check_shared(films, there)
    check_shared(replace(films, roots={"here": there, "far": "s3://films"}), there)
    check_shared(replace(films, kinds=frozenset({"text"})), there)


def test_a_build_with_too_many_failures_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {**discovery.steps(), "flaky": "support.steps_failing"}
    monkeypatch.setattr(discovery, "steps", lambda: steps)
    made = texts(tmp_path, 12)
    flaky = [{"flaky": {"while_there": str(tmp_path)}}]
    limits = {"max_failed": 0.1, "min_for_max_failed": 1}
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "ingest": flaky, "limits": limits}, sort_keys=False))
    with pytest.raises(TooManyFailed, match="stage flaky failed on"):
        made.build(engine="ray", workers=2, partition_rows=3)


def once_lethal(folder: str, part: int) -> pa.Table:
    """Ends its worker the first time that it reads part 7."""
    mark = Path(folder, "died")
    if part == 7 and not mark.exists():
        mark.write_text("")
        os._exit(1)
    return spread(part)


@pytest.mark.parametrize("lethal", [False, True], ids=["calm", "a worker dies"])
def test_every_bucket_is_reduced_once_with_all_of_its_rows(tmp_path: Path, lethal: bool) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    read = functools.partial(once_lethal, str(tmp_path)) if lethal else spread
    with opened(Choice("ray")) as engine:
        engine.exchange(range(40), read, functools.partial(noted, str(seen)))
    assert noted_in(seen) == expected(40)
    assert lethal == (tmp_path / "died").exists()


def unreadable(part: int) -> pa.Table:
    raise UserError("the part is gone", "build again")


def irreducible(bucket: int, rows: pa.Table) -> None:
    raise UserError("no room", "make room")


@pytest.mark.parametrize(("read", "reduce"), [(unreadable, irreducible), (spread, irreducible)], ids=["read", "reduce"])
def test_errors_of_an_exchange_arrive_as_themselves(read: Any, reduce: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with opened(Choice("ray")) as engine, pytest.raises(UserError) as caught:
        engine.exchange(range(4), read, reduce)
    assert type(caught.value) is UserError and caught.value.message in ("the part is gone", "no room")
    assert capfd.readouterr() == ("", "")


def test_a_build_prints_nothing_of_ray(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    on_ray, here = texts(tmp_path / "ray"), texts(tmp_path / "local")
    made = on_ray.build(engine="ray", partition_rows=4)
    print("after")
    assert made.release_hash == here.build(partition_rows=5).release_hash
    assert capfd.readouterr() == ("after\n", "")
    assert sys.stdout is not None


def test_workers_compute_with_one_thread(ray_session: Cluster) -> None:
    import ray

    with opened(Choice("ray")) as engine:
        list(engine.run([]))
        assert isinstance(engine, Ray)
        engine._cluster.connect()
        asked = ray.remote(steps.threads).options(**engine._cluster.task_options)
        assert set(ray.get(asked.remote()).values()) == {"1"}
        assert set(ray.get(ray.remote(steps.threads).remote()).values()) == {"1"}, "and on a cluster of our own"
