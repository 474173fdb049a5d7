"""Columns as arrays, and groups of their rows."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]


def texts(table: pa.Table, name: str, absent: str | None = None) -> Texts:
    """A column of text; `absent` in place of null."""
    found = np.array([*table.column(name).to_pylist(), None], dtype=object)[:-1]
    found[found == None] = absent  # noqa: E711
    return found


def numbers(table: pa.Table, name: str) -> Floats:
    """A column of numbers, NaN in place of null."""
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False), np.float64)


def codes(*columns: Sequence[Any] | Texts) -> tuple[Ints, list[tuple[Any, ...]]]:
    """A number for each row of several columns: equal rows have the same; and what the numbers stand for."""
    rows = list(zip(*columns, strict=True))
    places: dict[tuple[Any, ...], int] = {}
    found = np.fromiter((places.setdefault(row, len(places)) for row in rows), np.int64, len(rows))
    return found, list(places)


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
