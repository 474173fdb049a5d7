"""Stretches of a text: replaced by something else, or cut out, while what points into the text still points right."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import pyarrow as pa

from affectory.schemas.types import PLACES
from affectory.transforms.rows import set_column

Place = Mapping[str, Any]


class Span(NamedTuple):
    """A stretch of characters, and of which kind it is."""

    start: int
    end: int
    kind: str

    def place(self) -> dict[str, Any]:
        return {"kind": self.kind, "char_start": self.start, "char_end": self.end}


@dataclass(frozen=True)
class Replaced:
    """A text in which each of some stretches, in order and apart from each other, stands replaced."""

    before: str
    spans: Sequence[Span]
    by: Sequence[str]

    @cached_property
    def text(self) -> str:
        ends = [0, *(span.end for span in self.spans)]
        kept = [self.before[a : span.start] for a, span in zip(ends, self.spans, strict=False)]
        return "".join(part for pair in zip(kept, self.by, strict=True) for part in pair) + self.before[ends[-1] :]

    @cached_property
    def _growth(self) -> list[int]:
        sizes = (len(new) - (span.end - span.start) for new, span in zip(self.by, self.spans, strict=True))
        return [0, *accumulate(sizes)]

    def at(self, offset: int, *, end: bool = False) -> int:
        """Where an offset is now; one within a replaced stretch goes to the edge of what stands there."""
        index = bisect_right([span.start for span in self.spans], offset - end)
        if index and offset - end < self.spans[index - 1].end:
            span = self.spans[index - 1]
            return span.end + self._growth[index] if end else span.start + self._growth[index - 1]
        return offset + self._growth[index]

    def moved(self, place: Place) -> Place:
        """What pointed to a stretch of the text before, and now points to it."""
        if place["char_start"] is None or place["char_end"] is None:
            return place
        start, end = self.at(place["char_start"]), self.at(place["char_end"], end=True)
        return {**place, "char_start": start, "char_end": max(start, end)}


def cut_out(places: Sequence[Place], start: int, end: int) -> list[Place]:
    """The places in a stretch of the text, as they lie in that stretch; those that know no characters stay."""
    found = []
    for place in places:
        a, b = place["char_start"], place["char_end"]
        if a is None or b is None:
            found.append(place)
        elif a < end and b > start:
            found.append({**place, "char_start": max(a, start) - start, "char_end": min(b, end) - start})
    return found


def pointing(rows: pa.Table) -> list[str]:
    """The columns that may point into a text."""
    return [field.name for field in rows.schema if field.type == PLACES]


def with_places(rows: pa.Table, name: str, places: Sequence[Sequence[Place] | None]) -> pa.Table:
    return set_column(rows, name, pa.array(places, PLACES))
