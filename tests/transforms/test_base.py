"""What a transform owes: one outcome for every row, reasons from the list, and the shape of the protocol."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.schemas.derived import REASONS, SAMPLES
from affectory.schemas.errors import NotConserved
from affectory.schemas.ledgers import KINDS
from affectory.transforms.base import ALL_KINDS, Columns, Failed, Rejected, Resources, Result, Step, Transform


def result(origin: list[int], rejected: list[int] = [], failed: list[int] = [], rows: int | None = None) -> Result:  # noqa: B006
    table = pa.table({"x": list(range(len(origin) if rows is None else rows))})
    return Result(
        table,
        np.array(origin, dtype=np.int64),
        tuple(Rejected(i, "empty") for i in rejected),
        tuple(Failed(i, "ValueError") for i in failed),
    )


@pytest.mark.parametrize(
    ("rows_in", "good"),
    [
        (0, result([])),
        (3, result([0, 1, 2])),
        (3, result([2, 0, 1])),
        (3, result([0, 0, 0, 1, 2, 2])),
        (3, result([1], rejected=[0], failed=[2])),
        (2, result([], rejected=[1], failed=[0])),
    ],
)
def test_every_row_with_one_outcome_is_conserved(rows_in: int, good: Result) -> None:
    good.check(rows_in, "s")


@pytest.mark.parametrize(
    ("rows_in", "bad"),
    [
        (1, result([])),
        (3, result([0, 2])),
        (3, result([0], rejected=[1])),
        (2, result([0, 1], rejected=[1])),
        (2, result([0, 1], failed=[0])),
        (2, result([0], rejected=[1], failed=[1])),
        (2, result([0], rejected=[1, 1])),
        (2, result([0, 1, 2])),
        (0, result([0])),
        (2, result([0, -1])),
        (2, result([0], rejected=[2])),
        (2, result([0], failed=[-1])),
        (2, result([0, 1], rows=1)),
        (2, result([0, 1], rows=3)),
    ],
    ids=[
        *(
            "lost one",
            "lost the middle",
            "lost the last",
            "kept and rejected",
            "kept and failed",
            "rejected and failed",
        ),
        *("rejected twice", "invented", "invented from nothing", "kept before the first", "rejected after the last"),
        *("failed before the first", "fewer rows than origins", "more rows than origins"),
    ],
)
def test_a_lost_doubled_or_invented_row_is_caught(rows_in: int, bad: Result) -> None:
    with pytest.raises(NotConserved) as raised:
        bad.check(rows_in, "the stage")
    assert (raised.value.stage, raised.value.rows_in) == ("the stage", rows_in)


@given(st.integers(0, 6), *[st.lists(st.integers(-1, 6), max_size=6)] * 3)
def test_only_a_partition_of_the_rows_is_conserved(
    rows_in: int, origin: list[int], rejected: list[int], failed: list[int]
) -> None:
    conserved = sorted([*set(origin), *rejected, *failed]) == list(range(rows_in))
    try:
        result(origin, rejected, failed).check(rows_in, "s")
    except NotConserved:
        assert not conserved
    else:
        assert conserved


@given(st.integers(0, 5))
def test_keeping_all_keeps_all(rows: int) -> None:
    Result.keep_all(pa.table({"x": list(range(rows))})).check(rows, "s")


def test_a_reason_is_one_of_the_list() -> None:
    assert [Rejected(0, reason).reason for reason in REASONS] == list(REASONS)
    with pytest.raises(ValueError, match="reason 'ugly' is not one of unreadable, empty"):
        Rejected(0, "ugly")


def test_an_error_may_have_any_name() -> None:
    assert Failed(0, "Anything at all").detail == ""


def test_transforms_work_on_kinds_that_samples_have() -> None:
    assert set(KINDS) - {"generated"} == ALL_KINDS
    assert "kind" in SAMPLES.schema.names


@dataclass(frozen=True)
class Nothing:
    on: frozenset[str] = frozenset({"text"})
    resources: Resources = field(default_factory=Resources)

    def reads(self) -> Columns:
        return {}

    def writes(self) -> Columns:
        return {}

    def setup(self) -> Step:
        return Result.keep_all


def test_the_protocol_can_be_checked_at_run_time() -> None:
    assert isinstance(Nothing(), Transform)
    assert not isinstance(object(), Transform)
    assert not Resources().isolated
    assert Resources().batch_rows > 0
