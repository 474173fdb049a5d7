"""Parquet: every row is a text record."""

from dataclasses import dataclass

from affectory.transforms.sources._parquet import ParquetTable
from affectory.transforms.sources._records import RecordTable


@dataclass(frozen=True, kw_only=True)
class ParquetSource(RecordTable, ParquetTable):
    """Text records from the rows of Parquet files."""
