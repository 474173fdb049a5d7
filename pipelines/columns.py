"""Small things done to whole columns."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def firsts(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Which rows of a column without nulls begin a stretch of equal values."""
    size = len(column)
    changes = np.asarray(pc.not_equal(column.slice(1), column.slice(0, max(0, size - 1))))
    return np.append(True, changes.astype(bool))[:size]


def stretches(column: pa.ChunkedArray) -> Iterator[tuple[str, int, int]]:
    """The stretches of equal values in a column without nulls: the value, where it starts, how many rows."""
    starts = np.flatnonzero(firsts(column))
    sizes = np.diff(np.append(starts, len(column)))
    yield from zip(column.take(pa.array(starts)).to_pylist(), starts.tolist(), sizes.tolist(), strict=True)
