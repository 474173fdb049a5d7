"""What is known of the whole dataset before its rows are looked at: which samples are where, and what comes twice.

It is 32 bytes a sample, and, while keys are compared, 8 bytes a row of the table that is at hand.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.suites._arrays import Ints, Mask, within
from affectory.quality.suites._hashes import Hashes, hashes
from affectory.quality.suites._lots import SPECS, lots
from affectory.quality.suites.about import About
from affectory.schemas.parquet import Part

_NONE = np.iinfo(np.int64).min
"""In place of a time that is not told."""
_KEYS = {"sources": ("record_id", "fingerprint"), "people": ("person_id", "revision")}


@dataclass(frozen=True)
class Places:
    """Where each sample lies in its record, sorted by the hash of its id."""

    ids: Hashes
    records: Hashes
    starts: Ints
    ends: Ints

    def find(self, names: pa.Array) -> tuple[Mask, NDArray[np.intp]]:
        """Of each id, whether there is such a sample, and its place here. Two ids in 1.8e19 have the same hash."""
        if not len(self.ids):
            return np.zeros(len(names), dtype=bool), np.zeros(len(names), np.intp)
        wanted = hashes([pa.chunked_array([names], pa.string())])
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.asarray(self.ids[at] == wanted), at

    def holding(self, names: pa.Array, start: Any, end: Any) -> tuple[Mask, Mask]:
        """Whether times lie within those of a sample; and where both are told."""
        there, at = self.find(names)
        given = [np.asarray(pc.fill_null(pc.cast(x, pa.int64()), _NONE), dtype=np.int64) for x in (start, end)]
        starts, ends = (bounds[at] if len(bounds) else np.full(len(at), _NONE) for bounds in (self.starts, self.ends))
        told = there & (given[0] != _NONE) & (given[1] != _NONE) & (starts != _NONE) & (ends != _NONE)
        return (given[0] >= starts) & (given[1] <= ends), told


@dataclass(frozen=True)
class Copies:
    """The keys of a table that come more than once, and how often."""

    suspects: Hashes
    counts: Mapping[tuple[Any, ...], int] = field(default_factory=dict)

    def of(self, keys: list[pa.ChunkedArray]) -> Ints:
        """How often each row's key comes; its own row counts."""
        found = np.ones(len(keys[0]), np.int64)
        for row, key in suspected(keys, self.suspects):
            found[row] = self.counts.get(key, 1)
        return found


@dataclass(frozen=True)
class Ground:
    """Of the whole dataset."""

    places: Places
    copies: Mapping[str, Copies]
    about: About


def ground(tables: Mapping[str, Sequence[Part]], about: About) -> Ground:
    """Read the keys of all tables once, and of suspected copies once more."""
    copies = {name: _copies(parts, name) for name, parts in tables.items()}
    return Ground(_places(tables.get("samples", ())), copies, about)


def key_columns(table: str) -> tuple[str, ...]:
    """The columns that together name a row for good."""
    return _KEYS.get(table, SPECS[table].key)


def suspected(keys: list[pa.ChunkedArray], suspects: Hashes) -> list[tuple[int, tuple[Any, ...]]]:
    """Rows whose hash is among the suspects, with their keys in full."""
    if not len(suspects):
        return []
    given = hashes(keys)
    at = np.minimum(np.searchsorted(suspects, given), len(suspects) - 1)
    rows = np.flatnonzero(suspects[at] == given)
    taken = zip(*(column.take(pa.array(rows)).to_pylist() for column in keys), strict=True)
    return list(zip(rows.tolist(), taken, strict=True))


def _copies(parts: Sequence[Part], table: str) -> Copies:
    """Keys are compared by their hashes; those that seem equal are compared in full."""
    names = key_columns(table)
    found = [hashes([rows.column(name) for name in names]) for rows in lots(parts, table, names)]
    every = np.concatenate([np.empty(0, np.uint64), *found])
    del found
    every.sort()
    suspects = np.unique(every[1:][every[1:] == every[:-1]])
    counts: Counter[tuple[Any, ...]] = Counter()
    if len(suspects):
        for rows in lots(parts, table, names):
            counts.update(key for _, key in suspected([rows.column(name) for name in names], suspects))
    return Copies(suspects, {key: count for key, count in counts.items() if count > 1})


def _places(parts: Sequence[Part]) -> Places:
    found: list[tuple[Hashes, Hashes, Ints, Ints]] = []
    for rows in lots(parts, "samples", ["sample_id", "anchor"]):
        record = pa.chunked_array([within(rows, "anchor", "record")])
        times = (pc.fill_null(within(rows, "anchor", name), _NONE) for name in ("start_us", "end_us"))
        start, end = (np.asarray(time, dtype=np.int64) for time in times)
        found.append((hashes([rows.column("sample_id")]), hashes([record]), start, end))
    types = (np.uint64, np.uint64, np.int64, np.int64)
    ids, records, starts, ends = (
        np.concatenate([np.empty(0, kind), *(lot[i] for lot in found)]) for i, kind in enumerate(types)
    )
    order = np.argsort(ids, kind="stable")
    return Places(ids[order], records[order], starts[order], ends[order])
