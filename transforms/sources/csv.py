"""Delimited text: every row is a text record."""

from dataclasses import dataclass

from affectory.transforms.sources._csv import CsvTable
from affectory.transforms.sources._records import RecordTable


@dataclass(frozen=True, kw_only=True)
class CsvSource(RecordTable, CsvTable):
    """Text records from the rows of delimited text, such as CSV."""
