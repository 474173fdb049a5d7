"""Rows that were not kept, written with where they came from."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.derived import REJECTS
from affectory.schemas.ids import digest_of, spelled
from affectory.transforms.base import Failed, Rejected, Result

_SHOWN = ("key", "kind", "text", "speaker", "dialogue", "position", "language", "anchor", "extra")
"""In this order: a shortened row still shows what a person knows it by."""
_MOST = 500
_NEEDED = (*_SHOWN, "sample_id", "source", "uri")


def rejects_of(stage: str, table: pa.Table, result: Result) -> pa.Table:
    """One row of the rejects table for every input row that the stage did not keep."""
    lost: list[Rejected | Failed] = [*result.rejected, *result.failed]
    needed = table.select([name for name in _NEEDED if name in table.column_names])
    rows = needed.take(pa.array([x.row for x in lost], pa.int64())).to_pylist(maps_as_pydicts="lossy")
    return REJECTS.from_rows([_reject(stage, row, x) for row, x in zip(rows, lost, strict=True)])


def _reject(stage: str, row: dict[str, Any], lost: Rejected | Failed) -> dict[str, object]:
    reason = lost.reason if isinstance(lost, Rejected) else lost.error
    return {
        "reject_id": "x_" + digest_of(*map(spelled, (stage, row["sample_id"], reason)))[:24],
        "stage": stage,
        "outcome": "rejected" if isinstance(lost, Rejected) else "failed",
        "reason": reason,
        "detail": lost.detail,
        "sample_id": row["sample_id"],
        "record_id": row["anchor"]["record"],
        "source": row["source"],
        "uri": row["uri"],
        "row": json.dumps(_told(row), ensure_ascii=False)[:_MOST],
    }


def _told(row: dict[str, Any]) -> dict[str, Any]:
    place = {k: v for k, v in row["anchor"].items() if v is not None and k != "record"}
    told = {**row, "anchor": place or None, "text": row["text"] and row["text"][:_MOST]}
    return {k: v for k in _SHOWN if (v := told.get(k)) is not None}


def failed_for(rejects: pa.Table | None, reason: str) -> pa.Array:
    """The samples that failed for a reason."""
    if rejects is None:
        return pa.array([], pa.string())
    chosen = pc.and_(pc.equal(rejects.column("outcome"), "failed"), pc.equal(rejects.column("reason"), reason))
    return rejects.filter(chosen).column("sample_id").combine_chunks()
