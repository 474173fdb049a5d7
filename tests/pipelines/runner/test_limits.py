"""Limits of a row: memory, time and tries; the row that is to blame fails, and says what would help it."""

import pickle
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from support import steps, steps_hard
from support.project import texts
from support.steps import flow, stage
from support.steps_hard import SMALL_MB, Hard

from affectory.pipelines.build import Options, scan_sources
from affectory.pipelines.plan import make_plan
from affectory.pipelines.publish import _without_folders
from affectory.pipelines.runner.child import Child, ChildDied, ChildTooLarge
from affectory.pipelines.runner.execute import Allowance, SetUpFailed, bisected, run_stage
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.model import Limits
from affectory.transforms.base import Resources, Result

ISOLATED = Resources(batch_rows=4, isolated=True)
SMALL = Allowance(memory_mb=SMALL_MB, retries=0)


def failed(result: Result) -> dict[int, tuple[str, str]]:
    return {f.row: (f.error, f.detail) for f in result.failed}


def kept(result: Result) -> list[int]:
    return [int(row) for row in result.origin]


TOO_LARGE = (
    f"the process held more than the {SMALL_MB} MB that it may; killed. limits.memory_mb can allow more, "
    "then `affectory retry --reason OutOfMemory`"
)


class TestMemory:
    def test_a_row_that_leaks_fails_alone_and_says_what_would_help(self, child: Child) -> None:
        result = run_stage(stage(Hard(ISOLATED)), flow(["a", "leak", "c", "d"]), child, allowance=SMALL)
        assert failed(result) == {1: ("OutOfMemory", f"{TOO_LARGE}; tried once")}
        assert kept(result) == [0, 2, 3]

    def test_a_leak_is_ended_long_before_it_hurts_the_machine(self, child: Child) -> None:
        """It would go on to take five times as much, and to sit on it for a minute."""
        before = time.monotonic()
        with pytest.raises(ChildTooLarge):
            child.call(steps_hard.leak, memory_mb=SMALL_MB)
        assert time.monotonic() - before < 30

    def test_what_a_child_started_counts_and_ends_with_it(self, child: Child) -> None:
        pid = child.call(steps.pid)
        child.send(steps_hard.leak_by_a_descendant)
        descendant = _first_child_of(pid)
        with pytest.raises(ChildTooLarge):
            child.receive(memory_mb=SMALL_MB)
        assert _gone(descendant)

    def test_a_stage_that_says_it_needs_more_may_have_it(self, child: Child) -> None:
        needs = replace(ISOLATED, memory_mb=3000, timeout_s=2.0)
        result = run_stage(stage(Hard(needs)), flow(["leak"]), child, allowance=SMALL)
        assert failed(result)[0][0] == "TimedOut", "it leaked up to where the step stops, unhindered"

    def test_a_stage_cannot_say_that_it_has_to_do_with_less(self) -> None:
        assert Allowance(500).memory_of(stage(Hard(replace(ISOLATED, memory_mb=100)))) == 500

    def test_a_set_up_that_leaks_is_no_fault_of_the_rows(self, child: Child) -> None:
        with pytest.raises(SetUpFailed, match=f"OutOfMemory: .* {SMALL_MB} MB .* limits.memory_mb"):
            run_stage(stage(steps_hard.LeakyStart(ISOLATED)), flow(["a"]), child, allowance=SMALL)

    def test_what_stages_before_left_is_not_held_against_the_next(self, child: Child) -> None:
        assert child.call(steps_hard.hold, 400) == 400
        before = child.pid
        result = run_stage(stage(Hard(ISOLATED)), flow(["a"]), child, allowance=SMALL)
        assert kept(result) == [0]
        assert child.pid != before

    def test_the_error_travels_whole(self) -> None:
        error = pickle.loads(pickle.dumps(ChildTooLarge(7)))
        assert (type(error), error.memory_mb, error.facts()["memory_mb"]) == (ChildTooLarge, 7, 7)

    def test_where_nobody_tells_what_a_process_holds_nothing_is_ended(
        self, child: Child, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("affectory.pipelines.runner.memory.Path", lambda path: Path("/nowhere" + path))
        assert child.call(steps_hard.hold, 400, memory_mb=SMALL_MB) == 400


def _first_child_of(pid: int) -> int:
    """As soon as there is one."""
    place = Path(f"/proc/{pid}/task/{pid}/children")
    while not (found := place.read_text().split()):
        time.sleep(0.01)
    return int(found[0])


def _gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while not (ended := _ended(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    return ended


def _ended(pid: int) -> bool:
    """Whether a process is gone, or waits only for somebody to take note of that."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class TestKilled:
    def test_a_kill_by_the_kernel_is_told_as_what_it_most_likely_is(self, child: Child) -> None:
        result = run_stage(stage(Hard(ISOLATED)), flow(["a", "die"]), child, allowance=Allowance(retries=0))
        said = "the process was ended by SIGKILL, most likely out of memory; tried once"
        assert failed(result) == {1: ("Crashed", said)}

    def test_the_kernel_takes_the_child_before_its_parent(self, child: Child) -> None:
        ours = int(Path("/proc/self/oom_score_adj").read_text())
        theirs = int(Path(f"/proc/{child.call(steps.pid)}/oom_score_adj").read_text())
        assert theirs == min(1000, ours + 300)

    def test_a_child_that_dies_is_missed_though_what_it_started_lives_on(self, child: Child) -> None:
        """A forked process holds our pipe open, so that its end is not heard there."""
        with pytest.raises(ChildDied, match="status 3"):
            child.call(steps_hard.leave_a_fork_and_die, timeout_s=30)


class TestRetries:
    def test_a_process_that_dies_now_and_then_costs_no_row(self, child: Child) -> None:
        child.stop()
        result = run_stage(
            stage(Hard(replace(ISOLATED, batch_rows=1), dies_every=5)), flow(["a"] * 12), child, allowance=Allowance()
        )
        assert kept(result) == list(range(12))

    def test_without_retries_it_costs_the_rows_concerned(self, child: Child) -> None:
        child.stop()
        dying = stage(Hard(replace(ISOLATED, batch_rows=1), dies_every=5))
        result = run_stage(dying, flow(["a"] * 12), child, allowance=Allowance(retries=0))
        assert failed(result) == dict.fromkeys([4, 9], ("Crashed", "the process ended with status 70; tried once"))
        assert kept(result) == [0, 1, 2, 3, 5, 6, 7, 8, 10, 11]

    def test_a_batch_that_dies_for_another_reason_is_found_innocent_row_by_row(self, child: Child) -> None:
        child.stop()
        dying = stage(Hard(ISOLATED, dies_every=6))
        result = run_stage(dying, flow(["a"] * 12), child, allowance=Allowance(retries=0))
        assert kept(result) == list(range(12)), "halves run in a fresh process"

    @pytest.mark.parametrize(("retries", "tried"), [(0, "once"), (1, "2 times"), (3, "4 times")])
    def test_a_row_that_ends_its_process_each_time_says_how_often_it_was_tried(
        self, child: Child, retries: int, tried: str
    ) -> None:
        allowance = Allowance(retries=retries)
        result = run_stage(stage(Hard(ISOLATED)), flow(["die", "a"]), child, allowance=allowance)
        assert failed(result)[0][1].endswith(f"; tried {tried}")

    def test_a_row_that_never_ends_is_tried_again_too(self, child: Child) -> None:
        sleepy = stage(Hard(replace(ISOLATED, timeout_s=0.4)))
        result = run_stage(sleepy, flow(["a", "sleep"]), child, allowance=Allowance())
        assert failed(result) == {1: ("TimedOut", "no answer within 0.4 s; killed; tried 2 times")}

    def test_what_a_step_raises_would_come_again(self) -> None:
        calls = []

        def run(row: pa.Table) -> Result:
            calls.append(row.num_rows)
            raise ConnectionError("away")

        result = bisected(run, flow(["a"]), flow([]).schema, retries=5)
        assert (calls, failed(result)) == ([1], {0: ("ConnectionError", "away")})

    def test_the_last_try_decides_what_is_told(self) -> None:
        errors: list[Exception] = [ValueError("seen at last"), ChildDied(-11)]

        def run(row: pa.Table) -> Result:
            raise errors.pop()

        result = bisected(run, flow(["a"]), flow([]).schema, retries=5)
        assert (errors, failed(result)) == ([], {0: ("ValueError", "seen at last")})


def test_a_recipe_and_the_runner_allow_the_same_by_default() -> None:
    assert Allowance() == Allowance(Limits().memory_mb, Limits().retries)


def test_what_a_row_may_cost_is_no_part_of_the_published_recipe() -> None:
    recipe = {"publish": {"to": "here"}, "limits": Limits(memory_mb=999, retries=3).model_dump(), "workspace": "w"}
    published = _without_folders(recipe)
    assert set(published["limits"]) == set(Limits.model_fields) - {"memory_mb", "retries"}


def test_limits_of_a_recipe_reach_the_runner_and_change_no_release(tmp_path: Path) -> None:
    project = texts(tmp_path)
    first = project.build()
    again = project.build("limits.memory_mb=999", "limits.retries=3")
    assert (first.release_hash != "", again.unchanged, again.partitions_run) == (True, True, 0)
    bound = project.bound("limits.memory_mb=999", "limits.retries=3")
    workspace = Workspace(project.workspace)
    scan = scan_sources(bound, workspace, Options(project.workspace, project.releases))
    plan = make_plan(bound, workspace, scan)
    assert {partition.allowance for partition in plan.partitions} == {Allowance(999, 3)}
    assert bound.limits.memory_mb == 999
