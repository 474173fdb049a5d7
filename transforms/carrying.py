"""What parts of a sample take over from the whole: of places that were found in it, those that lie in the part."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.schemas.types import PLACES
from affectory.transforms.base import Columns

_EVER = 1 << 62
Times = NDArray[np.int64]


def carried(batch: pa.Table, origin: Times, written: Mapping[str, Sequence[Any]], writes: Columns) -> pa.Table:
    """The rows that others came from, once for each of these, `written` being what a step wrote of them by column.

    Of a row that is cut, places keep what lies in the part by time; what knows no time is the part's too. Characters
    of a text that the part does not have say nothing any more. Taken whole, the words of an hour would lie in each of
    its utterances. What is said in a recording is not what is said in each of several stretches of it.
    """
    cut = "anchor" in writes
    names = [f.name for f in batch.schema if cut and f.type == PLACES and f.name not in writes]
    rows = batch.drop_columns(names).take(pa.array(origin))
    texts = written["text"] if "text" in writes else None
    if cut and texts is None and "text" in rows.column_names:
        texts = _texts(batch, origin, written["anchor"])
        rows = rows.set_column(rows.column_names.index("text"), "text", pa.array(texts, pa.string()))
    if not names:
        return rows
    retold = np.zeros(len(origin), bool) if texts is None else _retold(batch, origin, texts)
    for name in names:
        rows = rows.append_column(name, _in_parts(batch.column(name), origin, written["anchor"], retold))
    return rows.select(batch.column_names)


def _texts(batch: pa.Table, origin: Times, anchors: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """The text of the whole, where a row is not one of several stretches of it."""
    whole, texts = batch.column("anchor").to_pylist(), batch.column("text").to_pylist()
    count = np.bincount(origin, minlength=batch.num_rows).tolist()
    same = (_stretch(whole[row]) == _stretch(anchor) for row, anchor in zip(origin.tolist(), anchors, strict=True))
    return [texts[row] if stays or count[row] == 1 else None for row, stays in zip(origin.tolist(), same, strict=True)]


def _stretch(anchor: Mapping[str, Any]) -> tuple[int, int | None]:
    return anchor["start_us"] or 0, anchor["end_us"]


def _retold(batch: pa.Table, origin: Times, texts: Sequence[str | None]) -> NDArray[np.bool_]:
    before = batch.column("text").to_pylist()
    return np.array([before[row] != text for row, text in zip(origin.tolist(), texts, strict=True)], bool)


def _in_parts(
    column: pa.ChunkedArray, origin: Times, anchors: Sequence[Mapping[str, Any]], retold: NDArray[np.bool_]
) -> pa.Array:
    lists = column.combine_chunks()
    places, missing = pc.list_flatten(lists), np.asarray(pc.is_null(lists))[origin]
    ends = np.cumsum(np.asarray(pc.fill_null(pc.list_value_length(lists), 0), dtype=np.int64))
    firsts = np.append(0, ends)[:-1]
    start, end = _times(places)
    lost = np.asarray(pc.is_valid(pc.struct_field(places, "char_start"))) & (start == -_EVER) & (end == _EVER)
    found = []
    for row, anchor, other in zip(origin.tolist(), anchors, retold.tolist(), strict=True):
        own = slice(firsts[row], ends[row])
        from_us, to_us = anchor["start_us"] or 0, _EVER if anchor["end_us"] is None else anchor["end_us"]
        inside = (start[own] < to_us) & ((end[own] > from_us) | (start[own] >= from_us))
        found.append(firsts[row] + np.flatnonzero(inside & ~(lost[own] & other)))
    sizes = np.array([len(x) for x in found], np.int64)
    taken = places.take(pa.array(np.concatenate([np.zeros(0, np.int64), *found])))
    offsets = pa.array(np.append(0, np.cumsum(sizes)).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, _without_characters(taken, np.repeat(retold, sizes)), PLACES,
                                    mask=pa.array(missing))  # fmt: skip


def _times(places: pa.Array) -> tuple[Times, Times]:
    """When places begin and end; all the time where that is not known."""
    start, end = (pc.struct_field(places, name) for name in ("start_us", "end_us"))
    return np.asarray(pc.fill_null(start, -_EVER)), np.asarray(pc.fill_null(pc.coalesce(end, start), _EVER))


def _without_characters(places: pa.StructArray, where: NDArray[np.bool_]) -> pa.StructArray:
    if not where.any():
        return places
    kept = pa.array(~where)
    fields = [
        pc.if_else(kept, values, pa.scalar(None, values.type)) if field.name in ("char_start", "char_end") else values
        for field, values in zip(PLACES.value_type, places.flatten(), strict=True)
    ]
    return pa.StructArray.from_arrays(fields, fields=list(PLACES.value_type))
