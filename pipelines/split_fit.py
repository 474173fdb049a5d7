"""Where groups were placed: a file that lasts, so that they stay there from build to build."""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from affectory.pipelines.exchanges import Rows, row_groups
from affectory.pipelines.splits import FIT
from affectory.pipelines.store.files import Files, PartFile
from affectory.schemas.ids import digest
from affectory.schemas.parquet import read_parquet

_ROWS = 1 << 20
"""In a row group: what a reader of the fit holds at a time."""


class SplitFit:
    """The fit on disk: numbered versions, the last of which holds."""

    def __init__(self, files: Files, by: Sequence[str], shares: Mapping[str, float]) -> None:
        self.files = files
        self._folder = f"splits/{digest(list(by), list(shares.items()))[:16]}"

    @property
    def version(self) -> str:
        """Tells the present fit from every other one."""
        newest = self.newest()
        return hashlib.sha256(self.files.read(newest)).hexdigest() if newest else ""

    def newest(self) -> str | None:
        """The name of the version that holds."""
        names = list(self.files.names(self._folder))
        return names[-1] if names else None

    def load(self) -> pa.Table:
        """The groups in order, each with its split."""
        newest = self.newest()
        if newest is None:
            return FIT.empty_table()
        return read_parquet(PartFile(self.files.location, newest))

    def parts(self) -> list[Rows]:
        """The groups in order, a row group at a time."""
        newest = self.newest()
        return row_groups(PartFile(self.files.location, newest)) if newest else []

    def save(self, fit: pa.Table) -> None:
        """Write a further version, unless nothing changed."""
        if not fit.equals(self.load()):
            self.write([fit])

    def write(self, pieces: Iterable[pa.Table]) -> None:
        """Write a further version of pieces that follow one another in the order of their groups."""
        buffer = io.BytesIO()
        with pq.ParquetWriter(buffer, FIT, compression="zstd") as writer:
            for rows in _sized(pieces):
                writer.write_table(rows)
        number = len(list(self.files.names(self._folder))) + 1
        self.files.create(f"{self._folder}/{number:06d}.parquet", buffer.getvalue())


def _sized(pieces: Iterable[pa.Table]) -> Iterable[pa.Table]:
    """The same rows in tables of one size, so that the file's bytes tell nothing of the pieces."""
    waiting = FIT.empty_table()
    for piece in pieces:
        waiting = pa.concat_tables([waiting, piece])
        while waiting.num_rows >= _ROWS:
            yield waiting.slice(0, _ROWS).combine_chunks()
            waiting = waiting.slice(_ROWS)
    if waiting.num_rows:
        yield waiting.combine_chunks()
