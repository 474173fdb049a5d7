"""Reading one Parquet file whole: without threads, and without the dataset machinery that loads pandas.

A thread of Arrow that lets go of a file of Python while the process ends would abort it.
"""

import io
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

_AHEAD = 8


class Part(Protocol):
    """A file of rows: a path, or what lies on object storage."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


@contextmanager
def opened(part: Part) -> Iterator[pq.ParquetFile]:
    """The Parquet file that a part is."""
    path = _path(part)
    if path is not None:
        with pq.ParquetFile(path) as parquet:
            yield parquet
    else:
        with part.open("rb") as file, _parquet(file) as parquet:
            yield parquet


def _path(part: Part) -> Path | None:
    found = part if isinstance(part, Path) else getattr(part, "path", None)
    return found if isinstance(found, Path) else None


def _parquet(file: IO[bytes]) -> pq.ParquetFile:
    """Bytes in memory are read without Python: Arrow's threads may let go of a Python object as the process ends,
    and that aborts it."""
    return pq.ParquetFile(pa.BufferReader(file.getvalue()) if isinstance(file, io.BytesIO) else file)


def in_turn(parts: Sequence[Part]) -> Iterator[pq.ParquetFile]:
    """The Parquet files that parts are, one after another; those that lie elsewhere are opened some ahead."""
    if all(_path(part) for part in parts):
        for part in parts:
            with opened(part) as parquet:
                yield parquet
        return
    waiting: deque[Future[IO[bytes]]] = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        for number in range(len(parts)):
            while len(waiting) < _AHEAD and number + len(waiting) < len(parts):
                waiting.append(pool.submit(parts[number + len(waiting)].open, "rb"))
            with waiting.popleft().result() as file, _parquet(file) as parquet:
                yield parquet


def read_all(parts: Sequence[Part], columns: Sequence[str] | None = None) -> list[pa.Table]:
    """The rows of each part, all columns or the chosen ones."""
    chosen = None if columns is None else list(columns)
    return [file.read(columns=chosen, use_threads=False) for file in in_turn(parts)]


def read_parquet(part: Part, columns: Sequence[str] | None = None) -> pa.Table:
    """A part's rows in their order, all columns or the chosen ones."""
    with opened(part) as parquet:
        return parquet.read(columns=None if columns is None else list(columns), use_threads=False)


def read_open(file: IO[bytes], columns: Sequence[str] | None = None) -> pa.Table:
    """The same of a file that is open already."""
    with _parquet(file) as parquet:
        return parquet.read(columns=None if columns is None else list(columns), use_threads=False)
