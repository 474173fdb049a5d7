"""Kappas and F1: agreement of pairs of raters, and of as many ratings for each item, beyond chance.

Fleiss 1971; Cohen 1960 and 1968 with weights by the distance of places on the whole scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from affectory.quality.agreement._coded import Coded, Floats, Ints, Weights

Weighting = Literal["none", "linear", "quadratic"]


def fleiss_kappa(ratings: Coded, items: Weights = None) -> float:
    """Fleiss' kappa; NaN where items have differing numbers of ratings, or all ratings are alike."""
    sizes = ratings.sizes
    if not len(sizes) or sizes.min() != sizes.max() or sizes[0] < 2:
        return float("nan")
    item, code, often, _ = ratings.cells
    n = float(sizes[0])
    weight = np.ones(len(sizes)) if items is None else items
    same = np.bincount(item, often**2, len(sizes))
    observed = (weight * (same - n) / (n * (n - 1))).sum() / weight.sum()
    shares = np.bincount(code, often * weight[item], len(ratings.scale)) / (n * weight.sum())
    expected = (shares**2).sum()
    return float((observed - expected) / (1 - expected)) if expected < 1 - 1e-15 else float("nan")


@dataclass(frozen=True)
class Pairs:
    """What any two raters said of the items that both rated; of a rater's several ratings of an item the first."""

    ratings: Coded
    common: int = 2
    """How many items two raters must share."""

    @cached_property
    def _kept(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Of each pair of ratings its item, its pair of raters and the two values; and the pairs of raters."""
        left, right = self.ratings.pairs
        many = max(1, len(self.ratings.raters))
        named = self.ratings.rater[left] * many + self.ratings.rater[right]
        distinct, pair, count = np.unique(named, return_inverse=True, return_counts=True)
        enough = count >= self.common
        place = np.where(enough, np.cumsum(enough) - 1, -1)[pair]
        used, k = place >= 0, len(self.ratings.scale)
        cell = (place * k + self.ratings.code[left]) * k + self.ratings.code[right]
        return self.ratings.item[left][used], cell[used], distinct[enough], place[used]

    @property
    def size(self) -> int:
        return len(self._kept[2])

    @property
    def raters(self) -> list[tuple[str, str]]:
        """The names of the two raters of each pair."""
        names, many = self.ratings.raters, max(1, len(self.ratings.raters))
        return [(names[pair // many], names[pair % many]) for pair in self._kept[2].tolist()]

    def tables(self, items: Weights = None) -> Floats:
        """Of each pair how often each two values met."""
        item, cell, _, _ = self._kept
        k = len(self.ratings.scale)
        weight = None if items is None else items[item]
        return np.bincount(cell, weight, self.size * k * k).astype(np.float64).reshape(self.size, k, k)

    @property
    def cost(self) -> int:
        """How many numbers a draw of a bootstrap has to look at."""
        return len(self._kept[0]) + self.size * len(self.ratings.scale) ** 2

    def counted(self, weights: Weights) -> Floats:
        """How often each pair counts where raters count so often."""
        if weights is None:
            return np.ones(self.size)
        often = np.zeros(max(1, len(self.ratings.raters)))
        often[self.ratings.rater] = weights
        many = max(1, len(self.ratings.raters))
        return np.asarray(often[self._kept[2] // many] * often[self._kept[2] % many])


def cohen_kappas(pairs: Pairs, weighting: Weighting = "none", items: Weights = None) -> Floats:
    """Cohen's kappa of each pair; NaN where both always said the same one value."""
    tables = pairs.tables(items)
    apart = _apart(len(pairs.ratings.scale), weighting)
    rows, columns, total = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    chance = (rows[:, :, None] * columns[:, None, :] * apart).sum(axis=(1, 2))
    observed = (tables * apart).sum(axis=(1, 2)) * total
    found: Floats = 1 - np.divide(observed, chance, out=np.full(pairs.size, np.nan), where=chance > 0)
    return found


def _apart(k: int, weighting: Weighting) -> Floats:
    steps = np.abs(np.arange(k)[:, None] - np.arange(k)[None, :]).astype(np.float64)
    return {"none": np.minimum(steps, 1), "linear": steps, "quadratic": steps**2}[weighting]


def pairwise_f1s(pairs: Pairs, items: Weights = None) -> Floats:
    """Macro F1 of each pair, one rater taken for the truth: the mean over the values that either of them used."""
    tables = pairs.tables(items)
    used = tables.sum(axis=2) + tables.sum(axis=1)
    hits = 2 * np.diagonal(tables, axis1=1, axis2=2)
    f1 = np.divide(hits, used, out=np.zeros_like(used), where=used > 0)
    values = (used > 0).sum(axis=1)
    found: Floats = np.divide(f1.sum(axis=1), values, out=np.full(pairs.size, np.nan), where=values > 0)
    return found


def mean_of(values: Floats, often: Floats) -> float:
    """The mean over pairs of those that are defined."""
    weight = often * np.isfinite(values)
    total = weight.sum()
    return float((np.nan_to_num(values) * weight).sum() / total) if total > 0 else float("nan")


def named(pairs: Pairs, values: Floats) -> Mapping[tuple[str, str], float]:
    """The value of each pair by the names of its raters."""
    return dict(zip(pairs.raters, values.tolist(), strict=True))
