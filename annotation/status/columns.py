"""Columns as arrays, and groups of their rows."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]


def texts(table: pa.Table, name: str, absent: str | None = None) -> Texts:
    """A column of text; `absent` in place of null."""
    column = table.column(name)
    column = column if absent is None else pc.fill_null(column, absent)
    return objects(column.to_pylist())


def objects(values: Sequence[Any]) -> Texts:
    """As an array, whatever the values are."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def numbers(table: pa.Table, name: str) -> Floats:
    """A column of numbers, NaN in place of null."""
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False), np.float64)


def codes(*columns: Sequence[Any] | Texts | Ints | Floats) -> Ints:
    """A number for each row of several columns, from 0 on: equal rows have the same."""
    keys = np.zeros(len(columns[0]), np.int64)
    for column in map(_encoded, columns):
        keys = keys * max(1, len(column.dictionary)) + column.indices.to_numpy()
    return np.unique(keys, return_inverse=True)[1].reshape(-1).astype(np.int64)


def named(names: Texts) -> tuple[Ints, list[str]]:
    """The same of one column, and what the numbers stand for."""
    column = _encoded(names)
    return column.indices.to_numpy().astype(np.int64), column.dictionary.to_pylist()


def _encoded(column: Sequence[Any] | Texts | Ints | Floats) -> pa.DictionaryArray:
    kind = None if isinstance(column, np.ndarray) and column.dtype != object else pa.string()
    return pa.array(column, kind).dictionary_encode("encode")


def ranks(group: Ints, *order: Any) -> Ints:
    """The place of each row in its group, by keys of which the first matters most."""
    rows = np.lexsort((*reversed(order), group))
    sizes = np.unique(group, return_counts=True)[1]
    places = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = np.empty(len(rows), np.int64)
    found[rows] = places
    return found


def by_group(group: Ints, *order: Any) -> Iterator[tuple[int, Ints]]:
    """Each group with its rows, in order."""
    rows = np.lexsort((*reversed(order), group))
    names, first = np.unique(group[rows], return_index=True)
    if len(names):
        yield from zip(names.tolist(), np.split(rows, first[1:]), strict=True)


def instants(said: Texts) -> Floats:
    """Seconds since 1970 of times as Label Studio tells them; NaN where it told none."""
    return np.array([_instant(text) for text in said], np.float64)


def _instant(text: str | None) -> float:
    try:
        found = datetime.fromisoformat(text or "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return float("nan")


def plain(text: str) -> str:
    """Text of others without what would move the cursor or turn the line."""
    return "".join(c if c.isprintable() else " " for c in text)
