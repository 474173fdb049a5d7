"""Labels that models confidently disagree with: those to look at again, and whether they are more than usual."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import ALPHA, Audited, Measure, skipped
from affectory.quality.audits._beside import Beside, beside, nothing_beside, too_few
from affectory.quality.audits._chance import TIMES, Floats, Ints, generator, permutation_test, permuted, wilson
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._numbers import measure
from affectory.quality.audits._shares import percent, share
from affectory.quality.findings import Severity
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._calibration import fit_calibration
from affectory.transforms.views._grouping import coded

NAME = "label_noise"
_SHOWN = 50
_CLOSE = 1e-6
Marks = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class LabelNoise:
    """Finds samples for which models, calibrated on people, are as sure of another label as they are on average of
    samples that people give it (confident learning), while few people say so. A model may be the one that is wrong, so
    nothing is corrected. Models that agree with people no more than by chance, within a source, are not asked.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    most: Annotated[float, Field(ge=0, lt=1, description="share of such samples that is usual")] = 0.1
    odds: Annotated[float, Field(ge=1, description="so many times likelier must the other label be")] = 2.0
    known: Annotated[float, Field(gt=0, le=1, description="share of people from which the other label is known")] = 0.25
    least: Annotated[int, Field(ge=2, description="with fewer samples that both judged nothing is said")] = 30
    times: Annotated[int, Field(ge=99, description="how often chance is tried")] = TIMES
    severity: Annotated[Severity, Field(description="what follows where it accuses")] = "warns"

    def audit(self, data: AuditData) -> Audited:
        pairs = beside(data)
        if not pairs:
            return nothing_beside(NAME)
        sources = _sources(data)
        sides = [_Side.of(pairs, side, sources) for side in dict.fromkeys(pair.side for pair in pairs)]
        if not (enough := [side for side in sides if len(side.samples) >= self.least]):
            return too_few(NAME, max(len(side.samples) for side in sides), self.least)
        looked = [_Looked(side, self.flags(side.said, side.label, side.people), self._chance(side)) for side in enough]
        if not (able := [one for one in looked if one.knows]):
            return skipped(NAME, "models agree with people no more than by chance, so that their doubts say nothing")
        measures = tuple(measure for one in able for measure in self._measures(one))
        lines = sorted((line for one in able for line in one.lines(data.taxonomy)), key=_worst)
        rows = tuple(dict.fromkeys(line["sample_id"] for line in lines))
        return Audited(NAME, _says(able), measures, rows, len(rows), tuple(lines[:_SHOWN]))

    def flags(self, said: Floats, label: Ints, people: Floats) -> Ints:
        """Of each sample the label that models are sure of instead, -1 where they are of none."""
        rows, labels = np.arange(len(said)), said.shape[1]
        given = np.eye(labels, dtype=bool)[label]
        counts = np.bincount(label, minlength=labels)
        usual = np.where(given, said, 0.0).sum(axis=0) / np.maximum(counts, 1)
        own = said[rows, label]
        sure = (said >= usual) & (counts > 0) & ~given & (said >= self.odds * own[:, None]) & (people < self.known)
        other = np.where(sure, said, -1.0).argmax(axis=1)
        flagged = sure[rows, other] & (own < usual[label])
        return np.where(flagged, other, -1).astype(np.int64)

    def _chance(self, side: "_Side") -> tuple[float, float]:
        """How often models agree with permuted labels as much, and of what share they are then sure instead."""
        random, rows = generator(NAME, "chance", side.name), np.arange(len(side.label))
        agrees, shares = np.empty(self.times), np.empty(self.times)
        for time in range(self.times):
            order = permuted(rows, side.source, random)
            agrees[time] = side.said[rows, side.label[order]].mean()
            shares[time] = (self.flags(side.said, side.label[order], side.people[order]) >= 0).mean()
        observed = side.said[rows, side.label].mean()
        return float((1 + np.count_nonzero(agrees >= observed - 1e-12)) / (1 + self.times)), float(shares.mean())

    def _measures(self, one: "_Looked") -> Iterator[Measure]:
        flagged, side = one.other >= 0, one.side
        what = f"{side.name}: models are sure of another label"
        yield share(what, int(flagged.sum()), len(flagged), self.most)
        if (found := _worst_source(side, flagged, self.least, self.times)) is not None:
            name, inside, outside, of, p = found
            large = inside / of - outside > self.most
            yield measure(f"{what}, in {name}", inside / of, wilson(inside, of), p, large)


