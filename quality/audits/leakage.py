"""What crosses splits: people, records, dialogues, files and words that a model would know from training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import Audited, Measure, skipped
from affectory.quality.audits._chance import Ints
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._numbers import measure, share
from affectory.quality.audits._partners import Partners, Shared, components, nearly_same, partners
from affectory.quality.audits._sharing import Samples
from affectory.quality.findings import SHOWN, Severity
from affectory.schemas.recipe.publishing import Group
from affectory.transforms.base import STRICT

_HARMLESS = "short text"
"""That two people say "Yes." is no leak."""


@dataclass(frozen=True, kw_only=True)
class Leakage:
    """Held-out samples that have something in common with training samples, and which that are."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    severity: Annotated[Severity, Field(description="what follows where something crosses that was not to")] = "blocks"
    by: Annotated[
        tuple[Group, ...], Field(strict=False, description="what was not to cross; of the rest it is warned")
    ] = ("speaker", "source")
    near: Annotated[
        float | None,
        Field(ge=0.3, le=1, description="share of five-word stretches from which texts are nearly the same"),
    ] = 0.8
    words: Annotated[int, Field(ge=1, description="a text of fewer words may be said again by chance")] = 5

    def audit(self, data: AuditData) -> Audited:
        """Look at all samples; texts that are nearly the same are looked for among a fair share of them."""
        samples = Samples.of(data, self.words)
        if len(samples.splits) < 2:
            return skipped("leakage", "there are no two splits")
        shared = {one.kind: one for one in samples.shared()}
        found = {kind: partners(one, samples.train, samples.record) for kind, one in shared.items() if len(one.row)}
        if self.near is not None:
            found["nearly the same text"] = _nearly(data, samples, found.get("text"), self.near)
        return _Found(self, samples, shared, found).audited()


def _nearly(data: AuditData, samples: Samples, same: Partners | None, least: float) -> Partners:
    """Of those that are not exactly the same."""
    some = data.sampled("samples", ["text", "language"])
    rows = np.asarray(pc.index_in(some["sample_id"], value_set=samples.ids), np.int64)
    there = np.asarray(pc.is_valid(some["text"])) & samples.long[rows]
    texts, languages = (some[name].filter(there).combine_chunks() for name in ("text", "language"))
    near = nearly_same(texts, languages, rows[there], samples.train, samples.record, least)
    new = ~np.isin(near.row, same.row) if same else np.ones(len(near.row), bool)
    return replace(near, row=near.row[new], partner=near.partner[new])


@dataclass(frozen=True)
class _Found:
    asked: Leakage
    samples: Samples
    shared: dict[str, Shared]
    found: dict[str, Partners]

    def audited(self) -> Audited:
        order = sorted(self.found, key=lambda kind: (self._severity(kind) is not None, list(self.found).index(kind)))
        told = [kind for kind in order if kind != _HARMLESS and len(self.found[kind].row)]
        torn = np.flatnonzero(self._torn & ~self.samples.train).tolist()
        rows = list(dict.fromkeys([row for kind in told for row in self.found[kind].row.tolist()] + torn))
        measures = (*(self._measure(kind) for kind in order), *self._cut())
        table = tuple(line for kind in order for line in self._lines(self.found[kind]))
        first = tuple(self.samples.ids.take(pa.array(rows[:SHOWN], pa.int64())).to_pylist())
        return Audited("leakage", self._says(told, measures), measures, first, len(rows), table)

    def _severity(self, kind: str) -> Severity | None:
        """What was to be kept apart is as grave as the audit; of the rest it is at most warned."""
        apart = {("record" if name == "source" else name) for name in self.asked.by}
        if kind in apart or (kind == "file" and "record" in apart) or self.asked.severity == "tells":
            return None
        return "warns"

    def _measure(self, kind: str) -> Measure:
        held, hits = int((~self.samples.train).sum()), len(self.found[kind].row)
        found = share(
            f"held-out samples with {_THE[kind]} of a training sample", hits, held, hits > 0 and kind != _HARMLESS
        )
        return replace(found, severity=self._severity(kind))

    def _cut(self) -> Iterator[Measure]:
        torn = len(np.unique(self._lots[self._torn]))
        yield measure(f"lots that hang together by {self._by} and are in several splits", torn, large=torn > 0)
        yield measure("lots altogether", float(self._lots.max() + 1))
        yield measure("share of the samples in the largest lot", np.bincount(self._lots).max() / len(self._lots))

    @property
    def _by(self) -> str:
        return " and ".join(self.asked.by)

    @cached_property
    def _lots(self) -> Ints:
        """For each sample what it hangs together with, by what was not to cross."""
        apart = dict.fromkeys("record" if name == "source" else name for name in self.asked.by)
        return components(len(self.samples), [self.shared[kind] for kind in apart])

    @cached_property
    def _torn(self) -> NDArray[np.bool_]:
        """Which samples are in a lot that several splits have a part of."""
        pairs = np.unique(np.stack([self._lots, self.samples.split], axis=1), axis=0)
        found: NDArray[np.bool_] = (np.bincount(pairs[:, 0]) > 1)[self._lots]
        return found

    def _lines(self, found: Partners) -> Iterator[dict[str, Any]]:
        names, split = self.samples.splits, self.samples.split
        for row, partner in zip(found.row[:SHOWN].tolist(), found.partner[:SHOWN].tolist(), strict=True):
            sample, other = self.samples.ids.take(pa.array([row, partner])).to_pylist()
            own = {"sample": sample, "split": names[split[row]]}
            yield {"in common": found.kind, **own, "partner": other, "its split": names[split[partner]]}

    def _says(self, told: Sequence[str], measures: Sequence[Measure]) -> str:
        held = int((~self.samples.train).sum())
        lots, largest = measures[-2:]
        cut = (
            f"splits are cut from {lots.value:.0f} lots of samples that hang together by {self._by}, the largest of "
            f"which holds {largest.value:.1%}"
        )
        if not told:
            return f"none of {held} held-out samples has anything in common with {self.samples.training}; {cut}"
        parts = [f"{len(self.found[kind].row)} have {_THE[kind]}" for kind in told]
        return f"of {held} held-out samples {', '.join(parts)} of a sample in {self.samples.training}; {cut}"


_THE = {
    "speaker": "the speaker",
    "record": "the record",
    "dialogue": "the dialogue",
    "session": "the session",
    "duplicates": "the near-duplicates",
    "persona": "the persona",
    "twin": "the origin",
    "file": "a file",
    "text": "the text",
    "short text": "the short text",
    "nearly the same text": "nearly the text",
}
