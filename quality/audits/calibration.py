"""Whether models that judge are as sure as they are right, people being who says what is right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import Audited, Measure
from affectory.quality.audits._beside import Beside, beside, nothing_beside, too_few
from affectory.quality.audits._chance import TIMES, Floats, Ints, generator
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._numbers import measure
from affectory.quality.audits._shares import interval, rounded
from affectory.quality.calibration import ece, first_choice, reliability
from affectory.quality.findings import Severity
from affectory.transforms.base import STRICT
from affectory.transforms.views._grouping import coded

NAME = "calibration"
_BINS = 10
_MOST = 20_000
"""More samples tell no more of a model, and take longer."""
_VOTERS = 25
_DRAWS = 200
_SURE, _WRONG, _ALIKE = 0.9, 0.1, 0.005


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Compares the confidence of each model's first choice with the share of people who agree with it, for each
    perspective. Confidences that are people's shares give an error by chance too: of so few people no share is exact.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    most: Annotated[float, Field(ge=0, le=1, description="calibration error (ECE) that does no harm")] = 0.1
    least: Annotated[int, Field(ge=2, description="with fewer samples that both judged nothing is said")] = 30
    times: Annotated[int, Field(ge=99, description="how often chance is tried")] = TIMES
    severity: Annotated[Severity, Field(description="what follows where it accuses")] = "warns"

    def audit(self, data: AuditData) -> Audited:
        pairs = beside(data)
        if not pairs:
            return nothing_beside(NAME)
        records = _records(data)
        enough = [_Compared.of(pair, records) for pair in pairs if len(pair.item) >= self.least]
        if not enough:
            return too_few(NAME, max(len(pair.item) for pair in pairs), self.least)
        measures = [measure for one in enough for measure in self._measures(one)]
        wrong = sorted((-worst, sample) for one in enough for sample, worst in one.wrong().items())
        rows = tuple(dict.fromkeys(sample for _, sample in wrong))
        table = tuple(line for one in enough for line in one.lines())
        return Audited(NAME, _says(enough), tuple(measures), rows, len(rows), table)

    def _measures(self, one: "_Compared") -> Iterator[Measure]:
        found, drawn = one.error(), one.drawn()
        between = interval(np.abs(drawn).sum(axis=1))
        by_chance = one.by_chance(self.times)
        p = float((1 + np.count_nonzero(by_chance >= found - 1e-12)) / (1 + self.times))
        beyond = found - float(by_chance.mean())
        yield measure(f"{one.title}: calibration error", found, between, p, beyond > self.most)
        yield measure(f"{one.title}: confidence above agreement", one.excess(), interval(drawn.sum(axis=1)))


@dataclass(frozen=True)
class _Compared:
    """A model's first choices: how sure it is, which share of how many people agree, and from which record it is."""

    name: tuple[str, str]
    samples: tuple[str, ...]
    confidence: Floats
    agreed: Floats
    voters: Ints
    record: Ints

    @classmethod
    def of(cls, pair: Beside, records: Mapping[str, str]) -> "_Compared":
        used = np.arange(min(len(pair.item), _MOST)) * len(pair.item) // min(len(pair.item), _MOST)
        confidence, agreed = first_choice(np.nan_to_num(pair.said[used]), np.nan_to_num(pair.shares[used]))
        samples = tuple(pair.samples.take(pa.array(used)).to_pylist())
        record = coded(pa.array([records.get(sample, sample) for sample in samples], pa.string()))[1]
        voters = np.clip(np.round(pair.voters[used]), 1, _VOTERS).astype(np.int64)
        return cls((pair.side, pair.model), samples, confidence, agreed, voters, record)

    @property
    def title(self) -> str:
        return f"{self.name[1]}, {self.name[0]}"

    def error(self) -> float:
        return ece(self.confidence, self.agreed, _BINS)

    def excess(self) -> float:
        return float(self.confidence.mean() - self.agreed.mean())

    @cached_property
    def _bins(self) -> Ints:
        return np.clip(np.floor(self.confidence * _BINS + 1e-6), 0, _BINS - 1).astype(np.int64)

    def drawn(self) -> Floats:
        """Of as many records drawn again and again how far confidence is above agreement, a column for each bin."""
        records = int(self.record.max()) + 1
        gaps = np.bincount(self.record * _BINS + self._bins, self.confidence - self.agreed, records * _BINS)
        times = generator(NAME, "drawn", *self.name).multinomial(records, np.full(records, 1 / records), _DRAWS)
        counts = times @ np.bincount(self.record, minlength=records).astype(np.float64)
        return np.asarray(times @ gaps.reshape(records, _BINS) / counts[:, None])

    def by_chance(self, times: int) -> Floats:
        """Errors of a model that is right as often as it says. Samples of one record are right or wrong together,
        which is the most that they can have in common."""
        random, records = generator(NAME, "chance", *self.name), int(self.record.max()) + 1
        found = np.empty(times)
        for time in range(times):
            right = np.zeros(len(self.confidence))
            for voter in range(int(self.voters.max())):
                agrees = random.random(records)[self.record] < self.confidence
                right += agrees & (voter < self.voters)
            gaps = np.bincount(self._bins, self.confidence - right / self.voters, _BINS)
            found[time] = np.abs(gaps).sum() / len(right)
        return found

    def wrong(self) -> dict[str, float]:
        """Samples of which the model is sure of what hardly anybody says."""
        places = np.flatnonzero((self.confidence >= _SURE) & (self.agreed <= _WRONG))
        return {self.samples[place]: float(self.confidence[place] - self.agreed[place]) for place in places}

    def lines(self) -> Iterator[dict[str, Any]]:
        """The bins of a reliability diagram."""
        for row in reliability(self.confidence, self.agreed, _BINS).to_pylist():
            if row["count"]:
                yield {"perspective": self.name[0], "model": self.name[1], **rounded(row)}


def _records(data: AuditData) -> Mapping[str, str]:
    rows = data.sampled("samples", ["anchor"])
    records = pc.struct_field(rows["anchor"], "record")
    return dict(zip(rows["sample_id"].to_pylist(), records.to_pylist(), strict=True))


def _says(found: list[_Compared]) -> str:
    worst = max(found, key=lambda one: (one.error(), one.name))
    sure, right = float(worst.confidence.mean()), float(worst.agreed.mean())
    more = "surer than" if sure > right else "less sure than"
    how = "as sure as" if abs(sure - right) < _ALIKE else more
    return (
        f"{worst.title} is {how} it is right: confident {sure:.2f} on average where {right:.2f} of people agree, "
        f"with a calibration error of {worst.error():.3f} over {len(worst.samples)} samples"
    )