@dataclass(frozen=True)
class _Side:
    """Samples, and whose feeling, on which most people agree: what calibrated models say, and what people do."""

    name: str
    samples: Sequence[str]
    said: Floats
    people: Floats
    label: Ints
    sources: Sequence[str]
    source: Ints

    @classmethod
    def of(cls, pairs: Sequence[Beside], name: str, sources: Mapping[str, str]) -> "_Side":
        mine = [pair for pair in pairs if pair.side == name]
        items, place = coded(pa.array([item for pair in mine for item in pair.item], pa.string()))
        said = np.concatenate([np.nan_to_num(fit_calibration(p.said, p.people).apply(p.said)) for p in mine])
        several = np.bincount(place, minlength=len(items))[:, None]
        mean = np.stack([np.bincount(place, column, len(items)) for column in said.T], axis=1) / several
        first = np.zeros(len(items), np.int64)
        first[place[::-1]] = np.arange(len(place))[::-1]
        people = np.nan_to_num(np.concatenate([pair.shares for pair in mine])[first])
        ordered = np.sort(people, axis=1)
        clear = ordered[:, -1] > (ordered[:, -2] if people.shape[1] > 1 else 0.0) + _CLOSE
        samples = [item.partition("\x1f")[0] for item in items.filter(pa.array(clear)).to_pylist()]
        names, source = coded(pa.array([sources.get(sample, "") for sample in samples], pa.string()))
        return cls(name, samples, mean[clear], people[clear], people[clear].argmax(axis=1), names.to_pylist(), source)


@dataclass(frozen=True)
class _Looked:
    """A side, which label models are sure of instead of people's (-1: none), and what chance gives."""

    side: _Side
    other: Ints
    chance: tuple[float, float]

    @property
    def knows(self) -> bool:
        return self.chance[0] <= ALPHA

    def lines(self, taxonomy: Taxonomy) -> Iterator[dict[str, Any]]:
        side = self.side
        for row in np.flatnonzero(self.other >= 0):
            label, other = int(side.label[row]), int(self.other[row])
            yield {
                "sample_id": side.samples[row],
                "perspective": side.name,
                "source": side.sources[side.source[row]],
                "people_say": taxonomy.labels[label],
                "people": round(float(side.people[row, label]), 4),
                "models_say": taxonomy.labels[other],
                "models": round(float(side.said[row, other]), 4),
                "models_of_people": round(float(side.said[row, label]), 4),
            }


def _worst(line: Mapping[str, Any]) -> tuple[float, str]:
    return line["models_of_people"] - line["models"], line["sample_id"]


def _sources(data: AuditData) -> Mapping[str, str]:
    rows = data.sampled("samples", ["source"])
    return dict(zip(rows["sample_id"].to_pylist(), rows["source"].to_pylist(), strict=True))


def _worst_source(side: _Side, flagged: Marks, least: int, times: int) -> tuple[str, int, float, int, float] | None:
    """The source with most for its labels: its name, how many, the share elsewhere, of how many, and the chance that
    any source has as many more than others."""
    sizes = np.bincount(side.source, minlength=len(side.sources))
    able = np.flatnonzero(sizes >= least)
    if len(able) < 2 or not flagged.any():
        return None
    rate = flagged.mean()
    spread = np.sqrt(sizes[able] * rate * (1 - rate)) + _CLOSE

    def beyond(marks: Ints) -> Floats:
        return np.asarray((np.bincount(side.source, marks, len(sizes))[able] - sizes[able] * rate) / spread)

    marks = flagged.astype(np.int64)
    p = permutation_test(lambda x: float(beyond(x).max()), marks, side.label, NAME, "source", side.name, times=times)[2]
    worst = int(able[beyond(marks).argmax()])
    inside, of = int(marks[side.source == worst].sum()), int(sizes[worst])
    outside = (int(marks.sum()) - inside) / (len(marks) - of)
    return side.sources[worst], inside, outside, of, p


def _says(found: Sequence[_Looked]) -> str:
    told = []
    for one in found:
        of, flagged = len(one.other), int((one.other >= 0).sum())
        told.append(
            f"of {of} samples ({one.side.name}) models are sure of another label than people for {flagged} "
            f"({percent(flagged / of)}; if labels were dealt at random, {percent(one.chance[1])})"
        )
    return "; ".join(told) + "; it may be the models that are wrong: look at the rows, the surest first"
