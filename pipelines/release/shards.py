"""Rows into Parquet files that stay the same where the rows do.

Shards and row groups end where a sample's id says so, at a rate that comes from the bytes of the row itself. So a
row that is added or removed moves the borders near it, and the files further on keep their bytes and their names.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from affectory.pipelines.release.embed import media_bytes
from affectory.pipelines.release.sizes import row_bytes

CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}
_MADE_ID = re.compile(r"^[a-z]_([0-9a-f]{8,})$")
_FIRST = "00000"
_SCALE = 1 << 64
MediaRow = Callable[[int], Mapping[str, Any]]


@dataclass
class Piece:
    """A run of rows of at most `budget` bytes (one row may be larger), rarely less than half of it."""

    budget: int
    filled: int = 0

    def has_no_room(self, size: int) -> bool:
        return self.filled > 0 and self.filled + size > self.budget

    def ends_after(self, size: int, mark: int) -> bool:
        self.filled += size
        return 2 * self.filled >= self.budget and mark * self.budget < 4 * size * _SCALE


def mark_of(sample_id: str) -> int:
    """64 bits of a hash: the id's say in where a piece ends."""
    return int.from_bytes(hashlib.blake2b(sample_id.encode(), digest_size=8).digest(), "big")


def shard_name(previous: str, last_id: str) -> str:
    """The name of the shard that follows `previous`, which ends with `last_id`: by place, so names sort as ids do."""
    made = _MADE_ID.match(last_id)
    place = made[1] if made else last_id.encode().hex()
    digits = len(_FIRST)
    while place[:digits] <= previous and digits < len(place):
        digits += 1
    return place[:digits] if place[:digits] > previous else f"{previous}0"


@dataclass
class ShardWriter:
    """The files of one split of one config."""

    folder: Path
    split: str
    schema: pa.Schema
    shard: Piece
    group: Piece
    media: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0
    _name: str = _FIRST
    _last_id: str = ""
    _file: pq.ParquetWriter | None = None
    _slices: list[pa.Table] = field(default_factory=list)
    _media: list[Mapping[str, Any]] = field(default_factory=list)

    def write(self, table: pa.Table, media: MediaRow | None = None, done: Callable[[], None] = lambda: None) -> None:
        """Append sorted rows, of whole samples; `done` is called after each sample."""
        sizes, ids, start = row_bytes(table), table["sample_id"].to_pylist(), 0
        for first, stop in _samples(ids):
            row = media(first) if media else {}
            size = int(sizes[first:stop].sum()) + media_bytes(row)
            if self.shard.has_no_room(size):
                start = self._cut(table, start, first, end_shard=True)
            elif self.group.has_no_room(size):
                start = self._cut(table, start, first)
            if media:
                self._media.append(row)
            self._last_id, self.bytes = ids[first], self.bytes + size
            mark = mark_of(ids[first])
            ends, ends_shard = self.group.ends_after(size, mark), self.shard.ends_after(size, mark)
            if ends or ends_shard:
                start = self._cut(table, start, stop, end_shard=ends_shard)
            done()
        self._slices.append(table.slice(start))

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._close_file()

    def _cut(self, table: pa.Table, start: int, stop: int, *, end_shard: bool = False) -> int:
        self._slices.append(table.slice(start, stop - start))
        self._flush()
        if end_shard:
            self._close_file()
            self._name, self.shard.filled = shard_name(self._name, self._last_id), 0
        return stop

    def _flush(self) -> None:
        rows = pa.concat_tables(self._slices) if self._slices else self.schema.empty_table()
        for name in self.media:
            values = pa.array([row[name] for row in self._media], self.schema.field(name).type)
            rows = rows.append_column(name, values)
        self._slices, self._media, self.group.filled = [], [], 0
        if rows.num_rows:
            rows = rows.select(self.schema.names).cast(self.schema).combine_chunks()
            self._opened().write_table(rows, row_group_size=rows.num_rows)
            self.rows += rows.num_rows

    def _opened(self) -> pq.ParquetWriter:
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{self.split}-{self._name}.parquet"
            self._file = parquet_writer(path, self.schema, self.media)
        return self._file

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.add_key_value_metadata({"content_defined_chunking": json.dumps(CHUNKING)})
            self._file.close()
        self._file = None


def parquet_writer(path: Path, schema: pa.Schema, media: tuple[str, ...] = ()) -> pq.ParquetWriter:
    """A writer with all that decides about bytes pinned; media lie raw, so that a reader can fetch one by range."""
    leaves = [(field.name in media, leaf) for field in schema for leaf in _leaves(field.name, field.type)]
    raw = [leaf for is_media, leaf in leaves if is_media]
    plain = [leaf for is_media, leaf in leaves if not is_media]
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression=dict.fromkeys(raw, "none") | dict.fromkeys(plain, "zstd"),
        compression_level=dict.fromkeys(plain, 3),
        use_dictionary=plain,
        column_encoding=dict.fromkeys(raw, "PLAIN"),
        write_statistics=plain,
        write_page_index=True,
        use_content_defined_chunking=CHUNKING,
    )


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    if pa.types.is_struct(kind):
        for child in kind:
            yield from _leaves(f"{path}.{child.name}", child.type)
    elif pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path


def _samples(ids: list[str]) -> Iterator[tuple[int, int]]:
    """Stretches of rows about one sample."""
    borders = [0, *(np.flatnonzero(np.array(ids[1:], object) != np.array(ids[:-1], object)) + 1).tolist(), len(ids)]
    if ids:
        yield from pairwise(borders)
