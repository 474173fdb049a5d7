"""How reliable ratings and their means are: halves against halves, one against the rest, and shares of variance."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from affectory.quality.agreement._coded import Coded, Floats, Weights

Icc = Literal["1", "2", "3", "1k", "2k", "3k"]


@dataclass(frozen=True)
class Halves:
    """Each item's ratings split at random into halves, again and again; of an odd number one half has one more."""

    ratings: Coded
    repeats: int = 100
    seed: int = 0

    @cached_property
    def used(self) -> Floats:
        """1 for items with two ratings or more."""
        return (self.ratings.sizes >= 2).astype(np.float64)

    @cached_property
    def means(self) -> tuple[Floats, Floats]:
        """The mean of each half of each item, a row for each split."""
        draw = np.random.default_rng(self.seed)
        halves = [self._split(draw.random(self.ratings.size)) for _ in range(self.repeats)]
        left, right = (np.stack([half[side] for half in halves]) for side in (0, 1))
        return left, right

    def _split(self, luck: Floats) -> tuple[Floats, Floats]:
        ratings, count = self.ratings, len(self.ratings.items)
        order = np.lexsort((luck, ratings.item))
        item, value = ratings.item[order], ratings.scale[ratings.code[order]]
        place = np.arange(ratings.size) - (np.cumsum(ratings.sizes) - ratings.sizes)[item]
        first = place < ratings.sizes[item] // 2
        sides = [
            (np.bincount(item[s], value[s], count), np.bincount(item[s], minlength=count)) for s in (first, ~first)
        ]
        left, right = (np.divide(sums, n, out=np.zeros(count), where=n > 0) for sums, n in sides)
        return left, right


def split_half(halves: Halves, items: Weights = None, *, whole: bool = False) -> float:
    """The mean correlation over items of the means of two random halves; `whole` corrects it by Spearman and Brown to
    that of means of all ratings."""
    left, right = halves.means
    found = _correlations(left, right, halves.used * (1.0 if items is None else items))
    found = found[np.isfinite(found)]
    if not len(found):
        return float("nan")
    mean = float(found.mean())
    return spearman_brown(mean, 2) if whole else mean


def spearman_brown(single: float, ratings: float) -> float:
    """The reliability of means of so many ratings, given that of single ones; NaN where these oppose each other."""
    below = 1 + (ratings - 1) * single
    return ratings * single / below if below > 0 else float("nan")


def shcmp(halves: Halves, bins: int = 6, items: Weights = None) -> float:
    """The share of items whose halves fall into the same of the bins from -3 to 3, as BRIGHTER's authors report it."""
    left, right = (np.clip(np.floor((half + 3) / (6 / bins)), 0, bins - 1) for half in halves.means)
    weight = halves.used * (1.0 if items is None else items)
    total = weight.sum()
    return float(((np.abs(left - right) < 1) * weight).sum(axis=1).mean() / total) if total > 0 else float("nan")


@dataclass(frozen=True)
class Rest:
    """Each rating with the mean of the other ratings of its item."""

    ratings: Coded

    @cached_property
    def pairs(self) -> tuple[Floats, Floats, Floats]:
        """Ratings, means of the others, and 1 where there are others."""
        ratings = self.ratings
        value = ratings.scale[ratings.code]
        sums = np.bincount(ratings.item, value, len(ratings.items))[ratings.item] - value
        others = ratings.sizes[ratings.item] - 1.0
        return value, np.divide(sums, others, out=np.zeros_like(sums), where=others > 0), (others > 0).astype(float)


def leave_one_out(rest: Rest, items: Weights = None) -> float:
    """The correlation of ratings with the mean of the others of their item, as EmoBank's authors report it."""
    value, others, used = rest.pairs
    weight = used * (1.0 if items is None else items[rest.ratings.item])
    return float(_correlations(value[None], others[None], weight)[0])


def leave_one_out_error(rest: Rest, items: Weights = None) -> float:
    """How far ratings lie from the mean of the others of their item."""
    value, others, used = rest.pairs
    weight = used * (1.0 if items is None else items[rest.ratings.item])
    total = weight.sum()
    return float((np.abs(value - others) * weight).sum() / total) if total > 0 else float("nan")


