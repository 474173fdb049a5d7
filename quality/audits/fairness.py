"""Whether groups of speakers get other labels, or are agreed on less, than the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.quality.audits._audited import ALPHA, Audited, Measure, skipped
from affectory.quality.audits._beside import OPINION
from affectory.quality.audits._chance import TIMES, Floats, Ints, wilson
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._numbers import measure
from affectory.quality.audits._shares import interval, percent, rounded
from affectory.quality.audits._slices import Units, units_of
from affectory.quality.findings import Severity
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import votes
from affectory.transforms.views._grouping import coded
from affectory.transforms.views._tally import answered

NAME = "fairness"
AGREEMENT = "agreement"
_EXTRA = "extra."


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """Compares the share of each label, and how far raters agree, between groups of speakers: by what speakers
    declared, by further columns (`extra.NAME`) or by `language`. Groups that are too small are marked as such, and
    neither accused nor ranked. A gap may lie in the world and not in the raters: it says where to look.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    by: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(strict=False, description="facts that speakers declared, extra.NAME, language; else all declared ones"),
    ] = ()
    apart: Annotated[float, Field(ge=0, le=1, description="gap from which it matters")] = 0.1
    least_speakers: Annotated[int, Field(ge=2, description="with fewer speakers a group is too small")] = 5
    least_samples: Annotated[int, Field(ge=2, description="with fewer samples a group is too small")] = 30
    times: Annotated[int, Field(ge=99, description="how often chance is tried")] = TIMES
    severity: Annotated[Severity, Field(description="what follows where it accuses")] = "warns"

    def audit(self, data: AuditData) -> Audited:
        world = _World(data)
        names = self.by or world.declared
        if not names:
            return skipped(NAME, "no speaker declared anything, and the audit names no column (`by`)")
        slices = [_Slice.of(name, world, self) for name in names]
        lines = tuple(line for one in slices for line in one.lines())
        unknown = world.unknown(names)
        if not any(len(one.able) > 1 for one in slices):
            least = f"{self.least_speakers} speakers and {self.least_samples} samples each"
            why = f"no two groups by {', '.join(names)} have {least}{unknown}"
            return Audited(NAME, why, table=lines, verdict="not looked at", skipped=why)
        gaps = [gap for one in slices if len(one.able) > 1 for gap in one.gaps(self.times)]
        measures = tuple(gap.measure(self.apart) for gap in gaps)
        rows = tuple(dict.fromkeys(x for g in gaps for x in g.rows() if g.p <= ALPHA and abs(g.value) >= self.apart))
        return Audited(NAME, f"{_says(gaps)}{unknown}", measures, rows, len(rows), lines)


@dataclass(frozen=True)
class _World:
    """Labelled samples with who speaks, what is said of them, and how far raters agree."""

    data: AuditData

    @cached_property
    def samples(self) -> pa.Table:
        """Of those that are labelled, in the order of their ids."""
        rows = self.data.sampled("samples", ["speaker", "language", "extra"])
        return rows.filter(pc.is_in(rows["sample_id"], value_set=self.labelled["sample_id"].combine_chunks()))

    @cached_property
    def labelled(self) -> pa.Table:
        rows = self.data.labelled()
        return rows.filter(pc.is_valid(rows["label"]))

    @cached_property
    def facts(self) -> Mapping[str, Mapping[str, str]]:
        """What each person declared."""
        people = self.data.people
        declared = (dict(of or ()) for of in people["declared"].to_pylist())
        return dict(zip(people["person_id"].to_pylist(), declared, strict=True))

    @property
    def declared(self) -> tuple[str, ...]:
        """What any of the speakers declared."""
        speakers = pc.unique(self.samples["speaker"]).to_pylist()
        return tuple(sorted({name for speaker in speakers for name in self.facts.get(speaker, ())}))

    def values(self, name: str) -> list[str | None]:
        """Of each sample in which group it is."""
        if name == "language":
            return list(self.samples["language"].to_pylist())
        if name.startswith(_EXTRA):
            key = name.removeprefix(_EXTRA)
            return [dict(extra or ()).get(key) for extra in self.samples["extra"].to_pylist()]
        return [self.facts.get(speaker, {}).get(name) for speaker in self.samples["speaker"].to_pylist()]

    def unknown(self, names: Sequence[str]) -> str:
        """In words, which of these no sample says anything of."""
        silent = [name for name in names if not any(self.values(name))]
        declared = ", ".join(self.declared) or "nothing"
        return f"; no sample says anything of {', '.join(silent)} (speakers declared {declared})" if silent else ""

    @cached_property
    def labels(self) -> Floats:
        """Samples x labels."""
        return np.asarray(np.eye(len(self.data.taxonomy.labels))[self.labelled["label"].to_numpy()], np.float64)

    @cached_property
    def agreement(self) -> Floats:
        """Of each sample the chance that two of its raters say the same; NaN where there are no two."""
        groups, cast = answered(self.data.sampled("opinions", OPINION), self.data.taxonomy, votes)
        people = np.asarray(pc.equal(groups.keys["pool"], "human").to_numpy(zero_copy_only=False), bool)
        n, total = groups.sizes(), groups.sum(cast)
        own = groups.sum((np.nan_to_num(cast) ** 2).sum(axis=1)[:, None])[:, 0]
        used = people & (n > 1)
        alike = ((total**2).sum(axis=1) - own)[used] / (n * (n - 1))[used]
        place = pc.index_in(groups.keys["sample_id"], value_set=self.samples["sample_id"].combine_chunks())
        at = pc.fill_null(place, -1).to_numpy(zero_copy_only=False).astype(np.int64)[used]
        sums, counts = (np.bincount(at[at >= 0], w[at >= 0], self.samples.num_rows) for w in (alike, alike * 0 + 1))
        found: Floats = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
        return found


