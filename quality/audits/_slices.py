"""Groups of speakers compared with the others: gaps, their intervals, and how often chance gives as much.

A speaker is one unit, however many samples there are: chance deals groups among speakers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from affectory.quality.audits._chance import Floats, Ints, generator
from affectory.quality.audits._shares import interval

_DRAWS = 200
_CLOSE = 1e-12
_DIGITS = 9
"""Two groups lie equally far from each other: the first is named, on all processors, whatever their last bits."""


@dataclass(frozen=True)
class Units:
    """Of each speaker its group, and sums over its samples of what is compared: a column for each thing."""

    group: Ints
    sums: Floats
    counts: Floats

    @property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    def means(self) -> Floats:
        """Groups x things."""
        sums, counts = self._summed(self.group)
        return np.asarray(sums / np.maximum(counts[:, None], 1))

    def drawn(self, units: Ints, *names: object) -> Floats:
        """The mean of these speakers' samples, of as many of them drawn again and again."""
        random = generator("slices", *names)
        times = random.multinomial(len(units), np.full(len(units), 1 / len(units)), _DRAWS).astype(np.float64)
        found: Floats = times @ self.sums[units] / np.maximum(times @ self.counts[units], 1)[:, None]
        return found

    def tested(self, times: int, *names: object) -> tuple[int, int, float, tuple[float, float], float]:
        """The group and the thing in which it lies farthest from the others: how far, the interval, and p of any that
        lies as far."""
        gaps, scale = self._gaps(self.group), self._scale(self.group)
        observed = np.abs(gaps) / scale
        group, thing = np.unravel_index(int(observed.round(_DIGITS).argmax()), observed.shape)
        random, reached = generator("slices", *names), 0
        for _ in range(times):
            dealt = random.permutation(self.group)
            reached += float((np.abs(self._gaps(dealt)) / self._scale(dealt)).max()) >= observed.max() - _CLOSE
        mine, others = (np.flatnonzero(x) for x in (self.group == group, self.group != group))
        far = self.drawn(mine, *names, "mine")[:, thing] - self.drawn(others, *names, "others")[:, thing]
        p = float((1 + reached) / (1 + times))
        return int(group), int(thing), float(gaps[group, thing]), interval(far), p

    def _summed(self, group: Ints) -> tuple[Floats, Floats]:
        columns = [np.bincount(group, column, self.groups) for column in self.sums.T]
        return np.stack(columns, axis=1), np.bincount(group, self.counts, self.groups).astype(np.float64)

    def _gaps(self, group: Ints) -> Floats:
        """How far each group lies from the others together."""
        sums, counts = self._summed(group)
        rest = (sums.sum(axis=0) - sums) / np.maximum(counts.sum() - counts, 1)[:, None]
        return np.asarray(sums / np.maximum(counts, 1)[:, None] - rest)

    def _scale(self, group: Ints) -> Floats:
        """How far that usually is, so that small groups do not seem to lie far away."""
        counts = np.bincount(group, self.counts, self.groups)
        mean = self.sums.sum(axis=0) / max(self.counts.sum(), 1)
        spread = np.sqrt(np.maximum(mean * (1 - mean), 1e-4))
        sizes = 1 / np.maximum(counts, 1) + 1 / np.maximum(counts.sum() - counts, 1)
        return np.asarray(np.sqrt(sizes)[:, None] * spread)


def units_of(unit: Ints, group: Ints, values: Floats, used: Sequence[int] | Ints) -> Units:
    """Samples with their unit, group and values as units, of groups that are used; NaN is not counted."""
    place = np.full(int(group.max(initial=0)) + 1, -1)
    place[np.asarray(used, np.int64)] = np.arange(len(used))
    mine = (group >= 0) & (place[group] >= 0) & ~np.isnan(values).any(axis=1)
    found, first, at = np.unique(unit[mine], return_index=True, return_inverse=True)
    sums = np.stack([np.bincount(at, column, len(found)) for column in values[mine].T], axis=1).astype(np.float64)
    return Units(place[group[mine]][first], sums, np.bincount(at, minlength=len(found)).astype(np.float64))
