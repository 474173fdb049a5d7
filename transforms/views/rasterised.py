"""Stretches of time that raters marked, as labels of frames: BAH's way from segments to frames.

A frame is a moment, number / `fps` seconds into the record in whole microseconds, and is marked where that lies in a
stretch: from its beginning on, before its end. Frames are listed from the first that anybody marked to the last; all
others are unmarked.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import PLACES
from affectory.transforms.base import STRICT
from affectory.transforms.views._evidence import TIME, Pointed, groups_that_pointed, pointed_by_group
from affectory.transforms.views._grouping import Floats, Ints, grouped
from affectory.transforms.views._rows import label_rows, lists
from affectory.transforms.views._traces import LONGEST, SECOND_US

_TOO_LONG, _TOO_SHORT = (
    "times too far apart to be of one recording",
    "a stretch that lies between two frames is on none",
)


class _Frames(NamedTuple):
    """The frames of one kind of stretch, from the first number on."""

    kind: str
    first: int
    shares: Floats
    state: str | None = None


@dataclass(frozen=True)
class Rasterised:
    """Of each frame the share of raters who marked it, or whether enough did."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    fps: Annotated[float, Field(ge=0.01, le=1000, description="frames a second; 29.97 and the like are exact")] = 25.0
    least: Annotated[
        Annotated[int, Field(ge=1)] | None, Field(description="1 where so many raters marked it, else 0; null: shares")
    ] = None

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`; `names` has the kind of stretch of each value, `places` the marked frames as stretches."""
        groups = groups_that_pointed(grouped(opinions))
        raters = groups.opinions.column("rater").to_pylist()
        asked, marked = [], []
        for rows, spans in pointed_by_group(groups):
            asked.append(len({raters[row] for row in rows.tolist()}))
            marked.append([span for span in spans if span.measure == TIME and not span.record])
        groups = groups.only(np.array([bool(spans) for spans in marked], bool)[groups.group])
        found = [self._kinds(spans, count) for spans, count in zip(marked, asked, strict=True) if spans]
        more: dict[str, Any] = {
            "names": [[f.kind for f in kinds for _ in f.shares] for kinds in found],
            "times_us": [np.concatenate([self.times(f.first, len(f.shares)) for f in kinds]) for kinds in found],
            "places": pa.array([[place for f in kinds for place in self._places(f)] for kinds in found], PLACES),
            "state": [next((f.state for f in kinds if f.state), None) for kinds in found],
        }
        values = lists([np.concatenate([f.shares for f in kinds]) for kinds in found])
        return label_rows(self, groups, taxonomy.name, "multi-label", values, **more)

    def _kinds(self, spans: list[Pointed], raters: int) -> list[_Frames]:
        kinds = sorted({span.kind for span in spans})
        return [self._frames(kind, [s for s in spans if s.kind == kind], raters) for kind in kinds]

    def _frames(self, kind: str, spans: list[Pointed], raters: int) -> _Frames:
        all_marks = [(span.rater, self.frame(span.start), self.frame(span.end)) for span in spans]
        marks = [mark for mark in all_marks if mark[1] < mark[2]]
        first, last = min((m[1] for m in marks), default=0), max((m[2] for m in marks), default=0)
        if last - first > LONGEST:
            return _Frames(kind, first, np.zeros(0), _TOO_LONG)
        counts = np.zeros(last - first)
        for rater in sorted({m[0] for m in marks}):
            counts += _marked([(m[1] - first, m[2] - first) for m in marks if m[0] == rater], last - first)
        shares = counts / raters if self.least is None else (counts >= self.least).astype(np.float64)
        return _Frames(kind, first, shares, _TOO_SHORT if len(marks) < len(all_marks) else None)

    def _places(self, frames: _Frames) -> list[dict[str, Any]]:
        """Runs of marked frames, as stretches from the first one's moment to that of the frame after the last."""
        marked = np.concatenate([[False], frames.shares > 0, [False]])
        starts, ends = (np.flatnonzero(marked[1:] & ~marked[:-1]), np.flatnonzero(marked[:-1] & ~marked[1:]))
        times = self.times(frames.first, len(frames.shares) + 1).tolist()
        return [
            {"kind": frames.kind, "start_us": times[a], "end_us": times[b], "score": float(frames.shares[a:b].mean())}
            for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    @property
    def _rate(self) -> Fraction:
        return Fraction(self.fps).limit_denominator(1001)

    def frame(self, at_us: int) -> int:
        """The number of the first frame at or after a time."""
        rate = self._rate
        return -((1 - 2 * at_us) * rate.numerator // (2 * SECOND_US * rate.denominator))

    def times(self, first: int, count: int) -> Ints:
        """The times of so many frames, to the nearest microsecond."""
        rate = self._rate
        turns, rest = np.divmod(first + np.arange(count, dtype=np.int64), rate.numerator)  # else a product overflows
        step = SECOND_US * rate.denominator
        return np.asarray(turns * step + (2 * rest * step + rate.numerator) // (2 * rate.numerator))


def _marked(stretches: list[tuple[int, int]], frames: int) -> Floats:
    """1 for each frame that lies in a stretch, however many it lies in."""
    steps = np.zeros(frames + 1)
    for first, last in stretches:
        steps[first] += 1
        steps[last] -= 1
    return (np.cumsum(steps[:-1]) > 0).astype(np.float64)
