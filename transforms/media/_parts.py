"""Samples of parts of others, by time."""

import pyarrow as pa

from affectory.schemas import ids
from affectory.schemas.types import ANCHOR, FRAMES, MEDIA
from affectory.transforms.base import Columns
from affectory.transforms.media._limits import span
from affectory.transforms.rows import Reject, Values

PART: Columns = {
    "sample_id": pa.string(),
    "anchor": ANCHOR,
    "parent": pa.string(),
    "video": MEDIA,
    "audio": MEDIA,
    "frames": FRAMES,
    "duration_s": pa.float64(),
}
"""What a step writes that cuts by time."""


def part_of(row: Values, start_us: int, end_us: int) -> Values:
    """A stretch of a row that has `anchor` and `sample_id`; what was made of the whole parent is not carried over."""
    anchor = {**row["anchor"], "start_us": start_us, "end_us": end_us}
    return {
        "sample_id": ids.sample_id(anchor["record"], "time", start_us, end_us),
        "anchor": anchor,
        "parent": row["sample_id"],
        "duration_s": (end_us - start_us) / 1e6,
    }


def stretch(row: Values) -> tuple[int, int]:
    """Start and end of a row that has `anchor` and `duration_s`, which an earlier step measured."""
    start_us, end_us = span(row["anchor"])
    if end_us is None and row["duration_s"] is None:
        raise Reject("unsupported", "how long it is was not measured: put `probe` before")
    return start_us, end_us if end_us is not None else start_us + round(row["duration_s"] * 1e6)
