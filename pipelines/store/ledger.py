"""A ledger on disk: append-only segments; a row whose key is already there is not written twice.

Rows of what was asked to be forgotten are not written either.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.store.files import PartFile, below, files_at, unguarded
from affectory.pipelines.store.forgotten import Forgotten
from affectory.schemas.ids import digest
from affectory.schemas.migrate import upgrade, written_version
from affectory.schemas.parquet import Part, opened
from affectory.schemas.tables import TableSpec

_SEGMENT_ROWS = 500_000
_BARRED = {
    "people": ("person_id",),
    "sources": ("record_id", "fingerprint"),
    "judgements": ("rater", "anchor.record"),
    "asks": ("rater", "anchor.record", "task"),
    "returns": ("rater", "task"),
}
"""By what a row is known to be of somebody, or about something, that was forgotten."""


class Ledger:
    """One of the ledgers. It offers reading and appending, and nothing that removes."""

    def __init__(self, root: str | Path, spec: TableSpec, guard: Callable[[], None] = unguarded) -> None:
        self.spec = spec
        self._root = root
        self._files = files_at(below(root, spec.name), guard)

    def segments(self) -> Iterator[PartFile]:
        """The files it is made of."""
        where = self._files.location
        yield from (PartFile(where, name) for name in self._files.names() if name.endswith(".parquet"))

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Every row, each key once; all columns or the chosen ones."""
        wanted = None if columns is None else list(dict.fromkeys([*columns, *self.spec.key]))
        tables = [self._segment(part, wanted) for part in self.segments()]
        table = self._first_of_each(pa.concat_tables(tables)) if tables else self.spec.empty()
        return table if columns is None else table.select(list(columns))

    def append(self, rows: pa.Table) -> int:
        """Add the rows whose key is new; how many that were."""
        rows = self._admitted(self._first_of_each(self.spec.cast(rows)))
        known = _keys(self.read(self.spec.key), self.spec.key)
        keys = _keys(rows, self.spec.key)
        fresh = rows.filter(pc.invert(pc.is_in(keys, value_set=known)))
        for first in range(0, fresh.num_rows, _SEGMENT_ROWS):
            self._write(fresh.slice(first, _SEGMENT_ROWS))
        return int(fresh.num_rows)

    def _admitted(self, rows: pa.Table) -> pa.Table:
        """The rows without those of what was forgotten."""
        columns = _BARRED.get(self.spec.name, ())
        forgotten = Forgotten.below(self._root) if columns and rows.num_rows else None
        for name in columns if forgotten else ():
            values = _nested(rows, name)
            barred = forgotten.among(pc.unique(values).to_pylist()) if forgotten else frozenset()
            rows = rows.filter(pc.invert(pc.is_in(values, value_set=pa.array(sorted(barred), pa.string()))))
        return rows

    def _write(self, rows: pa.Table) -> None:
        buffer = io.BytesIO()
        pq.write_table(rows, buffer, compression="zstd")
        names = sorted(_keys(rows, self.spec.key).to_pylist())
        self._files.create(f"{digest(*names)}.parquet", buffer.getvalue())

    def _segment(self, part: Part, columns: list[str] | None) -> pa.Table:
        """One file in the newest schema; what an older version wrote is read whole to be brought up to date."""
        with opened(part) as file:
            if columns is None or written_version(file.read([], use_threads=False), self.spec) != self.spec.version:
                table = upgrade(file.read(use_threads=False), self.spec)
                return table if columns is None else table.select(columns)
            there = [name for name in columns if name in file.schema_arrow.names]
            table = file.read(there, use_threads=False)
        fields = [self.spec.schema.field(name) for name in columns]
        arrays = [table[f.name].cast(f.type) if f.name in there else pa.nulls(table.num_rows, f.type) for f in fields]
        return pa.table(arrays, schema=pa.schema(fields))

    def _first_of_each(self, table: pa.Table) -> pa.Table:
        keys = _keys(table, self.spec.key)
        if pc.count_distinct(keys).as_py() == table.num_rows:
            return table
        kinds = keys.combine_chunks().dictionary_encode().indices.to_numpy()
        return table.take(pa.array(np.sort(np.unique(kinds, return_index=True)[1])))


def _nested(table: pa.Table, name: str) -> pa.ChunkedArray:
    column, _, field = name.partition(".")
    return pc.struct_field(table.column(column), field) if field else table.column(column)


def _keys(table: pa.Table, key: tuple[str, ...]) -> pa.ChunkedArray:
    # Offsets of 32 bits end at 80 million ids.
    parts = [pc.cast(table.column(name), pa.large_string()) for name in key]
    if len(parts) == 1:
        return parts[0]
    return pc.binary_join_element_wise(*parts, pa.scalar("\x1f", pa.large_string()))
