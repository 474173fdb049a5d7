"""What is compared: a dialogue or a set of samples as a whole, and every other sample by itself."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.transforms.dataset._alike import matrix, packed
from affectory.transforms.dataset._content import SIGNATURES, SIGNS, in_one
from affectory.transforms.dataset._shingles import BINS, EMPTY, filled_up

MEMORY = pa.schema([("unit", pa.string()), ("group", pa.string()), ("instead", pa.string())])
"""Of each unit its group, and the unit that was kept instead of it."""
_SIGNED = pa.schema([("part", pa.int64()), ("sample_id", pa.string()), *SIGNS.items()])
_MET = pa.schema([*_SIGNED, *list(MEMORY)[1:], ("known", pa.bool_())])
NODES = pa.schema(
    [(name, pa.string()) for name in ("node", "unit", "record", "show", "group", "instead")]
    + [("exact", pa.binary()), *SIGNATURES.items()]
)
"""A unit under a name that tells the order in which units are looked at: first those that were kept before."""


def shaped(rows: pa.Table, schema: pa.Schema, **renamed: str) -> pa.Table:
    """The columns of a schema, some under another name, null where there are none."""
    names = {f.name: renamed.get(f.name, f.name) for f in schema}
    columns = [rows.column(names[f.name]) if names[f.name] in rows.column_names else pa.nulls(rows.num_rows, f.type)
               for f in schema]  # fmt: skip
    return pa.table(columns, schema=schema)


def to_units(rows: pa.Table) -> pa.Table:
    """Signs of samples, or what is remembered of units, on their way to where those of a unit meet."""
    if "_unit" in rows.column_names:
        return shaped(rows, _MET)
    known = pa.repeat(pa.scalar(True), rows.num_rows)
    return shaped(rows, _MET, _unit="unit").drop_columns("known").append_column("known", known)


def united(rows: pa.Table) -> Mapping[str, pa.Table]:
    """A node for each unit that has samples."""
    known = pc.is_valid(rows.column("known"))
    memory, signs = rows.filter(known), rows.filter(pc.invert(known))
    if pc.count_distinct(signs.column("_unit")).as_py() < signs.num_rows:
        signs = _joined(signs)
    else:
        show = _shown(signs.column("sample_id"), signs.column("_uri"))
        signs = shaped(signs, _SIGNED).append_column("show", show)
    at = pc.index_in(signs.column("_unit"), value_set=memory.column("_unit").combine_chunks())
    group, instead = (memory.column(name).take(at) for name in ("group", "instead"))
    first = pc.and_(pc.is_valid(at), pc.is_null(instead))
    node = pc.binary_join_element_wise(pc.if_else(first, "0", "1"), signs.column("_unit"), "")
    signs = signs.append_column("node", node).append_column("group", group).append_column("instead", instead)
    found = shaped(signs, NODES, unit="_unit", record="_record", exact="_exact").combine_chunks()
    return {"nodes": _comparable(found)}


def _shown(name: pa.ChunkedArray, uri: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(name, pa.scalar(" ("), uri, pa.scalar(")"), "")


def _joined(signs: pa.Table) -> pa.Table:
    """One row for each unit: the content of all of its samples, in their order."""
    keys = [(name, "ascending") for name in ("_unit", "_position", "sample_id")]
    signs = signs.sort_by(keys).combine_chunks()
    units = signs.column("_unit")
    starts = np.flatnonzero(np.append(True, np.asarray(pc.not_equal(units[1:], units[:-1]))))
    sizes = np.diff(np.append(starts, len(units)))
    found = signs.take(pa.array(starts))
    several = sizes > 1
    name = pc.if_else(pa.array(several), found.column("_unit"), found.column("sample_id"))
    columns = {"_exact": _contents(signs, starts, sizes), "_text": _texts(signs, starts, several)}
    columns["_record"] = pc.if_else(
        pa.array(_of_one(signs.column("_record"), starts)), found["_record"], found["_unit"]
    )
    for column, values in columns.items():
        found = found.set_column(found.column_names.index(column), column, values)
    return shaped(found, _SIGNED).append_column("show", _shown(name, found.column("_uri")))


def _contents(signs: pa.Table, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> pa.Array:
    exact = signs.column("_exact").to_pylist()
    runs = zip(starts.tolist(), sizes.tolist(), strict=True)
    return pa.array([exact[at] if size == 1 else in_one(exact[at : at + size]) for at, size in runs], pa.binary())


def _texts(signs: pa.Table, starts: NDArray[np.int64], several: NDArray[np.bool_]) -> pa.Array:
    """All shingles of a unit together; none where it has more than texts."""
    bins = np.full((signs.num_rows, BINS), EMPTY, np.uint32)
    there = np.asarray(pc.is_valid(signs.column("_text")))
    bins[there] = matrix(signs.column("_text").drop_null().combine_chunks(), np.uint32)
    texts = np.asarray(pc.equal(signs.column("_kind"), "text"))
    found = np.minimum.reduceat(bins, starts, axis=0)
    mixed = several & ~np.logical_and.reduceat(texts, starts)
    return pc.if_else(pa.array(mixed | (found == EMPTY).all(axis=1)), None, packed(found))


def _of_one(records: pa.ChunkedArray, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether all samples of a unit are of the same record."""
    encoded = np.asarray(records.combine_chunks().dictionary_encode().indices)
    found: NDArray[np.bool_] = np.minimum.reduceat(encoded, starts) == np.maximum.reduceat(encoded, starts)
    return found


def _comparable(nodes: pa.Table) -> pa.Table:
    column = nodes.column("_text")
    there = np.asarray(pc.is_valid(column))
    if not there.any():
        return nodes
    bins = np.full((len(there), BINS), EMPTY, np.uint32)
    bins[there] = filled_up(np.asarray(matrix(column.drop_null().combine_chunks(), np.uint32)))
    values = packed(bins) if there.all() else pc.if_else(pa.array(there), packed(bins), None)
    return nodes.set_column(nodes.column_names.index("_text"), "_text", values)
