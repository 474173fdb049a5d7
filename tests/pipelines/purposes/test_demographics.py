"""Of nobody is told what too few others share."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.purposes.demographics import coarsened

COLUMNS = ("age", "gender", "relation")
people = st.lists(st.fixed_dictionaries({name: st.sampled_from(["a", "b", None]) for name in COLUMNS}), max_size=40)


def cell(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in COLUMNS)


@given(people, st.integers(2, 6))
def test_each_shares_all_that_is_told_with_enough_others_or_nothing_is_told(
    rows: list[dict[str, Any]], least: int
) -> None:
    made = coarsened(rows, COLUMNS, least)
    shared = Counter(map(cell, made))
    assert all(count >= least or not any(told) for told, count in shared.items())
    assert all(m[name] in (row[name], None) for m, row in zip(made, rows, strict=True) for name in COLUMNS)


@given(people, st.integers(2, 6), st.randoms())
def test_what_is_told_of_somebody_hangs_on_no_order(rows: list[dict[str, Any]], least: int, chance: Any) -> None:
    order = list(range(len(rows)))
    chance.shuffle(order)
    made = coarsened(rows, COLUMNS, least)
    assert coarsened([rows[i] for i in order], COLUMNS, least) == [made[i] for i in order]


@pytest.mark.parametrize(
    ("least", "told"),
    [(2, [("30", "f"), ("30", "f"), (None, "m"), (None, "m")]), (3, [(None, None)] * 4), (5, [(None, None)] * 4)],
)
def test_the_first_fact_is_left_out_first(least: int, told: list[tuple[str | None, str | None]]) -> None:
    rows = [{"age": a, "gender": g} for a, g in (("30", "f"), ("30", "f"), ("30", "m"), ("40", "m"))]
    assert [tuple(row.values()) for row in coarsened(rows, ("age", "gender"), least)] == told
