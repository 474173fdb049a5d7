"""Per-row work: the author writes one function from a row to new values, the adapter does the rest."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from affectory.schemas.tables import Column, build_array
from affectory.transforms.base import Columns, Failed, Rejected, Result, Step
from affectory.transforms.carrying import carried

Values = Mapping[str, Any]
Work = Callable[[Values], Values | list[Values]]
"""Gets the columns that the transform reads; returns those it writes, once or (fan-out) several times."""


class Reject(Exception):
    """Raised by per-row work to reject its row."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def rejected(row: int, reject: Reject) -> Rejected:
    """The outcome of a row whose work raised `Reject`."""
    return Rejected(row, reject.reason, _plain(reject.detail))


def told(error: BaseException) -> str:
    """An error's text without addresses of memory, which differ from run to run."""
    return _plain(str(error))


def _plain(text: str) -> str:
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", text)[:2000]


@dataclass
class _Outcomes:
    written: list[Values] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    def run(self, row: int, values: Values, work: Work) -> None:
        try:
            made = work(values)
        except Reject as reject:
            self.rejected.append(rejected(row, reject))
        except Exception as error:  # one bad row never takes its batch along
            self.failed.append(Failed(row, getattr(error, "failed_as", type(error).__name__), told(error)))
        else:
            made = made if isinstance(made, list) else [made]
            if not made:
                self.failed.append(Failed(row, "NothingReturned", "the stage gave neither a row nor a reason"))
            self.written += made
            self.origin += [row] * len(made)


def by_row(reads: Columns, writes: Columns, work: Work) -> Step:
    """A batch step from per-row `work`; columns that it does not write are carried over untouched."""

    def step(batch: pa.Table) -> Result:
        outcomes = _Outcomes()
        for index, values in enumerate(batch.select(list(reads)).to_pylist(maps_as_pydicts="strict")):
            outcomes.run(index, values, work)
        origin = np.array(outcomes.origin, dtype=np.int64)
        columns = {name: [w.get(name) for w in outcomes.written] for name in ("anchor", "text") if name in writes}
        rows = overlay(carried(batch, origin, columns, writes), outcomes.written, writes)
        return Result(rows, origin, tuple(outcomes.rejected), tuple(outcomes.failed))

    return step


def overlay(rows: pa.Table, written: list[Values], writes: Columns) -> pa.Table:
    """`rows` with the written columns set, in the types that were declared for them."""
    for name, dtype in writes.items():
        array = build_array([w.get(name) for w in written], Column(name, dtype, ""), "stage output")
        rows = set_column(rows, name, array)
    return rows


def set_column(rows: pa.Table, name: str, array: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Replace or append one column."""
    if name in rows.column_names:
        return rows.set_column(rows.column_names.index(name), name, array)
    return rows.append_column(name, array)
