"""A ledger on disk: append-only segments; a row whose key is already there is not written twice."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.store.files import LocalFiles
from affectory.schemas.ids import digest
from affectory.schemas.migrate import upgrade, written_version
from affectory.schemas.parquet import read_parquet
from affectory.schemas.tables import TableSpec


class Ledger:
    """One of the four ledgers. It offers reading and appending, and nothing that removes."""

    def __init__(self, root: Path, spec: TableSpec) -> None:
        self.spec = spec
        self._files = LocalFiles(root / spec.name)

    def segments(self) -> Iterator[Path]:
        yield from (self._files.path(name) for name in self._files.names() if name.endswith(".parquet"))

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Every row, each key once; all columns or the chosen ones."""
        wanted = None if columns is None else list(dict.fromkeys([*columns, *self.spec.key]))
        tables = [self._segment(path, wanted) for path in self.segments()]
        table = self._first_of_each(pa.concat_tables(tables)) if tables else self.spec.empty()
        return table if columns is None else table.select(list(columns))

    def append(self, rows: pa.Table) -> int:
        """Add the rows whose key is new; how many that were."""
        rows = self._first_of_each(self.spec.cast(rows))
        known = _keys(self.read(self.spec.key), self.spec.key)
        keys = _keys(rows, self.spec.key)
        fresh = rows.filter(pc.invert(pc.is_in(keys, value_set=known.combine_chunks())))
        if fresh.num_rows:
            buffer = io.BytesIO()
            pq.write_table(fresh, buffer, compression="zstd")
            names = sorted(_keys(fresh, self.spec.key).to_pylist())
            self._files.create(f"{digest(*names)}.parquet", buffer.getvalue())
        return int(fresh.num_rows)

    def _segment(self, path: Path, columns: list[str] | None) -> pa.Table:
        """One file in the newest schema; what an older version wrote is read whole to be brought up to date."""
        if columns is None or written_version(read_parquet(path, []), self.spec) != self.spec.version:
            table = upgrade(read_parquet(path), self.spec)
            return table if columns is None else table.select(columns)
        there = [name for name in columns if name in pq.read_schema(path).names]
        table = read_parquet(path, there)
        fields = [self.spec.schema.field(name) for name in columns]
        arrays = [table[f.name].cast(f.type) if f.name in there else pa.nulls(table.num_rows, f.type) for f in fields]
        return pa.table(arrays, schema=pa.schema(fields))

    def _first_of_each(self, table: pa.Table) -> pa.Table:
        keys = _keys(table, self.spec.key)
        if pc.count_distinct(keys).as_py() == table.num_rows:
            return table
        kinds = keys.combine_chunks().dictionary_encode().indices.to_numpy()
        return table.take(pa.array(np.sort(np.unique(kinds, return_index=True)[1])))


def _keys(table: pa.Table, key: tuple[str, ...]) -> pa.ChunkedArray:
    if len(key) == 1:
        return table.column(key[0])
    parts = [pc.cast(table.column(name), pa.string()) for name in key]
    return pc.binary_join_element_wise(*parts, "\x1f")
