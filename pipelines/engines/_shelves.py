"""Rows on their way to their buckets on one machine, in files meanwhile, so that memory holds those of one file."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

_SHELVES = 64
"""Files that are open at once; each takes every 64th bucket."""


def exchange(parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]) -> None:
    """Reduce every bucket of what the parts hold, in order."""
    with TemporaryDirectory(prefix="affectory-") as folder:
        for rows in _shelved(Path(folder), parts, read):
            for bucket, mine in by_bucket(rows):
                reduce(bucket, mine)


def _shelved(folder: Path, parts: Sequence[Any], read: Callable[[Any], pa.Table]) -> Iterator[pa.Table]:
    writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
    try:
        for part in parts:
            rows = read(part)
            for shelf, mine in by_bucket(rows, _SHELVES):
                if shelf not in writers:
                    writers[shelf] = pa.ipc.new_stream(str(folder / str(shelf)), rows.schema)
                writers[shelf].write_table(mine)
    finally:
        for writer in writers.values():
            writer.close()
    for shelf in sorted(writers):
        with pa.OSFile(str(folder / str(shelf))) as source:
            yield pa.ipc.open_stream(source).read_all()


def by_bucket(rows: pa.Table, modulo: int | None = None) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each bucket, or of each remainder that the buckets leave."""
    buckets = np.asarray(rows.column("bucket"))
    places = buckets if modulo is None else buckets % modulo
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    for mine in np.split(order, starts[1:]) if len(order) else ():
        yield int(places[mine[0]]), rows.take(pa.array(mine))
