"""Krippendorff's alpha: one less what raters of one item differ by, over what any two ratings differ by.

Krippendorff, Content Analysis (2004), chapter 11; sets of labels are compared by MASI (Passonneau 2006) or Jaccard.
Observed differences come from sums over an item's values, not from pairs: a draw of the bootstrap costs little.
"""

from typing import Literal

import numpy as np

from affectory.quality.agreement._coded import Coded, Floats, Weights, sums, within

Metric = Literal["nominal", "ordinal", "interval", "ratio", "masi", "jaccard"]
METRICS = ("nominal", "ordinal", "interval", "ratio", "masi", "jaccard")


def alpha(ratings: Coded, metric: Metric, items: Weights = None, weights: Weights = None) -> float:
    """Alpha where items and ratings count so many times; NaN where no two ratings, or no two values, can be compared.

    A rating that counts twice is not compared with itself.
    """
    given, factor, marginal = _weighed(ratings, items, weights)
    total = marginal.sum()
    if np.count_nonzero(marginal) < 2:
        return float("nan")
    unit, expected = _differences(ratings, metric, given, marginal)
    observed = (unit * factor).sum()
    return float(1 - (total - 1) * observed / expected) if expected > 0 else float("nan")


def alpha_by_rater(ratings: Coded, metric: Metric, items: Weights = None) -> Floats:
    """Alpha of the comparisons that each rater takes part in; what is expected is that of all."""
    given, _, marginal = _weighed(ratings, items, None)
    total = marginal.sum()
    if np.count_nonzero(marginal) < 2:
        return np.full(len(ratings.raters), np.nan)
    expected = _differences(ratings, metric, given, marginal)[1] / (total * (total - 1))
    others = ratings.sizes[ratings.item] - 1.0
    mine = _own(ratings, metric, marginal) / np.maximum(others, 1)
    often = (others > 0) * (1.0 if items is None else items[ratings.item])
    compared, apart = (sums(ratings.rater, x, len(ratings.raters)) for x in (often, mine * often))
    shares = np.divide(apart, compared, out=np.full_like(apart, np.nan), where=compared > 0)
    found: Floats = 1 - shares / expected if expected > 0 else np.full_like(apart, np.nan)
    return found


def _weighed(ratings: Coded, items: Weights, weights: Weights) -> tuple[Floats, Floats, Floats]:
    """How often each rating counts; of each item by what its differences count; how often each value can be compared.

    An item of M ratings has M squared pairs, less those of a rating with itself, and counts as M.
    """
    count = len(ratings.items)
    given = np.ones(ratings.size) if weights is None else weights
    mass = sums(ratings.item, given, count)
    pairs = mass**2 - sums(ratings.item, given**2, count)
    factor: Floats = np.divide(mass, pairs, out=np.zeros(count), where=pairs > 0)
    often = (pairs > 0).astype(np.float64) * (1.0 if items is None else items)
    marginal = sums(ratings.code, given * often[ratings.item], len(ratings.scale))
    return given, factor * often, marginal


def _differences(ratings: Coded, metric: Metric, given: Floats, marginal: Floats) -> tuple[Floats, float]:
    """The sum of differences over the pairs within each item, and over all pairs."""
    if metric == "nominal":
        return _nominal(ratings, given, marginal)
    if metric in ("ordinal", "interval"):
        return _spread(ratings, given, marginal, _scores(ratings, metric, marginal))
    return _listed(ratings, given, marginal, distances(ratings, metric))


def _nominal(ratings: Coded, given: Floats, marginal: Floats) -> tuple[Floats, float]:
    item, _, cell = ratings.cells
    often = sums(cell, given, len(item))
    mass, same = (sums(item, x, len(ratings.items)) for x in (often, often**2))
    return mass**2 - same, float(marginal.sum() ** 2 - (marginal**2).sum())


def _scores(ratings: Coded, metric: Metric, marginal: Floats) -> Floats:
    """Numbers whose squared differences are those of the metric: for ordinal, the middles of ranks."""
    total = marginal.sum()
    middles: Floats = (np.cumsum(marginal) - marginal / 2) / total
    return middles if metric == "ordinal" else ratings.scale - (marginal * ratings.scale).sum() / total


def _spread(ratings: Coded, given: Floats, marginal: Floats, scores: Floats) -> tuple[Floats, float]:
    own, count = scores[ratings.code], len(ratings.items)
    mass, first, second = (sums(ratings.item, given * x, count) for x in (np.ones_like(own), own, own**2))
    total = marginal.sum() * (marginal * scores**2).sum() - (marginal * scores).sum() ** 2
    return 2 * (mass * second - first**2), float(2 * total)


def _listed(ratings: Coded, given: Floats, marginal: Floats, between: Floats) -> tuple[Floats, float]:
    item, code, cell = ratings.cells
    often = sums(cell, given, len(item))
    left, right = within(item, np.arange(len(item)))
    differences = 2 * often[left] * often[right] * between[code[left], code[right]]
    unit = sums(item[left], differences, len(ratings.items))
    used = np.flatnonzero(marginal)
    some = marginal[used]
    return unit, float((some[:, None] * some[None, :] * between[np.ix_(used, used)]).sum())


def _own(ratings: Coded, metric: Metric, marginal: Floats) -> Floats:
    """What each rating differs from the others of its item, in sum."""
    if metric == "nominal":
        _, _, cell = ratings.cells
        return (ratings.sizes[ratings.item] - sums(cell, np.ones(ratings.size), cell.max(initial=-1) + 1)[cell]).astype(
            np.float64
        )
    if metric in ("ordinal", "interval"):
        own = _scores(ratings, metric, marginal)[ratings.code]
        mass, first, second = (sums(ratings.item, x, len(ratings.items)) for x in (own**0, own, own**2))
        mass, first, second = (part[ratings.item] for part in (mass, first, second))
        return np.asarray(mass * own**2 - 2 * own * first + second)
    left, right = within(ratings.item, np.arange(ratings.size))
    between = distances(ratings, metric)[ratings.code[left], ratings.code[right]]
    return sums(left, between, ratings.size) + sums(right, between, ratings.size)


def distances(ratings: Coded, metric: Metric) -> Floats:
    """Between any two values of the scale."""
    if metric == "ratio":
        total = ratings.scale[:, None] + ratings.scale[None, :]
        apart = ratings.scale[:, None] - ratings.scale[None, :]
        return np.asarray(np.divide(apart, total, out=np.zeros_like(apart), where=total != 0) ** 2)
    found = [[_apart(a, b, metric) for b in ratings.sets] for a in ratings.sets]
    return np.array(found, np.float64).reshape(len(ratings.sets), len(ratings.sets))


def _apart(a: frozenset[str], b: frozenset[str], metric: Metric) -> float:
    """One less the share of labels in common; MASI also asks whether one set holds the other."""
    if a == b:
        return 0.0
    common = len(a & b) / len(a | b)
    nested = 1.0 if metric == "jaccard" else 2 / 3 if a < b or b < a else 1 / 3
    return 1 - common * nested
