"""JSON lines: every row is a text record."""

from dataclasses import dataclass

from affectory.transforms.sources._jsonl import JsonlTable
from affectory.transforms.sources._records import RecordTable


@dataclass(frozen=True, kw_only=True)
class JsonlSource(RecordTable, JsonlTable):
    """Text records from the lines of JSON-lines files."""