@dataclass(frozen=True)
class _Slice:
    """Samples by one fact: groups, which are large enough, and the unit of each sample, which is its speaker."""

    name: str
    world: _World
    groups: Sequence[str]
    group: Ints
    unit: Ints
    able: Sequence[int] = field(default_factory=tuple)

    @classmethod
    def of(cls, name: str, world: _World, least: Fairness) -> "_Slice":
        values = world.values(name)
        names, group = coded(pa.array(values, pa.string()))
        who = [speaker or f"\x1f{sample}" for sample, speaker in _speakers(world.samples)]
        unit = coded(pa.array([f"{x}\x1f{value}" for x, value in zip(who, values, strict=True)], pa.string()))[1]
        found = cls(name, world, names.to_pylist(), group, unit)
        sizes = [(found.speakers(g), int((group == g).sum())) for g in range(len(names))]
        able = [g for g, (n, m) in enumerate(sizes) if n >= least.least_speakers and m >= least.least_samples]
        few = [g for g, (n, _) in enumerate(sizes) if n < least.least_speakers]
        return replace(found, able=able)._together(few if _is_declared(name) else [])

    def _together(self, few: Sequence[int]) -> "_Slice":
        """What so few people declared would name them, so that these groups are told of as one."""
        if not few:
            return self
        one = f"shared by too few to be named ({len(few)} group{'s' if len(few) > 1 else ''})"
        kept = [g for g in range(len(self.groups)) if g not in {*few}]
        place = np.full(len(self.groups) + 1, -1)  # the last is that of samples without a group
        place[kept], place[list(few)] = np.arange(len(kept)), len(kept)
        groups = (*(self.groups[g] for g in kept), one)
        return replace(self, groups=groups, group=place[self.group], able=[int(place[g]) for g in self.able])

    def speakers(self, group: int) -> int:
        return len(np.unique(self.unit[self.group == group]))

    def _things(self) -> Iterator[tuple[Sequence[str], Floats]]:
        """What is compared: the share of each label, then agreement, where raters are several."""
        yield self.world.data.taxonomy.labels, self.world.labels
        if not np.isnan(self.world.agreement).all():
            yield (AGREEMENT,), self.world.agreement[:, None]

    def gaps(self, times: int) -> Iterator["_Gap"]:
        for things, values in self._things():
            units = units_of(self.unit, self.group, values, self.able)
            if units.groups > 1:
                group, thing, value, (low, high), p = units.tested(times, NAME, self.name, things[0])
                mine = float(units.means()[group, thing])
                yield _Gap(self, self.able[group], things[thing], thing, mine, value, low, high, p)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Each group with its shares and their intervals, over speakers where there are enough of them."""
        for things, values in self._things():
            for group, name in enumerate(self.groups):
                units = units_of(self.unit, self.group, values, [group])
                for line in self._of_group(units, things, group):
                    yield {"by": self.name, "group": name, **rounded(line)}

    def _of_group(self, units: Units, things: Sequence[str], group: int) -> Iterator[dict[str, Any]]:
        count, able = int(units.counts.sum()), group in self.able
        drawn = units.drawn(np.arange(len(units.group)), NAME, self.name, group) if able and count else None
        for place, thing in enumerate(things):
            hits = float(units.sums[:, place].sum()) if count else 0.0
            low, high = wilson(hits, count) if drawn is None else interval(drawn[:, place])
            yield {
                "of": thing,
                "speakers": self.speakers(group),
                "samples": count,
                "mean": hits / count if count else None,
                "low": low,
                "high": high,
                "state": None if able else "too small to compare",
            }


@dataclass(frozen=True)
class _Gap:
    """The group that lies farthest from the others in something."""

    slice: _Slice
    group: int
    thing: str
    place: int
    mean: float
    value: float
    low: float
    high: float
    p: float

    @property
    def what(self) -> str:
        return f"{self.slice.name} {self.slice.groups[self.group]}: {self.thing}"

    def measure(self, apart: float) -> Measure:
        large = abs(self.value) >= apart
        return measure(f"{self.what}, apart from other groups", self.value, (self.low, self.high), self.p, large)

    def rows(self) -> list[str]:
        """Its samples: those with the label where it has more of it, those without where less, the least agreed."""
        world, mine = self.slice.world, self.slice.group == self.group
        if self.thing == AGREEMENT:
            order = np.argsort(world.agreement, kind="stable")
            chosen = order[mine[order] & ~np.isnan(world.agreement[order])]
        else:
            chosen = np.flatnonzero(mine & ((world.labels[:, self.place] > 0) == (self.value > 0)))
        ids: list[str] = world.samples["sample_id"].take(pa.array(chosen)).to_pylist()
        return ids

    def __str__(self) -> str:
        return f"{self.what} {percent(self.mean)}, other groups {percent(self.mean - self.value)}"


def _is_declared(name: str) -> bool:
    return name != "language" and not name.startswith(_EXTRA)


def _speakers(samples: pa.Table) -> Iterator[tuple[str, str | None]]:
    yield from zip(samples["sample_id"].to_pylist(), samples["speaker"].to_pylist(), strict=True)


def _says(gaps: Sequence[_Gap]) -> str:
    first = min(gaps, key=lambda gap: (gap.p, -abs(gap.value), gap.what))
    return (
        f"of {len(gaps)} comparisons of groups of speakers the one farthest apart is {first} (p {first.p:.3f}, "
        "how many there are not counted); a gap may lie in the world, in who was recorded, or in who judged"
    )
