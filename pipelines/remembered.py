"""What a dataset-wide fit remembers: a table that lasts, so that what was decided once stays from build to build."""

import hashlib
import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from affectory.pipelines.exchanges import Rows, row_groups
from affectory.pipelines.store.files import Files, PartFile
from affectory.schemas.parquet import read_parquet

_ROWS = 1 << 20
"""In a row group: what a reader of the table holds at a time."""


class Remembered:
    """A table on disk, in the order of its first column: numbered versions, the last of which holds."""

    def __init__(self, files: Files, folder: str, schema: pa.Schema) -> None:
        self.files, self.schema = files, schema
        self._folder = folder

    @property
    def version(self) -> str:
        """Tells the present table from every other one."""
        newest = self.newest()
        return hashlib.sha256(self.files.read(newest)).hexdigest() if newest else ""

    def newest(self) -> str | None:
        """The name of the version that holds."""
        names = list(self.files.names(self._folder))
        return names[-1] if names else None

    def load(self) -> pa.Table:
        """All rows in order."""
        newest = self.newest()
        if newest is None:
            return self.schema.empty_table()
        return read_parquet(PartFile(self.files.location, newest))

    def parts(self) -> list[Rows]:
        """The rows in order, a row group at a time."""
        newest = self.newest()
        return row_groups(PartFile(self.files.location, newest)) if newest else []

    def save(self, table: pa.Table) -> None:
        """Write a further version, unless nothing changed."""
        if not table.equals(self.load()):
            self.write([table])

    def write(self, pieces: Iterable[pa.Table]) -> None:
        """Write a further version of pieces that follow one another in order."""
        buffer = io.BytesIO()
        with pq.ParquetWriter(buffer, self.schema, compression="zstd") as writer:
            for rows in self._sized(pieces):
                writer.write_table(rows)
        newest = self.newest()
        number = int(newest.rpartition("/")[2].partition(".")[0]) + 1 if newest else 1
        self.files.create(f"{self._folder}/{number:06d}.parquet", buffer.getvalue())

    def _sized(self, pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The same rows in tables of one size, so that the file's bytes tell nothing of the pieces."""
        waiting = self.schema.empty_table()
        for piece in pieces:
            waiting = pa.concat_tables([waiting, piece])
            while waiting.num_rows >= _ROWS:
                yield waiting.slice(0, _ROWS).combine_chunks()
                waiting = waiting.slice(_ROWS)
        if waiting.num_rows:
            yield waiting.combine_chunks()
