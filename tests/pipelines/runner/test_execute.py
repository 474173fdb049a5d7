"""Running a stage: the rows that are to blame are found, all others are kept, and what is nobody's fault stops it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import steps
from support.steps import Counting, Faulty, FaultyByRow, NeverStarts, SlowStart, flow, stage

from affectory.pipelines.runner.child import Child, ChildHung, RaisedInChild
from affectory.pipelines.runner.execute import SetUpFailed, bisected, join, run_here, run_stage
from affectory.schemas.errors import NotConserved, UserError
from affectory.transforms.base import Failed, Resources, Result

ISOLATED = Resources(batch_rows=4, isolated=True)


def outcomes(texts: list[str], result: Result) -> list[str]:
    """What became of each row, in their order; the conservation law is held on the way."""
    result.check(len(texts), "test")
    found = {int(i): "kept" for i in result.origin}
    found |= {r.row: f"rejected {r.reason}" for r in result.rejected}
    found |= {f.row: f"failed {f.error}" for f in result.failed}
    kept = [texts[i] for i in result.origin]
    assert result.rows.column("text").to_pylist() == kept
    assert result.rows.column("length").to_pylist() == [len(t) for t in kept]
    return [found[i] for i in range(len(texts))]


EXPECTED = {
    "raise": "failed ValueError",
    "mistyped": "failed SchemaMismatch",
    "junk": "failed AttributeError",
    "reject": "rejected filtered",
    "unpicklable": "failed Local",
}


@given(st.lists(st.sampled_from(["good", "fine", *EXPECTED]), max_size=20), st.integers(1, 7))
def test_exactly_the_bad_rows_of_a_vectorised_step_are_found(texts: list[str], batch_rows: int) -> None:
    faulty = stage(Faulty(Resources(batch_rows=batch_rows)))
    result = run_stage(faulty, flow(texts), None)
    assert outcomes(texts, result) == [EXPECTED.get(text, "kept") for text in texts]
    assert result.rows.schema.equals(faulty.output_schema(flow([]).schema))


@given(st.lists(st.booleans(), max_size=40))
def test_bisecting_runs_no_bad_row_with_a_good_one_in_the_end(bad: list[bool]) -> None:
    calls = []

    def run(batch: pa.Table) -> Result:
        calls.append(batch.num_rows)
        if any(bad[i] for i in batch.column("i").to_pylist()):
            raise ValueError("bad")
        return Result.keep_all(batch)

    table = pa.table({"i": pa.array(range(len(bad)), pa.int64())})
    result = bisected(run, table, table.schema) if bad else Result.keep_all(table)
    result.check(len(bad), "s")
    assert [f.row for f in result.failed] == [i for i, b in enumerate(bad) if b]
    if sum(bad) == 1:
        assert len(calls) <= 2 * len(bad).bit_length() + 1, "a single bad row is found by halving"


def test_rows_that_fan_out_are_counted_from_the_start_of_the_table() -> None:
    texts = ["a", "twice", "reject", "twice", "raise"]
    result = run_stage(stage(FaultyByRow(Resources(batch_rows=2))), flow(texts), None)
    assert outcomes(texts, result) == ["kept", "kept", "rejected filtered", "kept", "failed ValueError"]
    assert result.origin.tolist() == [0, 1, 1, 3, 3]


@pytest.mark.parametrize("texts", [[], ["raise", "raise"], ["reject"]])
def test_a_stage_that_keeps_nothing_keeps_its_types(texts: list[str]) -> None:
    faulty = stage(Faulty())
    result = run_stage(faulty, flow(texts), None)
    assert result.rows.num_rows == 0
    assert result.rows.schema.equals(faulty.output_schema(flow([]).schema))


def test_errors_are_told_with_their_text() -> None:
    result = run_stage(stage(Faulty()), flow(["raise"]), None)
    assert result.failed == (Failed(0, "ValueError", "bad text"),)


@pytest.mark.parametrize(
    ("how", "error"),
    [("segfault", "Crashed"), ("exit", "Crashed"), ("junk", "AttributeError"), ("unpicklable", "Local")],
)
def test_a_crash_costs_only_its_own_row(child: Child, how: str, error: str) -> None:
    texts = ["good", how, "good", "reject", "fine"]
    result = run_stage(stage(Faulty(ISOLATED)), flow(texts), child)
    assert outcomes(texts, result) == ["kept", f"failed {error}", "kept", "rejected filtered", "kept"]


def test_several_ways_to_die_in_one_batch(child: Child) -> None:
    texts = ["segfault", "good", "exit", "raise"]
    result = run_stage(stage(Faulty(ISOLATED)), flow(texts), child)
    assert outcomes(texts, result) == ["failed Crashed", "kept", "failed Crashed", "failed ValueError"]
    assert [f.detail for f in result.failed if f.error == "Crashed"] == [
        "the process was ended by SIGSEGV; tried 2 times",
        "the process ended with status 0; tried 2 times",
    ]


def test_a_hang_costs_only_its_own_row(child: Child) -> None:
    texts = ["good", "hang", "fine"]
    result = run_stage(stage(Faulty(replace(ISOLATED, timeout_s=1.0))), flow(texts), child)
    assert outcomes(texts, result) == ["kept", "failed TimedOut", "kept"]
    assert result.failed[0].detail == "no answer within 1 s; killed; tried 2 times"


def test_the_time_to_set_up_is_not_that_of_the_rows(child: Child) -> None:
    """After a hang the models are loaded anew: rows that come next must not be blamed for that."""
    texts = ["good", "hang"]
    result = run_stage(stage(SlowStart(replace(ISOLATED, timeout_s=0.6), seconds=2.0)), flow(texts), child)
    assert outcomes(texts, result) == ["kept", "failed TimedOut"]


def test_no_row_is_blamed_for_a_process_that_was_killed_while_idle(child: Child) -> None:
    child.call(steps.pid)
    assert child._process is not None
    child._process.kill()
    child._process.wait()
    assert outcomes(["good"], run_stage(stage(Faulty(ISOLATED)), flow(["good"]), child)) == ["kept"]


def test_a_crash_while_setting_up_is_no_fault_of_the_rows(child: Child) -> None:
    with pytest.raises(SetUpFailed, match="Crashed: the process was ended by SIGSEGV"):
        run_stage(stage(NeverStarts(ISOLATED, error="segfault")), flow(["a", "b"]), child)


def test_with_everything_isolated_a_crash_of_any_stage_is_survived(child: Child) -> None:
    texts = ["good", "segfault"]
    result = run_stage(stage(Faulty()), flow(texts), child, everything=True)
    assert outcomes(texts, result) == ["kept", "failed Crashed"]


def test_the_same_rows_come_out_of_a_child_as_here(child: Child) -> None:
    texts = ["a", "reject", "twice", "raise", "bb"]
    here = run_stage(stage(FaultyByRow()), flow(texts), None)
    there = run_stage(stage(FaultyByRow(ISOLATED)), flow(texts), child)
    assert here.rows.equals(there.rows)
    assert np.array_equal(here.origin, there.origin)
    assert (here.rejected, here.failed) == (there.rejected, there.failed)


@pytest.mark.parametrize("resources", [Resources(), ISOLATED], ids=["here", "in a child"])
class TestStops:
    """Faults that no row is to blame for."""

    def test_a_step_that_cannot_be_set_up(self, child: Child, resources: Resources) -> None:
        with pytest.raises(SetUpFailed) as raised:
            run_stage(stage(NeverStarts(resources), "loud"), flow(["a", "b"]), child)
        error = raised.value
        assert (error.stage, error.kind, error.detail) == ("loud", "FileNotFoundError", "missing weights")

    def test_a_step_whose_set_up_the_user_must_mend(self, child: Child, resources: Resources) -> None:
        with pytest.raises(UserError, match="no key"):
            run_stage(stage(NeverStarts(resources, error="user")), flow(["a"]), child)

    def test_a_row_that_shows_what_the_user_must_mend(self, child: Child, resources: Resources) -> None:
        with pytest.raises(UserError, match="the key is missing"):
            run_stage(stage(Faulty(resources)), flow(["a", "user"]), child)

    def test_a_step_that_loses_rows(self, child: Child, resources: Resources) -> None:
        with pytest.raises(NotConserved) as raised:
            run_stage(stage(Faulty(resources), "leaky"), flow(["a", "lose"]), child)
        assert (raised.value.stage, raised.value.rows_in, raised.value.accounted) == ("leaky", 2, 1)


def test_a_step_is_set_up_once_and_sees_batches_of_the_size_it_asks_for(tmp_path: Path) -> None:
    counting = stage(Counting(Resources(batch_rows=3), folder=str(tmp_path)))
    for _ in range(2):
        run_stage(counting, flow(["a"] * 7), None)
    notes = [path.read_text() for path in sorted(tmp_path.iterdir())]
    assert notes == ["setup", *["batch 3", "batch 3", "batch 1"] * 2]


def test_a_step_of_other_parameters_is_set_up_anew(tmp_path: Path) -> None:
    for _ in range(2):
        run_stage(stage(Counting(folder=str(tmp_path))), flow(["a"]), None)
    assert [p.read_text() for p in tmp_path.iterdir()].count("setup") == 2


def test_no_rows_need_no_set_up() -> None:
    assert run_stage(stage(NeverStarts()), flow([]), None).rows.num_rows == 0


def test_undeclared_columns_are_refused() -> None:
    class Chatty(Faulty):
        def writes(self) -> dict[str, Any]:
            return {}

    result = run_stage(stage(Chatty()), flow(["a"]), None)
    assert result.failed[0].error == "SchemaMismatch"
    assert "length" in result.failed[0].detail


def test_output_schemas_set_columns_in_place_or_append_them() -> None:
    faulty = stage(Faulty())
    schema = faulty.output_schema(flow([]).schema)
    assert schema.names == [*flow([]).schema.names, "length"]
    assert faulty.output_schema(schema).equals(schema)
    assert faulty.applies(frozenset({"text", "video"}))
    assert not faulty.applies(frozenset({"video"}))


@given(st.lists(st.lists(st.sampled_from(["kept", "raise", "reject"]), max_size=4), max_size=4))
def test_results_are_joined_with_rows_counted_from_the_first(batches: list[list[str]]) -> None:
    faulty, whole = stage(Faulty()), [text for texts in batches for text in texts]
    schema = faulty.output_schema(flow([]).schema)
    starts = [sum(map(len, batches[:i])) for i in range(len(batches))]
    parts = [(s, run_stage(faulty, flow(texts), None)) for s, texts in zip(starts, batches, strict=True)]
    joined = join(parts, schema)
    assert joined.rows.schema.equals(schema)
    assert outcomes(whole, joined) == [EXPECTED.get(text, "kept") for text in whole]


def test_a_result_that_is_good_is_given_back_as_it_was_declared() -> None:
    result = run_here(stage(Faulty()), flow(["abc"]))
    assert result.rows.column("length").to_pylist() == [3]


@pytest.mark.parametrize("error", [RaisedInChild("K", "d"), ChildHung(3.0)])
def test_errors_of_children_have_names_of_their_own(error: Exception) -> None:
    def run(batch: pa.Table) -> Result:
        raise error

    result = bisected(run, pa.table({"x": [1]}), pa.schema([("x", pa.int64())]))
    assert result.failed[0].error == {"RaisedInChild": "K", "ChildHung": "TimedOut"}[type(error).__name__]
