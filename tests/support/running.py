"""Runs one transform on a few rows, as the runner would: a declared table in, a checked result out."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from affectory.schemas import ids
from affectory.schemas.derived import SAMPLES
from affectory.schemas.tables import Column, build_array
from affectory.transforms.base import Result, Transform

Row = dict[str, Any]
MEDIA_KINDS = ("video", "audio", "image")


def run(transform: Transform, rows: Sequence[Row]) -> Result:
    """The checked result of `transform` on `rows`; see `samples` for what a row may leave out."""
    result = transform.setup()(samples(transform, rows))
    result.check(len(rows), type(transform).__name__)
    for name, dtype in transform.writes().items():
        given = result.rows.schema.field(name).type
        assert given == dtype, f"{name} was written as {given}, not as {dtype}"
    return result


def samples(transform: Transform, rows: Sequence[Row]) -> pa.Table:
    """A samples table of `rows`, with the columns of earlier stages that `transform` reads.

    Left out, a row is of a kind that the transform works on, the whole of a record of its own, and (video, audio,
    image) not yet cut: what is published of it is its original.
    """
    full = [_filled(transform, index, row) for index, row in enumerate(rows)]
    notes = {name: dtype for name, dtype in transform.reads().items() if name not in SAMPLES.schema.names}
    table = SAMPLES.from_rows([{k: v for k, v in row.items() if k not in notes} for row in full])
    for name, dtype in notes.items():
        table = table.append_column(name, build_array([row.get(name) for row in full], Column(name, dtype, ""), "test"))
    return table


def _filled(transform: Transform, index: int, row: Row) -> Row:
    kind = row.get("kind") or ("text" if "text" in transform.on else min(transform.on))
    anchor = {"record": f"r_{index}", **row.get("anchor", {})}
    span = [anchor[k] for k in ("start_us", "end_us") if anchor.get(k) is not None]
    sample = ids.sample_id(anchor["record"], "time", *span) if span else ids.sample_id(anchor["record"])
    published = {kind: row.get("original")} if kind in MEDIA_KINDS and not span else {}
    defaults = {"sample_id": sample, "source": "test", "uri": f"row-{index}"}
    return {**defaults, **published, **row, "kind": kind, "anchor": anchor}
