"""How labels are spread: over samples, splits and sources, and which of them are rare or absent."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import Audited, Measure, skipped
from affectory.quality.audits._chance import Floats, Ints, wilson
from affectory.quality.audits._counting import Counted, counted
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._exchanging import Exchange, clusters_within, rows_within, same_within
from affectory.quality.audits._looked import MOST, Group, Looked, Most, Times, Within, clusters
from affectory.quality.audits._numbers import how_often, measure, share
from affectory.quality.findings import SHOWN, Severity
from affectory.transforms.base import STRICT

_UNITS: tuple[Group, ...] = ("speaker", "session", "dialogue", "record")


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Shares of labels with intervals; rare labels, labels that a split lacks, and splits that differ beyond chance."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    severity: Annotated[Severity, Field(description="what follows where labels are rare, absent or uneven")] = "warns"
    least: Annotated[int, Field(ge=1, description="samples of which a label must have as many")] = 30
    ratio: Annotated[float, Field(ge=1, description="how much more often one label may be than another")] = 100.0
    apart: Annotated[
        float, Field(ge=0, le=1, description="share of labels that may lie elsewhere in one split than in all")
    ] = 0.1
    within: Within = "speaker"
    most: Most = MOST
    times: Times = 999

    def audit(self, data: AuditData) -> Audited:
        """Look; all samples are counted, and splits are compared by exchanging speakers among them."""
        found = counted(data)
        if not found.total:
            return skipped("balance", "no sample has a label")
        looked = Looked.of(data, ["speaker", "dialogue", "session"], self.within, self.most)
        return _Found(self, found, looked, np.array([data.split_of[name] for name in looked.ids], str)).audited()


@dataclass(frozen=True)
class _Found:
    asked: Balance
    counted: Counted
    looked: Looked
    split: NDArray[np.str_]

    def audited(self) -> Audited:
        wanting = self._wanting
        measures = (*self._even(), self._rare(), self._absent(), *self._differing(), *self._shares())
        table = (*self._lines("split", self.counted.by_split), *self._lines("source", self.counted.by_source))
        rare = np.flatnonzero(np.isin(self.looked.label, wanting)).tolist()
        ids = self.looked.ids
        rows = [ids[at] for at in rare[:SHOWN]]
        count = int(sum(self.counted.labels[label] for label in wanting))
        return Audited("balance", self._says(measures), measures, tuple(rows), count, table)

    @cached_property
    def _wanting(self) -> list[int]:
        """Labels that are rarer than is asked for, those that are absent among them."""
        found: list[int] = np.flatnonzero(self.counted.labels < self.asked.least).tolist()
        return found

    @property
    def _names(self) -> tuple[str, ...]:
        return self.looked.labels

    def _even(self) -> Iterator[Measure]:
        counts, there = self.counted.labels, self.counted.labels > 0
        shares = counts[there] / counts.sum()
        effective = float(np.exp(-(shares * np.log(shares)).sum()))
        ratio = float(counts.max() / counts[there].min())
        yield measure(f"labels that there effectively are, of {len(counts)}", effective)
        yield measure(
            "how often the most frequent label is for each of the rarest", ratio, large=ratio > self.asked.ratio
        )

    def _rare(self) -> Measure:
        return measure(
            f"labels of fewer than {self.asked.least} samples", len(self._wanting), large=bool(self._wanting)
        )

    def _absent(self) -> Measure:
        there = self.counted.labels > 0
        absent = int(sum((there & (counts == 0)).sum() for counts in self.counted.by_split.values()))
        return measure("labels that a split lacks, over all splits", absent, large=absent > 0)

    def _differing(self) -> Iterator[Measure]:
        """Of the split whose labels differ most from all: the share that lies elsewhere, and what chance gives."""
        names, split = np.unique(self.split, return_inverse=True)
        if len(names) < 2 or self.looked.too_little:
            return
        draws = self._exchange(split).drawn(self.asked.times, "balance")
        null = np.concatenate([_unlike(split, self.looked.label[None], whose, len(self._names)) for whose in draws])
        own = np.arange(len(split))[None]
        spread = float(_unlike(split, self.looked.label[None], own, len(self._names))[0])
        apart = max(_apart(counts, self.counted.labels) for counts in self.counted.by_split.values())
        what = "share of labels that lie elsewhere in one split than in all"
        yield measure(what, apart, None, how_often(spread, null), apart > self.asked.apart)

    def _exchange(self, split: Ints) -> Exchange:
        """Splits are exchanged among whatever they were made of: the largest clusters that none of them cuts."""
        source = self.looked.source
        block = np.zeros_like(source) if same_within(split, source) else source
        for kind in _UNITS[_UNITS.index(self.asked.within) :]:
            _, cluster = clusters(self.looked.samples, kind)
            if same_within(split, cluster):
                return clusters_within(cluster, block)
        return rows_within(np.arange(len(split)), block)

    def _shares(self) -> Iterator[Measure]:
        for name, count in zip(self._names, self.counted.labels.tolist(), strict=True):
            yield share(f"share of {name}", count, self.counted.total)

    def _lines(self, what: str, counts: dict[str, Ints]) -> Iterator[dict[str, Any]]:
        for name, own in sorted(counts.items()):
            for label, count in zip(self._names, own.tolist(), strict=True):
                low, high = wilson(count, own.sum())
                figures = {"share": count / max(1, own.sum()), "low": low, "high": high}
                rounded = {key: round(float(value), 4) for key, value in figures.items()}
                yield {"of": f"{what} {name}", "label": label, "samples": count, **rounded}

    def _says(self, measures: tuple[Measure, ...]) -> str:
        counts = self.counted.labels
        most, effective = int(counts.argmax()), measures[0].value
        rare = ", ".join(f"{self._names[at]} ({counts[at]})" for at in self._wanting[:5])
        rarer = f"; fewer than {self.asked.least} samples have {rare}" if rare else ""
        more = f" and {len(self._wanting) - 5} labels more" if len(self._wanting) > 5 else ""
        absent = f"; splits lack {measures[3].value:.0f} labels that there are" if measures[3].value else ""
        return (
            f"{counts[most] / counts.sum():.1%} of {self.counted.total} labels are {self._names[most]}; there are "
            f"effectively {effective:.1f} of {len(counts)}{rarer}{more}{absent}"
        )


def _apart(some: Ints, every: Ints) -> float:
    """The total variation between two sets of labels."""
    return float(np.abs(some / max(1, some.sum()) - every / every.sum()).sum() / 2) if some.sum() else 0.0


def _unlike(split: Ints, label: Ints, whose: NDArray[np.int64], classes: int) -> Floats:
    """How unlike the labels of splits are, where samples are given the splits of others (chi squared)."""
    splits = int(split.max()) + 1
    at = (split[whose] * classes + label) + np.arange(len(whose))[:, None] * splits * classes
    found = np.bincount(at.ravel(), minlength=len(whose) * splits * classes).reshape(-1, splits, classes)
    expected = found.sum(axis=2, keepdims=True) * found.sum(axis=1, keepdims=True) / len(split)
    return np.asarray(((found - expected) ** 2 / (expected + 1)).sum(axis=(1, 2)))
