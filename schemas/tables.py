"""How a ledger or table is declared: one versioned Arrow schema with documented columns, and casts that fail loudly."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.errors import SchemaMismatch

NAME_KEY, VERSION_KEY, DOC_KEY = b"affectory.table", b"affectory.version", b"doc"


@dataclass(frozen=True)
class Column:
    """One declared column; `required` columns hold no nulls."""

    name: str
    type: pa.DataType
    doc: str
    required: bool = False

    @property
    def field(self) -> pa.Field:
        return pa.field(self.name, self.type, nullable=not self.required, metadata={DOC_KEY: self.doc})


@dataclass(frozen=True)
class TableSpec:
    """A declared ledger (kept for ever) or table (derived again at will)."""

    name: str
    kind: Literal["ledger", "table"]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    version: int = 1
    doc: str = ""

    @cached_property
    def schema(self) -> pa.Schema:
        meta = {NAME_KEY: self.name, VERSION_KEY: str(self.version)}
        return pa.schema([c.field for c in self.columns], metadata=meta)

    def empty(self) -> pa.Table:
        return self.schema.empty_table()

    def cast(self, table: pa.Table) -> pa.Table:
        """The table with exactly this schema; anything that does not fit raises `SchemaMismatch`."""
        return cast_table(table, self.schema, self.name)

    def from_rows(self, rows: Sequence[dict[str, object]]) -> pa.Table:
        """A table of Python rows; absent columns are null, unknown ones an error."""
        unknown = sorted({k for r in rows for k in r} - set(self.schema.names))
        if unknown:
            raise SchemaMismatch(self.name, unknown[0], "a column that is not declared", ", ".join(self.schema.names))
        columns = {c.name: build_array([r.get(c.name) for r in rows], c, self.name) for c in self.columns}
        return self.cast(pa.table(columns) if columns else self.empty())


def build_array(values: list[object], column: Column, table: str) -> pa.Array:
    """Python values as the declared type, naming table and column when one does not fit."""
    try:
        return pa.array(values, type=column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
        raise SchemaMismatch(table, column.name, str(error), str(column.type)) from error


def cast_table(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """Every column cast safely to `schema`: nothing added, dropped, truncated or made null on the way."""
    extra = [c for c in table.column_names if c not in schema.names]
    if extra:
        raise SchemaMismatch(name, extra[0], "a column that is not declared", ", ".join(schema.names))
    columns = [_cast_column(table, field, name) for field in schema]
    return pa.table(columns, schema=schema)


def _cast_column(table: pa.Table, field: pa.Field, name: str) -> pa.ChunkedArray:
    if field.name not in table.column_names:
        if not field.nullable:
            raise SchemaMismatch(name, field.name, "no such column", f"{field.type}, required")
        return pa.chunked_array([pa.nulls(table.num_rows, field.type)], type=field.type)
    column = table.column(field.name)
    if not field.nullable and column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise SchemaMismatch(name, field.name, "null", f"{field.type}, required", row)
    if column.type == field.type:
        return column
    try:
        return column.cast(field.type, safe=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaMismatch(name, field.name, f"{column.type}: {error}", str(field.type)) from error
