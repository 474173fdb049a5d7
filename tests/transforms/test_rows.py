"""Per-row work: whatever its function does with a row, the row has one outcome and others are not touched."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.schemas.errors import SchemaMismatch
from affectory.transforms.base import Result
from affectory.transforms.rows import Reject, Values, by_row, overlay, set_column

NUMBER, WORD = {"number": pa.int64()}, {"word": pa.string()}


def table(numbers: list[int | None]) -> pa.Table:
    tags = pa.array([f"tag {i}" for i in range(len(numbers))], pa.string())
    return pa.table({"number": pa.array(numbers, pa.int64()), "tag": tags})


KEEP, FAN_OUT, REJECT, RAISE, NOTHING = range(5)
PLANS = st.lists(st.tuples(st.sampled_from([KEEP, FAN_OUT, REJECT, RAISE, NOTHING]), st.integers(1, 3)), max_size=12)


@given(PLANS, st.integers(1, 3))
def test_the_conservation_law_holds_for_any_work(plans: list[tuple[int, int]], chunks: int) -> None:
    def work(row: Values) -> Values | list[Values]:
        what, times = plans[row["number"]]
        if what == REJECT:
            raise Reject("filtered", f"row {row['number']}")
        if what == RAISE:
            raise ZeroDivisionError(f"row {row['number']}")
        made = {"word": f"word {row['number']}"}
        return {KEEP: made, FAN_OUT: [made] * times, NOTHING: []}[what]

    whole = table(list(range(len(plans))))
    batch = pa.concat_tables([whole.slice(0, chunks), whole.slice(chunks)])
    result = by_row(NUMBER, WORD, work)(batch)
    result.check(len(plans), "s")
    origin = result.origin.tolist()
    copies = [{KEEP: 1, FAN_OUT: n}.get(what, 0) for what, n in plans]
    assert origin == [i for i, n in enumerate(copies) for _ in range(n)]
    assert result.rows.column("word").to_pylist() == [f"word {i}" for i in origin]
    assert result.rows.column("number").to_pylist() == origin
    assert result.rows.column("tag").to_pylist() == [f"tag {i}" for i in origin]
    assert [(r.row, r.reason, r.detail) for r in result.rejected] == [
        (i, "filtered", f"row {i}") for i, (what, _) in enumerate(plans) if what == REJECT
    ]
    assert [(f.row, f.error) for f in result.failed] == [
        (i, "ZeroDivisionError" if what == RAISE else "NothingReturned")
        for i, (what, _) in enumerate(plans)
        if what in (RAISE, NOTHING)
    ]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_types_are_as_declared_whatever_becomes_of_the_rows(rows: int) -> None:
    def refuse(row: Values) -> Values:
        raise Reject("empty")

    for work in (refuse, lambda row: {"word": None}):
        result = by_row(NUMBER, WORD, work)(table([1] * rows))
        assert result.rows.schema.equals(table([]).schema.append(pa.field("word", pa.string())))


def test_a_row_is_seen_through_the_columns_that_are_read() -> None:
    seen: list[Values] = []

    def work(row: Values) -> Values:
        seen.append(dict(row))
        return {"word": "w"}

    by_row(NUMBER, WORD, work)(table([1, None]))
    assert seen == [{"number": 1}, {"number": None}]


def test_work_that_reads_nothing_still_sees_every_row() -> None:
    result = by_row({}, WORD, lambda row: {"word": "w"})(table([1, 2, 3]))
    result.check(3, "s")
    assert result.rows.column("word").to_pylist() == ["w"] * 3


def test_a_map_is_seen_as_a_dictionary() -> None:
    maps = pa.table({"m": pa.array([{"a": "1"}, None], pa.map_(pa.string(), pa.string()))})
    result = by_row({"m": maps.schema.field("m").type}, WORD, lambda row: {"word": str(row["m"])})(maps)
    assert result.rows.column("word").to_pylist() == ["{'a': '1'}", "None"]


def test_a_column_may_be_written_over_in_its_place_and_in_another_type() -> None:
    def step(writes: dict[str, pa.DataType], work: Any) -> Result:
        return by_row(NUMBER, writes, work)(table([1, 2]))

    same = step(NUMBER, lambda row: {"number": row["number"] + 1}).rows
    assert same.column_names == ["number", "tag"]
    assert same.column("number").to_pylist() == [2, 3]
    other = step({"number": pa.string()}, lambda row: {"number": str(row["number"])}).rows
    assert other.schema.field("number").type == pa.string()


def test_a_value_that_is_left_out_is_null() -> None:
    assert by_row(NUMBER, {**WORD, "more": pa.int8()}, lambda row: {"word": "w"})(table([1])).rows.to_pylist() == [
        {"number": 1, "tag": "tag 0", "word": "w", "more": None}
    ]


def test_the_error_of_a_row_is_shortened() -> None:
    def work(row: Values) -> Values:
        raise ValueError("x" * 10_000)

    [failed] = by_row(NUMBER, WORD, work)(table([1])).failed
    assert (failed.error, len(failed.detail)) == ("ValueError", 2000)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_not_a_row_that_failed(error: type[BaseException]) -> None:
    def work(row: Values) -> Values:
        raise error

    with pytest.raises(error):
        by_row(NUMBER, WORD, work)(table([1]))


@pytest.mark.parametrize("value", [5, b"\xff", ["w"], {"a": "b"}, "\ud800"])
def test_a_wrong_type_names_the_column_and_its_place(value: Any) -> None:
    with pytest.raises(SchemaMismatch) as raised:
        by_row(NUMBER, WORD, lambda row: {"word": value if row["number"] else "w"})(table([0, 1]))
    assert (raised.value.column, raised.value.row) == ("word", 1)


def test_a_number_of_numpy_is_not_cut_short() -> None:
    with pytest.raises(SchemaMismatch, match="column count"):
        by_row(NUMBER, {"count": pa.int64()}, lambda row: {"count": np.float64(1.5)})(table([0]))
    rows = by_row(NUMBER, {"count": pa.int64()}, lambda row: {"count": np.int32(2)})(table([0])).rows
    assert rows.column("count").to_pylist() == [2]


def test_a_rejection_for_an_unknown_reason_is_a_fault_of_the_step() -> None:
    def work(row: Values) -> Values:
        raise Reject("ugly")

    with pytest.raises(ValueError, match="reason 'ugly' is not one of"):
        by_row(NUMBER, WORD, work)(table([1]))


@given(st.lists(st.integers(0, 9), max_size=5), st.lists(st.sampled_from(["a", "b", "number", "tag"]), unique=True))
def test_overlaying_sets_what_is_written_and_keeps_the_rest(numbers: list[int], names: list[str]) -> None:
    before = table(list(numbers))
    written = [{name: f"{name} {i}" for name in names} for i in range(len(numbers))]
    after = overlay(before, written, dict.fromkeys(names, pa.string()))
    for name in after.column_names:
        if name in names:
            assert after.column(name).to_pylist() == [w[name] for w in written]
        else:
            assert after.column(name).equals(before.column(name))
    assert after.column_names[:2] == ["number", "tag"]
    assert set(after.column_names) == {"number", "tag", *names}


def test_setting_a_column_keeps_its_place_or_appends_it() -> None:
    rows = table([1])
    assert set_column(rows, "number", pa.array([5])).column_names == ["number", "tag"]
    assert set_column(rows, "new", pa.array([5])).column_names == ["number", "tag", "new"]


def test_an_error_is_told_without_addresses_of_memory() -> None:
    from affectory.transforms.rows import told

    one, other = (told(ValueError(f"cannot read {object()!r}")) for _ in range(2))
    assert one == other == "cannot read <object object at 0x...>"