def rater_correlations(rest: Rest, fewest: int = 3, items: int = 2) -> Floats:
    """Of each rater the rank correlation with the mean of the others, over items of so many raters or more, as
    GoEmotions' authors report it; NaN where it is not defined, or the rater has fewer such items."""
    from scipy.stats import rankdata

    ratings = rest.ratings
    value, others, _ = rest.pairs
    found = np.full(len(ratings.raters), np.nan)
    enough = ratings.sizes[ratings.item] >= fewest
    order = np.argsort(ratings.rater, kind="stable")
    for rater, rows in enumerate(np.split(order, np.cumsum(np.bincount(ratings.rater))[:-1]) if ratings.size else ()):
        rows = rows[enough[rows]]
        if len(rows) >= items and rater < len(found):
            mine, theirs = (rankdata(x[rows])[None] for x in (value, others))
            found[rater] = _correlations(mine, theirs, np.ones(len(rows)))[0]
    return found


def _correlations(left: Floats, right: Floats, weight: Floats) -> Floats:
    """Of each row, weighted; NaN where one side does not vary."""
    total = weight.sum()
    if total <= 0:
        return np.full(len(left), np.nan)
    a, b = (x - ((x * weight).sum(axis=1) / total)[:, None] for x in (left, right))
    var_a, var_b, both = ((x * weight).sum(axis=1) for x in (a * a, b * b, a * b))
    scale = np.sqrt(var_a * var_b)
    varied = (var_a > 1e-20 * total) & (var_b > 1e-20 * total)
    found: Floats = np.divide(both, scale, out=np.full(len(left), np.nan), where=varied & (scale > 0))
    return found


def icc(ratings: Coded, kind: Icc, items: Weights = None) -> float:
    """Shrout and Fleiss' intraclass correlations (1979): 1 takes raters as interchangeable and needs no names, 2 and 3
    need every rater to rate every item; k is for means of all raters of an item."""
    if kind in ("1", "1k"):
        return _one_way(ratings, items, mean=kind == "1k")
    grid = _grid(ratings)
    if grid is None:
        return float("nan")
    rows, columns, rest = _mean_squares(grid, np.ones(len(grid)) if items is None else items)
    n, k = (float(len(grid)) if items is None else float(items.sum())), grid.shape[1]
    apart = k * (columns - rest) / n if kind[0] == "2" else 0.0
    whole = rows + (apart / k if kind.endswith("k") else (k - 1) * rest + apart)
    return float((rows - rest) / whole) if whole > 0 else float("nan")


def _one_way(ratings: Coded, items: Weights, *, mean: bool) -> float:
    """Also where items have differing numbers of ratings: then by their mean number as variance analysis takes it."""
    size = np.where(ratings.sizes > 1, ratings.sizes, 0).astype(np.float64)
    often = np.ones(len(size)) if items is None else items
    value = ratings.scale[ratings.code]
    means = np.bincount(ratings.item, value, len(size)) / np.maximum(ratings.sizes, 1)
    within = (np.bincount(ratings.item, (value - means[ratings.item]) ** 2, len(size)) * often * (size > 0)).sum()
    total, groups = (often * size).sum(), (often * (size > 0)).sum()
    if groups < 2 or total <= groups:
        return float("nan")
    grand = (often * size * means).sum() / total
    rows = (often * size * (means - grand) ** 2).sum() / (groups - 1)
    rest, k = within / (total - groups), (total - (often * size**2).sum() / total) / (groups - 1)
    whole = rows if mean else rows + (k - 1) * rest
    return float((rows - rest) / whole) if whole > 0 else float("nan")


def _grid(ratings: Coded) -> Floats | None:
    """Items by raters, where every rater rated every item."""
    if len(ratings.raters) < 2 or len(ratings.items) < 2 or not ratings.first.all():
        return None
    if ratings.size != len(ratings.items) * len(ratings.raters):
        return None
    order = np.lexsort((ratings.rater, ratings.item))
    grid: Floats = ratings.scale[ratings.code[order]].reshape(len(ratings.items), -1)
    return grid


def _mean_squares(grid: Floats, often: Floats) -> tuple[float, float, float]:
    """Of items, of raters, and of what is left."""
    n, k, weight = often.sum(), grid.shape[1], often[:, None]
    grand = (grid * weight).sum() / (n * k)
    by_item, by_rater = grid.mean(axis=1, keepdims=True), (grid * weight).sum(axis=0, keepdims=True) / n
    rows = (k * weight * (by_item - grand) ** 2).sum() / (n - 1)
    columns = (n * (by_rater - grand) ** 2).sum() / (k - 1)
    rest = (weight * (grid - by_item - by_rater + grand) ** 2).sum() / ((n - 1) * (k - 1))
    return float(rows), float(columns), float(rest)
