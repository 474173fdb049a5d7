"""Rows of a table, so many at a time, however many are in a file."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from affectory.schemas.derived import TABLES
from affectory.schemas.ledgers import LEDGERS
from affectory.schemas.parquet import Part, in_turn

ROWS = 100_000
"""In memory at once."""
SPECS = {**TABLES, "sources": LEDGERS["sources"], "people": LEDGERS["people"]}
"""The tables that suites are about."""


def lots(parts: Sequence[Part], table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The columns as declared, but that they may hold nulls: which of them should not is for the suite to say."""
    wanted = pa.schema([SPECS[table].schema.field(name).with_nullable(True) for name in columns])
    held: list[pa.Table] = []
    for rows in _batches(parts, wanted):
        held.append(rows)
        if sum(map(len, held)) >= ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _batches(parts: Sequence[Part], wanted: pa.Schema) -> Iterator[pa.Table]:
    for file in in_turn(parts):
        there = [name for name in wanted.names if name in file.schema_arrow.names]
        for batch in file.iter_batches(ROWS, columns=there, use_threads=False):
            found = {name: batch.column(name) for name in there}
            columns = [_as(found.get(field.name), field, len(batch)) for field in wanted]
            yield pa.Table.from_arrays(columns, schema=wanted)


def _as(column: pa.Array | None, field: pa.Field, count: int) -> pa.Array:
    if column is None:
        return pa.nulls(count, field.type)
    return column if column.type == field.type else column.cast(field.type)
