"""Delimited text: every row is a rating."""

from dataclasses import dataclass

from affectory.transforms.ratings._columns import RatingTable
from affectory.transforms.sources._csv import CsvTable


@dataclass(frozen=True, kw_only=True)
class CsvRatings(RatingTable, CsvTable):
    """Ratings from the rows of delimited text, such as CSV."""
