"""Whole records wait on the disk while ids are compared: a scan holds only what tells records apart."""

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

PLACE = "at"
"""The column that says as which row of the spill a record came."""


class Spill:
    """Rows of one schema in the order in which they came; found again by their number."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._open = ExitStack()
        self._path = Path(self._open.enter_context(TemporaryDirectory(prefix="affectory-scan-"))) / "rows.arrow"
        self._file = pa.ipc.new_file(str(self._path), schema)
        self._starts = [0]
        self._reader: pa.ipc.RecordBatchFileReader | None = None

    def __enter__(self) -> "Spill":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._reader = None
        self._open.close()

    def add(self, rows: pa.Table) -> pa.Array:
        """Keep the rows; the numbers by which they are found."""
        first = self._starts[-1]
        for batch in rows.to_batches():
            self._file.write_batch(batch)
            self._starts.append(self._starts[-1] + batch.num_rows)
        return pa.array(np.arange(first, self._starts[-1]), pa.int64())

    def take(self, places: Sequence[int]) -> pa.Table:
        """The rows of these numbers, in the order of the numbers; nothing more can be added."""
        wanted = sorted(places)
        numbers = np.searchsorted(self._starts, wanted, side="right") - 1
        found = groupby(zip(numbers.tolist(), wanted, strict=True), key=lambda pair: pair[0])
        batches = [self._batch(number, [at for _, at in pairs]) for number, pairs in found]
        return pa.Table.from_batches(batches, self._schema)

    def _batch(self, number: int, places: Sequence[int]) -> pa.RecordBatch:
        if self._reader is None:
            self._file.close()
            self._reader = pa.ipc.open_file(self._open.enter_context(pa.memory_map(str(self._path))))
        return self._reader.get_batch(number).take(pa.array([at - self._starts[number] for at in places], pa.int64()))
