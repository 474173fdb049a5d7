"""Cuts texts into samples of their parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from affectory.schemas import ids
from affectory.schemas.types import ANCHOR, PLACES
from affectory.transforms.base import Columns, Rejected, Result
from affectory.transforms.rows import Values, overlay
from affectory.transforms.text._spans import cut_out, pointing, with_places

READS: Columns = {"text": pa.string(), "anchor": ANCHOR, "sample_id": pa.string()}
WRITES: Columns = {
    **{name: pa.string() for name in ("sample_id", "parent", "text")},
    "anchor": ANCHOR,
    "segments": PLACES,
}


@dataclass(frozen=True)
class Part:
    """A stretch of a text that becomes a sample, and what else is known of it."""

    start: int
    end: int
    also: Mapping[str, Any] = field(default_factory=dict)


def cut(batch: pa.Table, parts: Sequence[Sequence[Part]], writes: Columns = WRITES) -> Result:
    """One sample for each part, with its place in the record. Texts without any are rejected as empty.

    What points into a text points into its parts afterwards. Parts stay in the group of duplicates of the whole: what
    other texts have in common with it lies in them.
    """
    origin = np.repeat(np.arange(len(parts)), [len(p) for p in parts]).astype(np.int64)
    flat = [part for of_row in parts for part in of_row]
    wholes = batch.select(list(READS)).to_pylist()
    pairs = list(zip(origin.tolist(), flat, strict=True))
    rows = overlay(batch.take(pa.array(origin)), [_sample(wholes[row], part) for row, part in pairs], writes)
    for name in pointing(batch):
        places = batch.column(name).to_pylist()
        found = [None if places[row] is None else cut_out(places[row], part.start, part.end) for row, part in pairs]
        rows = with_places(rows, name, found)
    rejected = tuple(Rejected(row, "empty", "nothing to cut") for row, of_row in enumerate(parts) if not of_row)
    return Result(rows, origin, rejected)


def _sample(whole: Values, part: Part) -> Values:
    anchor, text = whole["anchor"], whole["text"]
    before = anchor["char_start"] or 0
    place = {"char_start": before + part.start, "char_end": before + part.end}
    at = ("time", anchor["start_us"], anchor["end_us"]) if anchor["start_us"] is not None else ()
    return {
        "sample_id": ids.sample_id(anchor["record"], *at, "characters", *place.values()),
        "anchor": {**anchor, **place},
        "parent": whole["sample_id"],
        "text": text[part.start : part.end],
        **part.also,
    }
