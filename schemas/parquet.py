"""Reading one Parquet file whole: without threads, and without the dataset machinery that loads pandas."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq


class Part(Protocol):
    """A file of rows: a path, or what lies on object storage."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


@contextmanager
def opened(part: Part) -> Iterator[pq.ParquetFile]:
    """The Parquet file that a part is."""
    with part.open("rb") as file, pq.ParquetFile(file) as parquet:
        yield parquet


def read_parquet(part: Part, columns: Sequence[str] | None = None) -> pa.Table:
    """A part's rows in their order, all columns or the chosen ones."""
    with opened(part) as file:
        return file.read(columns=None if columns is None else list(columns), use_threads=False)
