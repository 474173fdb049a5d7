"""Small things done to whole columns."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_SEED, _STEP = np.uint64(0xD6E8FEB86659FD93), np.uint64(0x9E3779B97F4A7C15)
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)


_SLICE = 1_000_000


def large(table: pa.Table) -> pa.Table:
    """With offsets of 64 bits: those of 32 end at 2 GB of a column, some thirty million hashes."""
    fields = [f.with_type(pa.large_string()) if f.type == pa.string() else f for f in table.schema]
    return table.cast(pa.schema(fields))


def small(table: pa.Table) -> pa.Table:
    """With offsets of 32 bits again, in pieces that those can count."""
    fields = [f.with_type(pa.string()) if f.type == pa.large_string() else f for f in table.schema]
    schema = pa.schema(fields)
    pieces = (table.slice(first, _SLICE).cast(schema) for first in range(0, table.num_rows, _SLICE))
    return pa.concat_tables([schema.empty_table(), *pieces])


def firsts(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Which rows of a column without nulls begin a stretch of equal values."""
    size = len(column)
    changes = np.asarray(pc.not_equal(column.slice(1), column.slice(0, max(0, size - 1))))
    return np.append(True, changes.astype(bool))[:size]


def stretches(column: pa.ChunkedArray) -> Iterator[tuple[str, int, int]]:
    """The stretches of equal values in a column without nulls: the value, where it starts, how many rows."""
    starts = np.flatnonzero(firsts(column))
    sizes = np.diff(np.append(starts, len(column)))
    yield from zip(column.take(pa.array(starts)).to_pylist(), starts.tolist(), sizes.tolist(), strict=True)


def hashed(keys: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    """A hash of each string, eight bytes of all of them at a time."""
    parts = keys.chunks if isinstance(keys, pa.ChunkedArray) else [keys]
    hashes = [_hashed_array(part.cast(pa.large_binary())) for part in parts]
    return np.concatenate([np.zeros(0, np.uint64), *hashes])


def _hashed_array(keys: pa.Array) -> NDArray[np.uint64]:
    if not len(keys):
        return np.zeros(0, np.uint64)
    _, offsets, data = keys.buffers()
    ends = np.frombuffer(offsets, np.int64)[keys.offset : keys.offset + len(keys) + 1]
    letters = np.concatenate([np.frombuffer(data or b"", np.uint8), np.zeros(8, np.uint8)])
    words = np.lib.stride_tricks.sliding_window_view(letters, 8)
    lengths = np.diff(ends)
    hashes = lengths.astype(np.uint64) * _SEED
    for at in range(0, int(lengths.max()), 8):
        rows = np.flatnonzero(lengths > at)
        word = words[ends[rows] + at].copy().view("<u8").ravel() & _MASKS[np.minimum(lengths[rows] - at, 8)]
        mixed = (hashes[rows] ^ word) * _STEP
        hashes[rows] = mixed ^ (mixed >> np.uint64(32))
    return hashes


class Lookup:
    """Finds names among many, again and again. Arrow's `index_in` goes over all of the many at each call."""

    def __init__(self, names: pa.ChunkedArray) -> None:
        # Offsets of 32 bits end at 80 million ids.
        self._names = names.cast(pa.large_string()).combine_chunks()
        hashes = hashed(names)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]
        self._clear = bool((self._hashes[1:] != self._hashes[:-1]).all())

    def find(self, wanted: pa.ChunkedArray) -> pa.Array:
        """The place of each name, null where it is not there."""
        if not self._clear:  # two names, or one that is there twice, have the same hash
            return pc.index_in(wanted.cast(pa.large_string()), value_set=self._names).combine_chunks()
        if not len(self._names):
            return pa.nulls(len(wanted), pa.int64())
        at = np.searchsorted(self._hashes, hashed(wanted))
        places = self._order[np.minimum(at, len(self._names) - 1)]
        same = pc.equal(self._names.take(pa.array(places)), wanted.cast(pa.large_string()).combine_chunks())
        return pc.if_else(same, pa.array(places), pa.scalar(None, pa.int64()))
