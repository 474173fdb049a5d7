"""The flat columns of tables, which expectations are about: made a lot of rows at a time, those that are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.suites import _flat_labels, _flat_opinions, _flat_others, _flat_samples
from affectory.quality.suites._arrays import truth, within
from affectory.quality.suites._ground import Ground, key_columns
from affectory.quality.suites._lots import SPECS

ROW_ID = {"opinions": "opinion_id", "rejects": "reject_id", "sources": "record_id", "people": "person_id"}
"""By which rows are named, where it is not the sample."""


@dataclass(frozen=True)
class Flat:
    """One flat column: the columns that it is made from, and how."""

    needs: tuple[str, ...]
    make: Callable[[pa.Table, Ground], Any]


def row_id(table: str) -> str:
    """The column by which a table's rows are named."""
    return ROW_ID.get(table, "sample_id")


def columns_of(table: str) -> tuple[str, ...]:
    """The flat columns that an expectation may name, but for those of maps (`extra.NAME`)."""
    return tuple(_columns(table))


def maps_of(table: str) -> tuple[str, ...]:
    """The columns whose keys may be named: `extra` for `extra.NAME`."""
    return tuple(f.name for f in SPECS[table].schema if pa.types.is_map(f.type))


def find(table: str, name: str) -> Flat | None:
    """A flat column by its name."""
    first, _, rest = name.partition(".")
    if rest and first in maps_of(table):
        return Flat((first,), lambda rows, ground: pc.map_lookup(_whole(rows, first), pa.scalar(rest), "first"))
    return _columns(table).get(name)


def flattened(rows: pa.Table, table: str, names: tuple[str, ...], ground: Ground) -> pa.Table:
    """These flat columns of a lot of rows."""
    found = {name: find(table, name) for name in names}
    return pa.table({name: column.make(rows, ground) for name, column in found.items() if column})


@cache
def _columns(table: str) -> Mapping[str, Flat]:
    found: dict[str, Flat] = {}
    for field in SPECS[table].schema:
        found |= _plain(field.type, field.name)
    found["copies"] = Flat(key_columns(table), partial(_copies, table))
    if table in ("notes", "opinions", "labels"):
        found["of_a_sample"] = Flat(("sample_id",), _of_a_sample)
    prepared = {
        "samples": _flat_samples.COLUMNS,
        "opinions": _flat_opinions.COLUMNS,
        "labels": _flat_labels.COLUMNS,
        **_flat_others.COLUMNS,
    }
    return found | {name: Flat(needs, make) for name, (needs, make) in prepared.get(table, {}).items()}


def _plain(kind: pa.DataType, *path: str) -> dict[str, Flat]:
    """A column of single values as it is, and what lies in structs by its path: `anchor.start_us`."""
    if pa.types.is_struct(kind):
        inside = (_plain(field.type, *path, field.name) for field in kind if field.name not in ("bytes", "path"))
        return {name: flat for fields in inside for name, flat in fields.items()}
    if pa.types.is_nested(kind):
        return {}
    return {".".join(path): Flat(path[:1], lambda rows, ground: _readable(within(rows, *path)))}


def _whole(rows: pa.Table, name: str) -> pa.Array:
    return rows.column(name).combine_chunks()


def _readable(values: pa.Array) -> pa.Array:
    """Text that is not text cannot be handed on; `text_readable` says which it is."""
    if not pa.types.is_string(values.type):
        return values
    sound = _flat_samples.encoded(values)
    return values if sound.all() else pc.if_else(pa.array(sound), values, pa.scalar(None, pa.string()))


def _copies(table: str, rows: pa.Table, ground: Ground) -> pa.Array:
    found = ground.copies.get(table)
    keys = [rows.column(name) for name in key_columns(table)]
    return pa.array(found.of(keys)) if found else pa.nulls(len(rows), pa.int64())


def _of_a_sample(rows: pa.Table, ground: Ground) -> pa.Array:
    there, _ = ground.places.find(_whole(rows, "sample_id"))
    return truth(there)
