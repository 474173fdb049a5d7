"""How a ledger or table is declared: one versioned Arrow schema with documented columns, and casts that fail loudly."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.errors import SchemaMismatch

NAME_KEY, VERSION_KEY, DOC_KEY = b"affectory.table", b"affectory.version", b"doc"
_UNFIT = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError)


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
        """No rows; made without `empty_table`, which imports pandas, as this is called when modules are."""
        return pa.Table.from_arrays([pa.nulls(0, c.type) for c in self.columns], schema=self.schema)

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
    """Python values as the declared type, naming table, column and row when one does not fit."""
    try:
        return _built(values, column.type)
    except _UNFIT as error:
        row = next((i for i, v in enumerate(values) if _unfit(_built, [v], column.type)), None)
        raise SchemaMismatch(table, column.name, str(error), str(column.type), row) from error


def _built(values: list[object], dtype: pa.DataType) -> pa.Array:
    if _inner(dtype):
        for value in values:
            _check_fields(value, dtype)
    array = pa.array(values, type=dtype)
    if pa.types.is_integer(dtype) and array.to_pylist() != values:  # pyarrow truncates the floats of numpy
        raise pa.ArrowInvalid("a number that is not whole")
    if _overflows(pa.array(values, pa.float64()) if pa.types.is_float32(dtype) else array, array):
        raise pa.ArrowInvalid("a number that is too large")
    return array


def _unfit(work: Callable[..., object], *args: object) -> bool:
    try:
        work(*args)
    except _UNFIT:
        return True
    return False


@cache
def _inner(dtype: pa.DataType) -> Mapping[str, pa.DataType]:
    """What lies inside a struct, or a list of structs, by name."""
    if pa.types.is_list(dtype):
        return _inner(dtype.value_type)
    return {f.name: f.type for f in dtype} if pa.types.is_struct(dtype) else {}


def _check_fields(value: Any, dtype: pa.DataType) -> None:
    """Refuse fields that are not declared: pyarrow passes them over in silence."""
    if isinstance(value, Mapping):
        fields = _inner(dtype)
        if unknown := value.keys() - fields:
            raise pa.ArrowInvalid(f"a field that is not declared: {min(unknown, key=str)}")
        for name, inside in value.items():
            if inside is not None and _inner(fields[name]):
                _check_fields(inside, fields[name])
    elif isinstance(value, list | tuple) and pa.types.is_list(dtype):
        for item in value:
            _check_fields(item, dtype.value_type)


def cast_table(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """Every column cast safely to `schema`: nothing added, dropped, truncated or made null on the way."""
    extra = [c for c in table.column_names if c not in schema.names]
    if extra:
        raise SchemaMismatch(name, extra[0], "a column that is not declared", ", ".join(schema.names))
    columns = [_cast_column(table, field, name) for field in schema]
    return pa.table(columns, schema=schema)


def _cast_column(table: pa.Table, field: pa.Field, name: str) -> pa.ChunkedArray:
    given = table.column_names.count(field.name)
    if given > 1:
        raise SchemaMismatch(name, field.name, f"{given} columns of that name", "one")
    if not given:
        if not field.nullable:
            raise SchemaMismatch(name, field.name, "no such column", f"{field.type}, required")
        return pa.chunked_array([pa.nulls(table.num_rows, field.type)], type=field.type)
    column = table.column(field.name)
    if not field.nullable and column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise SchemaMismatch(name, field.name, "null", f"{field.type}, required", row)
    try:
        return _cast(column, field.type)
    except _UNFIT as error:
        row = _first_unfit(column, field.type)
        raise SchemaMismatch(name, field.name, f"{column.type}: {error}", str(field.type), row) from error


def _cast(column: pa.ChunkedArray, dtype: pa.DataType) -> pa.ChunkedArray:
    if unknown := _dropped(column.type, dtype):
        raise pa.ArrowInvalid(f"a field that is not declared: {unknown}")
    made = column if column.type == dtype else column.cast(dtype, safe=True)
    if _overflows(column, made):
        raise pa.ArrowInvalid("a number that is too large")
    if _requires(dtype) and _hollow(made, dtype):
        raise pa.ArrowInvalid("a field that must not be null is")
    return made


def _first_unfit(column: pa.ChunkedArray, dtype: pa.DataType) -> int | None:
    """The first row that cannot be cast; none where it is the type that is wrong."""
    if _unfit(_cast, column.slice(0, 0), dtype):
        return None
    return bisect_left(range(len(column)), True, key=lambda row: _unfit(_cast, column.slice(0, row + 1), dtype))


def _dropped(given: pa.DataType, dtype: pa.DataType) -> str:
    """A field that a cast would leave out."""
    have, want = _inner(given), _inner(dtype)
    if given == dtype or not have or not want:
        return ""
    inside = (_dropped(have[name], want[name]) for name in have if name in want)
    return next((name for name in have if name not in want), "") or next(filter(None, inside), "")


def _overflows(given: pa.Array | pa.ChunkedArray, made: pa.Array | pa.ChunkedArray) -> bool:
    """Whether a number became infinite."""
    if given.type == made.type or not pa.types.is_float32(made.type) or not pa.types.is_floating(given.type):
        return False
    return bool(pc.any(pc.and_not(pc.is_inf(made), pc.is_inf(given))).as_py())


@cache
def _requires(dtype: pa.DataType) -> bool:
    """Whether something inside a type must not be null."""
    if pa.types.is_list(dtype):
        return _requires(dtype.value_type)
    return pa.types.is_struct(dtype) and any(not f.nullable or _requires(f.type) for f in dtype)


def _hollow(column: pa.Array | pa.ChunkedArray, dtype: pa.DataType) -> bool:
    """Whether a field that must not be null is, in a struct that is there."""
    if pa.types.is_list(dtype):
        return _hollow(pc.list_flatten(column), dtype.value_type)
    if not pa.types.is_struct(dtype):
        return False
    there = column.drop_null()
    inside = ((f, pc.struct_field(there, f.name)) for f in dtype)
    return any((not f.nullable and values.null_count) or _hollow(values, f.type) for f, values in inside)
