"""What was said before, of turns of one dialogue that meet from wherever they lie."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.schemas.types import PLACES
from affectory.transforms.base import Columns
from affectory.transforms.fitting import PART

SIGNS: Columns = {
    "_talk": pa.string(), "_at": pa.int32(), "_start": pa.int64(), "_who": pa.string(), "_said": pa.string(),
}  # fmt: skip
TOLD: Columns = {"_context": PLACES}
REMEMBERED = pa.schema([("dialogue", pa.string())])
"""Nothing is: what was said before a turn is what is there now."""
_ORDER = ("_talk", "_at", "_start", "sample_id")


def signed(batch: pa.Table) -> pa.Table:
    """The batch with what its turns tell others; what is no turn of a dialogue meets nobody."""
    names = ("source", "dialogue", "position", "speaker", "text", "sample_id")
    source, dialogue, position, speaker, text, sample = (batch.column(name) for name in names)
    in_talk = pc.and_(pc.is_valid(dialogue), pc.is_valid(position))
    talk = pc.binary_join_element_wise(source, dialogue, "\x1f")
    alone = pc.binary_join_element_wise("", sample, "\x1f")
    anchor = batch.column("anchor").combine_chunks()
    start = pc.coalesce(pc.struct_field(anchor, "char_start"), pc.struct_field(anchor, "start_us"), 0)
    values = [pc.if_else(in_talk, talk, alone), pc.if_else(in_talk, position, None), start, speaker, text]
    for (name, dtype), value in zip(SIGNS.items(), values, strict=True):
        batch = batch.append_column(name, value.cast(dtype))
    return batch


def as_they_are(rows: pa.Table) -> pa.Table:
    """What is signed, and whose it is."""
    return rows.select([PART, "sample_id", *SIGNS])


@dataclass(frozen=True)
class Before:
    """Of each turn the `turns` before it in its dialogue, the oldest first."""

    turns: int

    def __call__(self, rows: pa.Table) -> Mapping[str, pa.Table]:
        rows = rows.sort_by([(name, "ascending") for name in _ORDER]).combine_chunks()
        index, talk = np.arange(rows.num_rows), rows.column("_talk").to_numpy()
        begins = np.ones(rows.num_rows, bool)
        begins[1:] = talk[1:] != talk[:-1]
        first = np.maximum(np.maximum.accumulate(np.where(begins, index, 0)), index - self.turns)
        context = _lists(rows, first, index - first)
        told = {PART: rows.column(PART), "sample_id": rows.column("sample_id"), "_context": context}
        return {"context": pa.table(told)}


def _lists(rows: pa.Table, first: NDArray[np.int64], count: NDArray[np.int64]) -> pa.Array:
    """For each row those that come before it; null for what is no turn."""
    ends = np.cumsum(count)
    places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - count), count)
    taken = rows.select(["_who", "_said"]).take(pa.array(places))
    known = {"kind": pa.repeat("turn", len(places)), "who": taken.column("_who"), "text": taken.column("_said")}
    fields = [
        known[f.name].cast(f.type) if f.name in known else pa.nulls(len(places), f.type) for f in PLACES.value_type
    ]
    chunks = [f.combine_chunks() if isinstance(f, pa.ChunkedArray) else f for f in fields]
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    none = np.asarray(pc.is_null(rows.column("_at")), dtype=bool)
    return pa.ListArray.from_arrays(
        pa.array(offsets),
        pa.StructArray.from_arrays(chunks, fields=list(PLACES.value_type)),
        PLACES,
        mask=pa.array(none),
    )
