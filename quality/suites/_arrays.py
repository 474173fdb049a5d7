"""Arithmetic on nested Arrow columns, a whole lot of rows at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def mask(values: Any, absent: bool = False) -> Mask:
    """Truth values; nulls count as `absent`."""
    return np.asarray(pc.fill_null(values, absent), dtype=bool)


def truth(values: Mask, where: Mask | None = None) -> pa.Array:
    """An Arrow column of truth values, null where there is nothing to say."""
    return pa.array(values, mask=None if where is None else ~where)


def numbers(values: Any) -> Floats:
    """Numbers as floats; nulls as NaN."""
    return np.asarray(pc.cast(values, pa.float64()).fill_null(np.nan), dtype=np.float64)


def within(table: pa.Table, *path: str) -> pa.Array:
    """A field inside a struct column, by its path."""
    found = table.column(path[0]).combine_chunks()
    for name in path[1:]:
        found = pc.struct_field(found, name)
    return found


def lengths(lists: pa.Array) -> Ints:
    """Of each list; -1 where there is none."""
    return np.asarray(pc.fill_null(pc.list_value_length(lists), -1), dtype=np.int64)


def flat(lists: pa.Array) -> tuple[pa.Array, Ints]:
    """What lies in lists, and in which row each of it lies."""
    return pc.list_flatten(lists), np.asarray(pc.list_parent_indices(lists), dtype=np.int64)


def rows_with(lists: pa.Array, wrong: Callable[[Floats], Mask]) -> Mask:
    """Rows in whose list of numbers one is wrong; nulls inside are passed over."""
    inside, parents = flat(lists)
    there = np.asarray(pc.is_valid(inside), dtype=bool)
    with np.errstate(invalid="ignore"):
        return rows_of(parents[there & wrong(numbers(inside))], len(lists))


def rows_of(parents: Ints, count: int) -> Mask:
    """A mask of these rows."""
    found = np.zeros(count, dtype=bool)
    found[parents] = True
    return found


def sums(lists: pa.Array) -> Floats:
    """Of each list, nulls and what is not a number left out."""
    inside, parents = flat(lists)
    added: Floats = np.bincount(parents, np.nan_to_num(numbers(inside)), len(lists)).astype(np.float64)
    return added


def some(lists: pa.Array) -> Mask:
    """Rows whose list holds anything but nulls."""
    inside, parents = flat(lists)
    return rows_of(parents[np.asarray(pc.is_valid(inside), dtype=bool)], len(lists))


def between(values: Any, low: float, high: float) -> pa.Array:
    """Whether numbers are finite and lie there; null where there is none."""
    given = numbers(values)
    with np.errstate(invalid="ignore"):
        inside = (given >= low) & (given <= high)
    return truth(inside, np.asarray(pc.is_valid(values), dtype=bool))


def in_order(first: Any, last: Any) -> pa.Array:
    """Whether one number is at least 0 and the other larger; null where one of them is missing."""
    known = mask(pc.and_(pc.is_valid(first), pc.is_valid(last)))
    rising = mask(pc.and_(pc.greater_equal(first, 0), pc.less(first, last)))
    return truth(rising, known)


def matching(values: Any, pattern: str) -> pa.Array:
    """Whether text matches; null where there is none."""
    return pc.match_substring_regex(values, pattern)
