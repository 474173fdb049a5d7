"""Which single field, or what an interviewer says alone, tells labels that it should not tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import ALPHA, Audited, Measure, skipped
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._fields import COLUMNS, interviews, known
from affectory.quality.audits._looked import MOST, Looked, Most, Times, Within
from affectory.quality.audits._numbers import measure
from affectory.quality.audits._trying import Tried, by_chance, try_fields, try_words
from affectory.quality.findings import SHOWN, Severity
from affectory.transforms.base import STRICT

Names = Annotated[tuple[str, ...], Field(strict=False)]
_TWICE = 2.0
"""A field gives a label away where it makes it so much more likely than it is by itself."""


@dataclass(frozen=True, kw_only=True)
class Shortcuts:
    """Each field by itself foretells labels of clusters that were not learnt from; those that can are told."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    severity: Annotated[Severity, Field(description="what follows where a field tells too much")] = "warns"
    told: Annotated[
        float, Field(ge=0, le=1, description="share of what there is to know of labels that one field may tell")
    ] = 0.02
    interviewer: Annotated[
        str | None,
        Field(description="pseudonym, or `role` (of a speaker, or in extra), whose words alone should tell nothing"),
    ] = None
    notes: Annotated[Names, Field(description="notes that should tell nothing: [loudness]")] = ()
    leave: Annotated[Names, Field(description="fields that may tell what they like: [extra.topic]")] = ()
    within: Within = "speaker"
    most: Most = MOST
    times: Times = 999

    def audit(self, data: AuditData) -> Audited:
        """Look; what is the same for a whole cluster is exchanged with other clusters, the rest within its own."""
        looked = Looked.of(data, COLUMNS, self.within, self.most)
        if looked.too_little:
            return skipped("shortcuts", looked.too_little)
        tried = try_fields(looked, known(data, looked, self.notes, self.leave), self.times)
        tried += _interviewer(data, looked, self.interviewer, self.times) if self.interviewer else ()
        return _audited(tried, self.told) if tried else skipped("shortcuts", "samples have no field that differs")


def _interviewer(data: AuditData, looked: Looked, who: str, times: int) -> Iterator[Tried]:
    """What the interviewer says in each dialogue, and the label that most samples of the others there have."""
    found = list(interviews(data, looked, who))
    labels = [int(np.bincount(looked.label[rows]).argmax()) for _, _, rows in found]
    rows = np.array([rows[0] for _, _, rows in found], np.int64)
    talks = replace(looked.at(rows), label=np.array(labels, np.int64)).apart(tuple(name for name, _, _ in found))
    if not talks.too_little:
        yield try_words(f"what {who} says", talks, [said for _, said, _ in found], times)


def _audited(tried: Sequence[Tried], told: float) -> Audited:
    chance = by_chance(tried)
    order = sorted(range(len(tried)), key=lambda at: (chance[at] > ALPHA, -round(tried[at].foretold.gain, 6), at))
    lines = tuple(_line(tried[at], chance[at]) for at in order)
    first, p = tried[order[0]], chance[order[0]]
    by_itself = measure(
        f"of what there is to know of a label, told by {first.name}",
        first.foretold.gain, first.foretold.gain_interval(first.name), p, first.foretold.gain > told,
    )  # fmt: skip
    guilty = [tried[at] for at in order if chance[at] <= ALPHA and tried[at].foretold.gain > told]
    rows = _rows(guilty[0]) if guilty else []
    measures = (by_itself, *_further(first))
    return Audited("shortcuts", _says(guilty, first, p, len(tried)), measures, tuple(rows[:SHOWN]), len(rows), lines)


def _further(first: Tried) -> Iterator[Measure]:
    foretold, name = first.foretold, first.name
    yield measure(f"labels foretold rightly by {name}", foretold.accuracy)
    yield measure("the same by the most frequent label alone", foretold.base)
    yield measure("mean over labels of those foretold rightly", foretold.balanced)


def _line(one: Tried, p: float) -> dict[str, Any]:
    low, high = one.foretold.gain_interval(one.name)
    figures = {"told": one.foretold.gain, "low": low, "high": high, "right": one.foretold.accuracy}
    rounded = {name: round(float(value), 4) for name, value in figures.items()}
    return {"field": one.name, **rounded, "without": round(one.foretold.base, 4), "p": p, "most telling": one.telling}


def _rows(one: Tried) -> list[str]:
    """Samples whose own label the field gives away, the plainest first."""
    looked, own = one.foretold.looked, one.foretold.of_own
    base = one.foretold.prior[np.arange(len(looked)), looked.label]
    given = np.flatnonzero(own >= _TWICE * base)
    ids = looked.ids
    return [ids[at] for at in given[np.lexsort([given, -own[given].round(6)])].tolist()]


def _says(guilty: Sequence[Tried], first: Tried, p: float, count: int) -> str:
    if not guilty:
        return (
            f"none of {count} fields tells more of a label than it may and than chance; {first.name}, which comes "
            f"closest, tells {max(0.0, first.foretold.gain):.1%} of what there is to know (p {p:.3f})"
        )
    told = "; ".join(f"{one.name} tells {one.foretold.gain:.1%} ({one.telling})" for one in guilty[:3])
    more = f"; and {len(guilty) - 3} more" if len(guilty) > 3 else ""
    return f"of what there is to know of a label, one field alone tells more than it should: {told}{more}"
