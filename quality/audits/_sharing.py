"""What samples have in common, read a few parts at a time: of each sample are kept its id and some numbers."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.audits._chance import Ints
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._partners import Shared
from affectory.quality.audits._words import words_of

GROUPS = ("speaker", "record", "dialogue", "session", "duplicates")
_MEDIA = ("original", "image", "audio", "video")
_COLUMNS = (
    "anchor",
    "source",
    "speaker",
    "dialogue",
    "session",
    "duplicates",
    "parent",
    "extra",
    "text",
    *_MEDIA,
    "frames",
)
_ROWS = 1 << 13
_UP = 16
"""Samples cut from samples cut from samples: so far."""


@dataclass(frozen=True)
class Samples:
    """All published samples in the order of their ids, with the split of each and what they have in common."""

    ids: pa.Array
    split: Ints
    """Of each its place in `splits`."""
    splits: tuple[str, ...]
    keys: dict[str, Ints]
    """By name a number for each sample, 0 where it has none."""
    assets: tuple[Ints, Ints]
    """Rows and files."""
    long: NDArray[np.bool_]
    """Whose text has so many words that two do not say it by chance."""

    @staticmethod
    def of(data: AuditData, words: int) -> "Samples":
        ids, columns, rows, files, many, count = [], [], [], [], [], 0
        for table in _pieces(data):
            ids.append(table["sample_id"])
            found, told = _keys(table)
            columns.append(found)
            many.append(told >= words)
            for row, file in _assets(table):
                rows.append(row + count)
                files.append(file)
            count += table.num_rows
        names = pa.concat_arrays([pa.array([], pa.string()), *(chunk for column in ids for chunk in column.chunks)])
        order = np.asarray(pc.sort_indices(names), np.int64)
        place = np.empty(count, np.int64)
        place[order] = np.arange(count)
        ordered = names.take(pa.array(order))
        keys = {kind: _joined([c[kind] for c in columns])[order] for kind in (columns[0] if columns else ())}
        long = np.concatenate([np.zeros(0, bool), *many])[order]
        return Samples(ordered, *_splits(data, ordered), keys, (place[_joined(rows)], _joined(files)), long)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def training(self) -> str:
        """The split that is learnt from: `train`, or the largest."""
        counts = np.bincount(self.split, minlength=len(self.splits))
        return "train" if "train" in self.splits else self.splits[int(counts.argmax())]

    @property
    def train(self) -> NDArray[np.bool_]:
        return np.asarray(self.split == self.splits.index(self.training))

    @property
    def record(self) -> Ints:
        return self.keys["record"]

    def shared(self) -> Iterator[Shared]:
        """Everything that two samples may have in common."""
        for kind in (*GROUPS, "persona"):
            yield _shared(kind, self.keys[kind])
        yield _shared("twin", self._root())
        yield Shared("file", *self.assets, elsewhere=True)
        text = self.keys["text"]
        yield _shared("text", np.where(self.long, text, 0), elsewhere=True)
        yield _shared("short text", np.where(self.long, 0, text), elsewhere=True)

    def _root(self) -> Ints:
        """The sample that each was cut or made from in the end, 0 of those that neither were nor had any made."""
        own, parent = self.keys["id"], self.keys["parent"]
        order = np.argsort(own)
        root = np.where(parent != 0, parent, own)
        for _ in range(_UP):
            at = order[np.minimum(np.searchsorted(own, root, sorter=order), len(own) - 1)]
            above = np.where((own[at] == root) & (parent[at] != 0), parent[at], root)
            if np.array_equal(above, root):
                break
            root = above
        return np.where((parent != 0) | np.isin(own, parent), root, 0)


def _pieces(data: AuditData) -> Iterator[pa.Table]:
    for table in data.scan("samples", _COLUMNS):
        yield from (table.slice(start, _ROWS) for start in range(0, table.num_rows, _ROWS))


def _splits(data: AuditData, ids: pa.Array) -> tuple[Ints, tuple[str, ...]]:
    """The split of each sample as a place in their names, which are in order."""
    known, split = (data.splits[name].cast(pa.string()).combine_chunks() for name in ("sample_id", "split"))
    own = split.take(pc.index_in(ids, value_set=known))
    names = sorted(pc.unique(own).to_pylist())
    return np.asarray(pc.index_in(own, value_set=pa.array(names, pa.string())), np.int64), tuple(names)


def _joined(lots: Sequence[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *lots])


def _shared(kind: str, key: Ints, elsewhere: bool = False) -> Shared:
    row = np.flatnonzero(key)
    return Shared(kind, row, key[row], elsewhere)


def _keys(table: pa.Table) -> tuple[dict[str, Ints], Ints]:
    """A number for what each row has of each kind, and how many words its text has. A dialogue is one of its source."""
    columns: dict[str, Any] = {name: table[name] for name in ("speaker", "session", "duplicates", "parent")}
    columns |= {"id": table["sample_id"], "record": pc.struct_field(table["anchor"], "record")}
    columns["dialogue"] = pc.binary_join_element_wise(table["source"], table["dialogue"], ":")
    columns["persona"] = pa.array([dict(row or ()).get("persona") for row in table["extra"].to_pylist()], pa.string())
    words = [words_of(text or "") for text in table["text"].to_pylist()]
    columns["text"] = pa.array([" ".join(found) or None for found in words], pa.string())
    return {name: _hashed(column) for name, column in columns.items()}, np.array([len(w) for w in words], np.int64)


def _assets(table: pa.Table) -> Iterator[tuple[Ints, Ints]]:
    """Rows and the files that are theirs."""
    for name in _MEDIA:
        files = _hashed(pc.struct_field(table[name], "asset"))
        yield np.flatnonzero(files), files[files != 0]
    stills = pc.struct_field(pc.list_flatten(table["frames"]), "asset")
    rows, files = np.asarray(pc.list_parent_indices(table["frames"]), np.int64), _hashed(stills)
    yield rows[files != 0], files[files != 0]


def _hashed(column: pa.ChunkedArray | pa.Array) -> Ints:
    """A number of 63 bits for each text, 0 where there is none."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = whole.cast(pa.string()).dictionary_encode()
    numbers = [_number(value) for value in encoded.dictionary.to_pylist()]
    at = np.asarray(encoded.indices.fill_null(len(numbers)), np.int64)
    return np.array([*numbers, 0], np.int64)[at]


def _number(value: str) -> int:
    return 1 + int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "big") % (2**63 - 2)
