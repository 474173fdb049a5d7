"""Spans that raters pointed at, brought together as RECCON does: causes of an emotion in the turns of a dialogue.

Spans of one turn (or stretches of time) that overlap are united where enough raters pointed there. What fewer pointed
at, an adjudicator decides, and the shortest of the spans in question is taken. Where nobody decides, the place is left
out and the state says so. A turn that is pointed at as a whole counts as one place.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import PLACES
from affectory.transforms.base import STRICT
from affectory.transforms.views._evidence import TEXT, TIME, Pointed, groups_that_pointed, pointed_by_group
from affectory.transforms.views._grouping import Floats, grouped
from affectory.transforms.views._rows import label_rows, lists

_NOWHERE = "nothing that was pointed at is a stretch"


class _Place(NamedTuple):
    """A place that the rule found, and how many raters pointed there."""

    target: tuple[str, str, str]
    start: int
    end: int
    backed: int


@dataclass(frozen=True)
class SpanUnion:
    """The places on which raters agree; each value is the share of raters who pointed there."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    least: Annotated[int, Field(ge=1, description="how many raters must point at a place")] = 2
    overlap: Annotated[
        float, Field(ge=0, le=1, description="what share of the shorter span two must share to be one place; 0: any")
    ] = 0.0

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`; of each place, `names` has the record in which it lies, empty for the one judged."""
        groups = groups_that_pointed(grouped(opinions))
        raters = groups.opinions.column("rater").to_pylist()
        found: list[list[_Place]] = []
        states, values = [], []
        for rows, spans in pointed_by_group(groups):
            places, undecided = self._settled(spans)
            asked = len({raters[row] for row in rows.tolist()})
            found.append(places)
            values.append(np.array([place.backed / asked for place in places], np.float64))
            states.append(self._told(undecided) if spans else _NOWHERE)
        more: dict[str, Any] = {
            "names": [[place.target[0] for place in places] for places in found],
            "places": pa.array([_rows(*pair) for pair in zip(found, values, strict=True)], PLACES),
            "state": states,
        }
        return label_rows(self, groups, taxonomy.name, "multi-label", lists(values), **more)

    def _settled(self, spans: Sequence[Pointed]) -> tuple[list[_Place], int]:
        """The places on which raters agree, in order, and how many are left undecided."""
        by_target = sorted(spans, key=lambda span: (span.target, span.start, span.end, span.rater))
        parts = [list(part) for _, part in groupby(by_target, key=lambda span: span.target)]
        is_judged = any(span.decides for span in spans)
        found = [place for part in parts for place in self._places(part)]
        kept = sorted(place for place in found if place.backed)
        best = {place[:3]: place for place in kept}  # what an adjudicator chose of two places is one; the better backed
        return list(best.values()), 0 if is_judged else len(found) - len(kept)

    def _places(self, spans: list[Pointed]) -> Iterator[_Place]:
        """The places of one target; `backed` is 0 of one that is not settled."""
        last_words = [span for span in spans if span.decides]
        used = set[int]()
        for one in united([span for span in spans if not span.decides], self.overlap):
            raters = {span.rater for span in one}
            deciding = [i for i, word in enumerate(last_words) if any(overlaps(word, s, self.overlap) for s in one)]
            used.update(deciding)
            backed = len(raters | {last_words[i].rater for i in deciding})
            if len(raters) >= self.least:
                yield _Place(one[0].target, min(s.start for s in one), max(s.end for s in one), backed)
            elif deciding:
                best = _shortest([*one, *(last_words[i] for i in deciding)])
                yield _Place(best.target, best.start, best.end, backed)
            else:
                yield _Place(one[0].target, one[0].start, one[0].end, 0)
        alone = [word for i, word in enumerate(last_words) if i not in used]
        for word in map(_shortest, united(alone, self.overlap)):
            yield _Place(word.target, word.start, word.end, 1)

    def _told(self, undecided: int) -> str | None:
        if not undecided:
            return None
        places = f"{undecided} place{'s' if undecided > 1 else ''}"
        return f"{places} undecided: fewer than {self.least} raters point there, and no adjudicator decides"


def overlaps(one: Pointed, other: Pointed, least: float) -> bool:
    """Whether two stretches share more than nothing, and of the shorter at least so much."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared > 0 and shared >= least * min(one.end - one.start, other.end - other.start)


def united(spans: Iterable[Pointed], least: float) -> list[list[Pointed]]:
    """Stretches that overlap, directly or through others, together."""
    found: list[list[Pointed]] = []
    for span in spans:
        near = [part for part in found if any(overlaps(span, other, least) for other in part)]
        found = [part for part in found if part not in near] + [[*(s for part in near for s in part), span]]
    return found


def _shortest(spans: Sequence[Pointed]) -> Pointed:
    return min(spans, key=lambda span: (span.end - span.start, span.start, span.rater))


def _rows(places: Sequence[_Place], shares: Floats) -> list[dict[str, Any]]:
    return [_row(place, share) for place, share in zip(places, shares.tolist(), strict=True)]


def _row(place: _Place, score: float) -> dict[str, Any]:
    _, kind, measure = place.target
    ends = {TEXT: ("char_start", "char_end"), TIME: ("start_us", "end_us")}.get(measure, ())
    return {"kind": kind, "score": score, **dict(zip(ends, (place.start, place.end), strict=False))}
