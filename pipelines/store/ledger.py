"""A ledger on disk: append-only segments; a row whose key is already there is not written twice."""

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.store.files import Files
from affectory.schemas.ids import digest
from affectory.schemas.migrate import upgrade
from affectory.schemas.parquet import read_parquet
from affectory.schemas.tables import TableSpec


class Ledger:
    """One of the four ledgers. It offers reading and appending, and nothing that removes."""

    def __init__(self, root: Path, spec: TableSpec) -> None:
        self.spec = spec
        self._files = Files(root / spec.name)

    def segments(self) -> Iterator[Path]:
        yield from (self._files.path(name) for name in self._files.names() if name.endswith(".parquet"))

    def read(self) -> pa.Table:
        """Every row, each key once."""
        tables = [upgrade(read_parquet(path), self.spec) for path in self.segments()]
        return self._first_of_each(pa.concat_tables(tables)) if tables else self.spec.empty()

    def append(self, rows: pa.Table) -> int:
        """Add the rows whose key is new; how many that were."""
        rows = self._first_of_each(self.spec.cast(rows))
        known = pa.array(_keys(self.read(), self.spec.key), pa.string())
        fresh = rows.filter(pc.invert(pc.is_in(pa.array(_keys(rows, self.spec.key), pa.string()), value_set=known)))
        if fresh.num_rows:
            buffer = io.BytesIO()
            pq.write_table(fresh, buffer, compression="zstd")
            self._files.create(f"{digest(*sorted(_keys(fresh, self.spec.key)))}.parquet", buffer.getvalue())
        return int(fresh.num_rows)

    def _first_of_each(self, table: pa.Table) -> pa.Table:
        seen = dict.fromkeys(_keys(table, self.spec.key))
        if len(seen) == table.num_rows:
            return table
        first: dict[str, int] = {}
        for index, key in enumerate(_keys(table, self.spec.key)):
            first.setdefault(key, index)
        return table.take(pa.array(first.values(), pa.int64()))


def _keys(table: pa.Table, key: tuple[str, ...]) -> list[str]:
    if len(key) == 1:
        return list(table.column(key[0]).to_pylist())
    parts = [pc.cast(table.column(name), pa.string()) for name in key]
    return list(pc.binary_join_element_wise(*parts, "\x1f").to_pylist())
