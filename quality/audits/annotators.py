"""Raters who may not have looked: runs of one answer, too little time, answers that do not hold, copied answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import Audited, Measure, skipped
from affectory.quality.audits._beside import OPINION
from affectory.quality.audits._chance import wilson
from affectory.quality.audits._copying import copied
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._numbers import measure
from affectory.quality.audits._shares import rounded
from affectory.quality.audits._suspects import COPYING, Judgements, Suspect
from affectory.quality.findings import Severity
from affectory.transforms.base import STRICT
from affectory.transforms.views._judged import judged

NAME = "annotators"
_NEAREST = 3
_WORD = r"\S+"


@dataclass(frozen=True, kw_only=True)
class Annotators:
    """Looks for raters who judge without looking. That somebody disagrees with others is never held against them, nor
    that two share a view that others do not have. It weighs nobody down: it names whom to talk to.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    runs: Annotated[float, Field(ge=0, le=1, description="share of judgements in too long runs of one answer")] = 0.2
    hasty: Annotated[float, Field(ge=0, le=1, description="share of judgements that may be too fast")] = 0.1
    faster: Annotated[float, Field(gt=1, description="so many times faster than others or usual is too fast")] = 5.0
    unlike: Annotated[float, Field(ge=0, le=1, description="how far repeats may differ, of what chance gives")] = 0.7
    alike: Annotated[
        float, Field(gt=0, le=1, description="share of what cannot be foretold that a pair may have in common")
    ] = 0.6
    shared: Annotated[int, Field(ge=5, description="samples in common from which a pair is compared")] = 20
    severity: Annotated[Severity, Field(description="what follows where it accuses")] = "warns"

    def audit(self, data: AuditData) -> Audited:
        judgements = Judgements.of(judged(data.sampled("opinions", OPINION), data.taxonomy))
        if not judgements.raters:
            return skipped(NAME, "no judgement is known to be one person's")
        found = [x for x in self._suspects(judgements, data) if x]
        if not found:
            told = "neither times, nor repeats, nor raters with eight judgements or twenty in common with another"
            return skipped(NAME, f"there is nothing to look at: {told}")
        measures = tuple(_measure(suspects) for suspects in found)
        order = [(suspect, len(suspects)) for suspects in found for suspect in _first(suspects)]
        accused = sorted((one.p * among, one.raters) for one, among in order if one.accused(among))
        rows = tuple(dict.fromkeys(name for _, names in accused for name in names))
        lines = tuple(rounded(suspect.line(among)) for suspect, among in order)
        return Audited(NAME, _says(len(judgements.raters), found, rows), measures, rows, len(rows), lines)

    def _suspects(self, judgements: Judgements, data: AuditData) -> Sequence[list[Suspect]]:
        words, seconds = _lengths(data)
        return (
            judgements.in_runs(self.runs),
            judgements.too_fast(words, seconds, self.hasty, self.faster),
            judgements.again(self.unlike),
            copied(judgements, self.alike, self.shared),
        )


def _lengths(data: AuditData) -> tuple[Mapping[str, int], Mapping[str, float]]:
    """Of each sample how many words its text has, and how long it lasts in its record."""
    rows = data.sampled("samples", ["text", "anchor"])
    ids = rows["sample_id"].to_pylist()
    words = pc.fill_null(pc.count_substring_regex(rows["text"], _WORD), 0).to_pylist()
    start, end = (pc.struct_field(rows["anchor"], name) for name in ("start_us", "end_us"))
    lasts = pc.divide(pc.fill_null(pc.subtract(end, pc.fill_null(start, 0)), 0).cast(pa.float64()), 1e6)
    return dict(zip(ids, words, strict=True)), dict(zip(ids, lasts.to_pylist(), strict=True))


def _first(suspects: Sequence[Suspect]) -> list[Suspect]:
    """All that are accused, and a few that come nearest to it."""
    order = sorted(suspects, key=lambda one: (one.p, -one.value, one.raters))
    accused = [one for one in order if one.accused(len(suspects))]
    rest = [one for one in order if not one.accused(len(suspects))]
    return [*accused, *rest[:_NEAREST]]


def _measure(suspects: Sequence[Suspect]) -> Measure:
    """The one against whom most speaks, with p of there being any such among all."""
    worst = _first(suspects)[0]
    who = "pairs" if worst.kind == COPYING else "raters"
    p = min(1.0, worst.p * len(suspects))
    what = f"{worst.kind}: the most of {len(suspects)} {who}"
    return measure(what, worst.value, wilson(worst.value * worst.of, worst.of), p, worst.large)


def _says(raters: int, found: Sequence[Sequence[Suspect]], rows: Sequence[str]) -> str:
    looked = "; ".join(f"{suspects[0].kind}: {_of(suspects)}" for suspects in found)
    told = f"{len(rows)} of {raters} raters may not have looked" if rows else f"nothing speaks against {raters} raters"
    return f"{told} ({looked}); that somebody sees things otherwise than others do does not count"


def _of(suspects: Sequence[Suspect]) -> str:
    accused = sum(one.accused(len(suspects)) for one in suspects)
    return f"{accused} of {len(suspects)} {'pairs' if suspects[0].kind == COPYING else 'raters'}"
