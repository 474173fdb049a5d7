"""Corpus tertiles: exact cuts, groups with cuts of their own, and old cuts that stay."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.fitting import ALONE, Layout, fitted

from affectory.transforms.dataset.tertiles import Tertiles

PITCH = Tertiles(of="pitch_hz")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0])


def rows(values: Sequence[float | None], **columns: Any) -> pa.Table:
    """Signed rows need no more than the note and what they are grouped by."""
    own = {name: pa.array(given_values) for name, given_values in columns.items()}
    return pa.table(
        {"sample_id": [f"s{n:03}" for n in range(len(values))], "pitch_hz": pa.array(values, pa.float32())} | own
    )


def levels(step: Tertiles, table: pa.Table, memory: pa.Table | None = None, layout: Layout = ALONE) -> list[str | None]:
    told, _ = fitted(step, table, memory, layout)
    batch = step.setup()(table.append_column("_level", told.column("_level"))).rows
    return list(batch.column("pitch_hz_level").to_pylist())


def test_a_third_of_the_numbers_is_low_and_a_third_high() -> None:
    values = [5, 1, 9, 3, None, 7, 2, 8, 4, 6]
    expected = ["normal", "low", "high", "low", None, "high", "low", "high", "normal", "normal"]
    assert levels(PITCH, rows(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([None], [None]),
        ([float("nan")], [None]),
        ([4.0], ["low"]),
        ([2.0, 2.0, 2.0], ["low"] * 3),
        ([1.0, 2.0], ["low", "normal"]),
        ([-1.0, 0.0, 1.0], ["low", "normal", "high"]),
    ],
    ids=str,
)
def test_numbers_on_a_cut_go_down(values: list[float | None], expected: list[str | None]) -> None:
    assert levels(PITCH, rows(values)) == expected


@settings(max_examples=40)
@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_cuts_are_those_of_the_sorted_numbers(values: list[float]) -> None:
    table = rows(values)
    numbers = sorted(table.column("pitch_hz").cast(pa.float64()).to_pylist())
    finite = [x for x in numbers if abs(x) != float("inf")]
    _, memory = fitted(PITCH, table)
    cuts = [row for row in memory.to_pylist() if row["group"] == "pooled"]
    if finite:
        third, two = -(-len(finite) // 3) - 1, -(-2 * len(finite) // 3) - 1
        assert cuts == [{"group": "pooled", "low": finite[third], "high": finite[two]}]
    else:
        assert cuts == []


def test_large_groups_have_cuts_of_their_own() -> None:
    step = Tertiles(of="pitch_hz", within="speaker", least=3)
    table = rows([1, 2, 3, 101, 102, 103, 2], speaker=["a", "a", "a", "b", "b", "b", None])
    assert levels(step, table) == ["low", "normal", "high", "low", "normal", "high", "low"]
    assert levels(PITCH, table) == ["low", "low", "normal", "normal", "high", "high", "low"]


@pytest.mark.parametrize("within", ["note.gender", "extra.gender", "speaker"])
def test_small_groups_go_by_all(within: str) -> None:
    step = Tertiles(of="pitch_hz", within=within, least=4)
    names = ["a", "a", "a", "b", "b", "b"]
    extra = pa.array([[("gender", name)] for name in names], pa.map_(pa.string(), pa.string()))
    table = rows([1, 2, 3, 101, 102, 103], speaker=names, gender=names).append_column("extra", extra)
    assert levels(step, table) == ["low", "low", "normal", "normal", "high", "high"]


@pytest.mark.parametrize("key", ["site", "site.id"])
def test_a_key_of_extra_may_have_any_name(key: str) -> None:
    extra = pa.array([[(key, name)] for name in "aaabbb"], pa.map_(pa.string(), pa.string()))
    table = rows([1, 2, 3, 101, 102, 103]).append_column("extra", extra)
    step = Tertiles(of="pitch_hz", within=f"extra.{key}", least=3)
    assert levels(step, table) == ["low", "normal", "high"] * 2


def test_a_note_that_other_kinds_do_not_have_has_no_level() -> None:
    assert levels(PITCH, rows([1.0]).rename_columns(["sample_id", "other"]).append_column("pitch_hz", pa.nulls(1))) == [
        None
    ]
    signed = PITCH.signer()(pa.table({"sample_id": ["a"]})).rows
    assert signed.column("_value").to_pylist() == [None]


def test_new_numbers_go_by_old_cuts() -> None:
    _, memory = fitted(PITCH, rows([1, 2, 3]))
    assert levels(PITCH, rows([7, 8, 9, 1]), memory) == ["high", "high", "high", "low"]
    _, again = fitted(PITCH, rows([7, 8, 9, 1]), memory)
    assert again.equals(memory)


@example([(0.0, "a"), (0.0, "c"), (0.0, "c"), (0.0, "c"), (-1.0, "b")], Layout(3, buckets=2))
@settings(max_examples=12)
@given(
    st.lists(st.tuples(NUMBERS | st.none(), st.sampled_from("abc") | st.none()), max_size=40),
    st.sampled_from([Layout(1), Layout(4), Layout(3, buckets=2), Layout(5, buckets=7)]),
)
def test_no_layout_shows(values: list[tuple[float | None, str | None]], layout: Layout) -> None:
    step = Tertiles(of="pitch_hz", within="speaker", least=3)
    table = rows([v for v, _ in values], speaker=pa.array([g for _, g in values], pa.string()))
    assert levels(step, table, layout=layout) == levels(step, table)


@pytest.mark.parametrize(
    "wrong", [{"within": "mood"}, {"least": 1}, {"of": "Pitch"}, {}, {"of": "a", "by": "b"}], ids=str
)
def test_wrong_parameters_are_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Tertiles).validate_python({"of": "pitch_hz", **wrong} if wrong else {})
