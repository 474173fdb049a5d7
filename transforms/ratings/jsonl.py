"""JSON lines: every row is a rating."""

from dataclasses import dataclass

from affectory.transforms.ratings._columns import RatingTable
from affectory.transforms.sources._jsonl import JsonlTable


@dataclass(frozen=True, kw_only=True)
class JsonlRatings(RatingTable, JsonlTable):
    """Ratings from the lines of JSON-lines files."""
