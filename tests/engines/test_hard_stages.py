"""Stages that leak, die or wear out: on every engine the build ends, the rows concerned fail, the others are kept."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support import steps
from support.dealing import First
from support.partitions import Build, counts
from support.steps_hard import Hard

from affectory.pipelines.engines import base
from affectory.pipelines.engines.base import Choice, Engine
from affectory.pipelines.runner.execute import Allowance
from affectory.pipelines.runner.partition import Partition, PartitionReport
from affectory.pipelines.store.commits import Counts
from affectory.transforms.base import Resources

ALLOWANCE = Allowance(memory_mb=500, retries=1)
LARGE = (
    "the process held more than the 500 MB that it may; killed. limits.memory_mb can allow more, "
    "then `affectory retry --reason OutOfMemory`; tried 2 times"
)
KILLED = "the process was ended by SIGKILL, most likely out of memory; tried 2 times"


@pytest.fixture(scope="module")
def engine_called() -> Iterator[Callable[[str], Engine]]:
    """Each engine once, as starting one takes long."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", steps.PYTHON_PATH)
        yield cache(lambda name: stack.enter_context(base.opened(Choice(name, 2))))


@pytest.fixture(params=base.names())
def engine(request: pytest.FixtureRequest, engine_called: Callable[[str], Engine]) -> Engine:
    return engine_called(request.param)


def reports(engine: Engine, partitions: list[Partition]) -> list[PartitionReport]:
    allowed = [replace(partition, allowance=ALLOWANCE) for partition in partitions]
    return [report for report in engine.run(allowed) if isinstance(report, PartitionReport)]


def build(root: Path, step: Any) -> Build:
    return Build(root, (steps.stage(step, "hard"),))


@pytest.mark.parametrize("isolated", [True, False], ids=["in a child", "in the worker"])
def test_rows_that_leak_or_kill_fail_and_cost_no_other(
    engine: Engine, tmp_path: Path, isolated: bool, first: First
) -> None:
    """A stage that was thought safe ends its worker once; then its partition runs with every stage in a child."""
    one = build(tmp_path, Hard(Resources(batch_rows=4, isolated=isolated)))
    ran = reports(engine, one.partitions([["leak", "b"], ["die"], ["d"]]))
    assert sorted(report.partition for report in ran) == ["00-root", "01-root", "02-root"]
    assert counts(ran, "hard") == Counts(4, 2, 2, 0, 2)
    commits = one.commits()
    rejects = [r for key in commits if "hard" in key for r in commits[key][1].get("rejects", ())]
    assert {(r["outcome"], r["reason"], r["detail"], r["uri"]) for r in rejects} == {
        ("failed", "OutOfMemory", LARGE, "0.txt"),
        ("failed", "Crashed", KILLED, "0.txt"),
    }
    kept = [row["text"] for key in commits if "hard" in key for row in commits[key][1].get("rows", ())]
    assert kept == ["b", "d"]
    assert first.of(f"isolated-{isolated}", commits) == commits, "another engine committed something else"


def test_a_model_that_dies_now_and_then_loses_no_row(engine: Engine, tmp_path: Path) -> None:
    one = build(tmp_path, Hard(Resources(batch_rows=1, isolated=True), dies_every=4))
    ran = reports(engine, one.partitions([["a"] * 6, ["b"] * 3]))
    assert counts(ran, "hard") == Counts(9, 9, 9)
