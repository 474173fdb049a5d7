"""Krippendorff's alpha: one less what raters of one item differ by, over what any two ratings differ by.

Krippendorff, Content Analysis (2004), chapter 11; sets of labels are compared by MASI (Passonneau 2006) or Jaccard.
Observed differences come from sums over the values that an item got, not from pairs of ratings, so that a draw of a
bootstrap costs little.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from affectory.quality.agreement._coded import Coded, Floats, Ints, Weights, sums, within

Metric = Literal["nominal", "ordinal", "interval", "ratio", "masi", "jaccard"]
MOST_VALUES = 4000
"""More different values cannot be compared one by one, as ratios and sets are."""
METRICS = ("nominal", "ordinal", "interval", "ratio", "masi", "jaccard")


def alpha(ratings: Coded, metric: Metric, items: Weights = None, weights: Weights = None) -> float:
    """Alpha where items and ratings count so many times; NaN where no two ratings, or no two values, can be compared.

    A rating that counts twice is not compared with itself.
    """
    return Alpha(ratings, metric).value(items, weights)


def alpha_by_rater(ratings: Coded, metric: Metric, items: Weights = None) -> Floats:
    """Alpha of the comparisons that each rater takes part in; what is expected is that of all."""
    return Alpha(ratings, metric).by_rater(items)


@dataclass(frozen=True)
class _Weighed:
    """How often things count. A cell is a value that an item got."""

    cells: Floats
    """How many ratings each cell has."""
    items: Floats
    """How often the differences within each item count: one of M ratings has M squared pairs, less those of a rating
    with itself, and counts as M."""
    values: Floats
    """How often each value can be compared."""

    @property
    def total(self) -> float:
        return float(self.values.sum())


@dataclass(frozen=True)
class Alpha:
    """Alpha of some ratings, with what all draws of a bootstrap share."""

    ratings: Coded
    metric: Metric

    def value(self, items: Weights = None, weights: Weights = None) -> float:
        """NaN where nothing can be compared, or too many values would have to be."""
        weighed = self._weighed(items, weights)
        if not self._comparable(weighed):
            return float("nan")
        unit, expected = self._differences(weighed)
        observed = float((unit * weighed.items).sum())
        return 1 - (weighed.total - 1) * observed / expected if expected > 0 else float("nan")

    def by_rater(self, items: Weights = None) -> Floats:
        """The part that each rater has."""
        many, weighed = len(self.ratings.raters), self._weighed(items, None)
        expected = self._differences(weighed)[1] if self._comparable(weighed) else 0.0
        if expected <= 0:
            return np.full(many, np.nan)
        others = self.ratings.sizes[self.ratings.item] - 1.0
        mine = self._own(weighed)[self.ratings.cells.of] / np.maximum(others, 1)
        often = (others > 0) * (1.0 if items is None else items[self.ratings.item])
        compared, apart = (sums(self.ratings.rater, x, many) for x in (often, mine * often))
        shares: Floats = np.divide(apart, compared, out=np.full(many, np.nan), where=compared > 0)
        return 1 - shares * weighed.total * (weighed.total - 1) / expected

    def _comparable(self, weighed: _Weighed) -> bool:
        too_many = self.metric in METRICS[3:] and len(self.ratings.scale) > MOST_VALUES
        return bool(np.count_nonzero(weighed.values) > 1) and not too_many

    def _weighed(self, items: Weights, weights: Weights) -> _Weighed:
        cells, count = self.ratings.cells, len(self.ratings.items)
        given, squares = (cells.often, cells.often) if weights is None else self._sums(weights)
        mass = sums(cells.item, given, count)
        pairs = mass**2 - sums(cells.item, squares, count)
        factor: Floats = np.divide(mass, pairs, out=np.zeros(count), where=pairs > 0)
        often = (pairs > 0) * (1.0 if items is None else items)
        values = sums(cells.code, given * often[cells.item], len(self.ratings.scale))
        return _Weighed(given, factor * often, values)

    def _sums(self, weights: Floats) -> tuple[Floats, Floats]:
        cells = self.ratings.cells
        first, second = (sums(cells.of, x, len(cells.item)) for x in (weights, weights**2))
        return first, second

    def _differences(self, weighed: _Weighed) -> tuple[Floats, float]:
        """The sum of differences over the pairs within each item, and over all pairs."""
        cells, count = self.ratings.cells, len(self.ratings.items)
        unit = sums(cells.item, weighed.cells * self._own(weighed), count)
        values = weighed.values
        if self.metric == "nominal":
            return unit, float(values.sum() ** 2 - (values**2).sum())
        if self.metric in ("ordinal", "interval"):
            scores = self._scores(weighed)
            return unit, float(2 * (values.sum() * (values * scores**2).sum() - (values * scores).sum() ** 2))
        used = np.flatnonzero(values)
        some = values[used]
        return unit, float((some[:, None] * some[None, :] * self._between[np.ix_(used, used)]).sum())

    def _own(self, weighed: _Weighed) -> Floats:
        """What a rating of each cell differs by from all ratings of its item, in sum."""
        cells, given = self.ratings.cells, weighed.cells
        if self.metric in ("ordinal", "interval"):
            own = self._scores(weighed)[cells.code]
            mass, first, second = (self._of_item(given * x) for x in (1.0, own, own**2))
            return np.maximum(mass * own**2 - 2 * own * first + second, 0.0)
        if self.metric == "nominal":
            return self._of_item(given) - given
        left, right = self._meeting
        apart = self._between[cells.code[left], cells.code[right]]
        return sums(left, given[right] * apart, len(given)) + sums(right, given[left] * apart, len(given))

    def _of_item(self, cells: Floats) -> Floats:
        """For each cell the sum over the cells of its item."""
        return sums(self.ratings.cells.item, cells, len(self.ratings.items))[self.ratings.cells.item]

    def _scores(self, weighed: _Weighed) -> Floats:
        """Numbers whose squared differences are those of the metric: for ordinal, the middles of ranks."""
        values, scale = weighed.values, self.ratings.scale
        middles: Floats = (np.cumsum(values) - values / 2) / values.sum()
        return middles if self.metric == "ordinal" else scale - (values * scale).sum() / values.sum()

    @cached_property
    def _meeting(self) -> tuple[Ints, Ints]:
        """Any two cells of one item."""
        cells = self.ratings.cells.item
        return within(cells, np.arange(len(cells)))

    @cached_property
    def _between(self) -> Floats:
        """Differences between any two values of the scale."""
        scale, sets = self.ratings.scale, self.ratings.sets
        if self.metric == "ratio":
            total, apart = scale[:, None] + scale[None, :], scale[:, None] - scale[None, :]
            return np.asarray(np.divide(apart, total, out=np.zeros_like(apart), where=total != 0) ** 2)
        found = [_apart(a, b, self.metric) for a in sets for b in sets]
        return np.array(found, np.float64).reshape(len(sets), len(sets))


def _apart(a: frozenset[str], b: frozenset[str], metric: Metric) -> float:
    """One less the share of labels in common; MASI also asks whether one set holds the other."""
    if a == b:
        return 0.0
    common = len(a & b) / len(a | b)
    nested = 1.0 if metric == "jaccard" else 2 / 3 if a < b or b < a else 1 / 3
    return 1 - common * nested
