"""Records into partitions: those of an earlier scan stay as they were, new records come together in new ones."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.pipelines.columns import large, stretches
from affectory.schemas.ids import digest

ROWS = {"text": 4096, "video": 8, "audio": 16, "image": 32, "signal": 16}
"""Records in a partition: enough to be worth a commit, few enough to share out and to lose little in a kill."""


def grouped(table: pa.Table, previous: pa.Table | None, rows: int | None, layout: str = "") -> pa.Array:
    """The root key of every record; `layout` stands for the code that lays records out."""
    table = large(table.select(["fingerprint", "source", "kind"]))
    keys = _kept(table, previous, layout)
    fresh = np.flatnonzero(np.asarray(pc.is_null(keys)))
    waiting = table.select(["source", "kind"]).take(pa.array(fresh))
    order = np.lexsort([_ranks(waiting.column(name)) for name in ("kind", "source")])
    waiting, fresh = waiting.take(pa.array(order)), fresh[order]
    prints = table.column("fingerprint").take(pa.array(fresh))
    made, sizes = [], []
    for start, size in _cuts(waiting, rows):
        made.append(root_key(prints.slice(start, size).to_pylist(), layout))
        sizes.append(size)
    at = np.full(len(keys), len(made))
    at[fresh] = np.repeat(np.arange(len(made)), sizes)
    return pc.coalesce(keys, pa.array([*made, None], pa.large_string()).take(pa.array(at)))


def _ranks(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Each value's place among the sorted ones, of which there are few."""
    return np.asarray(pc.index_in(column, value_set=pc.unique(column).sort())).astype(np.int64)


def _cuts(waiting: pa.Table, rows: int | None) -> Iterator[tuple[int, int]]:
    """Where partitions of records of one source and kind start, and their sizes."""
    for _, first, count in stretches(waiting.column("source")):
        for kind, start, size in stretches(waiting.column("kind").slice(first, count)):
            most = rows or ROWS.get(kind, 16)
            for at in range(0, size, most):
                yield first + start + at, min(most, size - at)


def root_key(fingerprints: list[str], layout: str = "") -> str:
    """The key of a root partition, from what its records contribute."""
    return digest("root", layout, sorted(fingerprints))


def _kept(table: pa.Table, previous: pa.Table | None, layout: str) -> pa.Array:
    """Keys of earlier partitions of which every record is still there, unchanged and laid out as it would be now."""
    if previous is None:
        return pa.nulls(table.num_rows, pa.large_string())
    earlier = large(previous.select(["fingerprint", "root"])).sort_by("root")
    whole = pa.array(
        [
            root
            for root, start, size in stretches(earlier.column("root"))
            if root_key(earlier.column("fingerprint").slice(start, size).to_pylist(), layout) == root
        ],
        pa.large_string(),
    )
    now = table.column("fingerprint")
    gone = pc.invert(pc.is_in(earlier.column("fingerprint"), value_set=now))
    broken = earlier.column("root").filter(gone)
    at = pc.index_in(now, value_set=earlier.column("fingerprint"))
    roots = earlier.column("root").take(at)
    stays = pc.and_(pc.is_in(roots, value_set=whole), pc.invert(pc.is_in(roots, value_set=broken)))
    return pc.if_else(stays, roots, pa.scalar(None, pa.large_string()))
