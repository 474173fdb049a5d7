"""Batches for tests of checks, and what became of their rows."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from affectory.schemas.taxonomy import Taxonomy, load_taxonomy
from affectory.transforms.base import Result, Transform
from affectory.transforms.models._opinions import Rater

EKMAN: Taxonomy = load_taxonomy("ekman-7")


def batch(transform: Transform, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows with the columns that a step reads; texts where it takes any type."""
    columns = {}
    for name, dtype in transform.reads().items():
        values = [row.get(name) for row in rows]
        columns[name] = pa.array(values) if dtype == pa.null() else pa.array(values, dtype)
    ids = pa.array([f"s{n}" for n in range(len(rows))])
    return pa.table({"sample_id": ids, **columns})


def checked(transform: Transform, *rows: dict[str, Any]) -> Result:
    given = batch(transform, rows)
    result = transform.setup()(given)
    result.check(given.num_rows, type(transform).__name__)
    return result


def lost(transform: Transform, **row: Any) -> tuple[str, str] | None:
    """Reason and detail of a row that is not kept; None of one that is."""
    result = checked(transform, row)
    assert not result.failed, result.failed
    return (result.rejected[0].reason, result.rejected[0].detail) if result.rejected else None


def vote(**weights: float) -> dict[str, Any]:
    """An opinion that divides its weight among labels of ekman-7."""
    rater = Rater("r@1", "model", "expressed", ("text",), "Which emotion?")
    assert weights.keys() <= set(EKMAN.labels)
    return {**rater.votes(EKMAN, [weights.get(label, 0.0) for label in EKMAN.labels])}
