"""Parquet: every row is a rating."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from affectory.transforms.ratings._columns import RatingTable
from affectory.transforms.sources._features import by_class_name
from affectory.transforms.sources._parquet import ParquetTable
from affectory.transforms.sources._tables import Chunk
from affectory.transforms.sources.base import Limits, SourceFile


@dataclass(frozen=True, kw_only=True)
class ParquetRatings(RatingTable, ParquetTable):
    """Ratings from the rows of Parquet files; class labels of `datasets` are their names."""

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        yield from by_class_name(super()._chunks(file, limits, wanted), pq.read_schema(file.path))
