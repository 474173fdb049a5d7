"""Parquet: every row is a rating."""

from dataclasses import dataclass

from affectory.transforms.ratings._columns import RatingTable
from affectory.transforms.sources._parquet import ParquetTable


@dataclass(frozen=True, kw_only=True)
class ParquetRatings(RatingTable, ParquetTable):
    """Ratings from the rows of Parquet files."""
