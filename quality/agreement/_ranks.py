"""Agreement of rankings: what is not ranked comes last, all of it in one place.

Kendall's W with ties is as in his Rank Correlation Methods (1948).
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from affectory.quality.agreement._coded import Floats


def ranks_of(rankings: Sequence[Sequence[str]]) -> Floats:
    """A row of ranks for each ranking, over everything that any of them names."""
    labels = sorted({label for ranking in rankings for label in ranking})
    rows = []
    for ranking in rankings:
        places = {label: place + 1.0 for place, label in reversed(list(enumerate(ranking)))}
        last = (len(places) + 1 + len(labels)) / 2
        rows.append([places.get(label, last) for label in labels])
    return np.array(rows, np.float64).reshape(len(rankings), len(labels))


def kendall_w(ranks: Floats) -> float:
    """Kendall's coefficient of concordance of raters (rows); NaN where nothing is ranked apart from anything."""
    raters, things = ranks.shape
    if raters < 2 or things < 2:
        return float("nan")
    sums = ranks.sum(axis=0)
    spread = ((sums - sums.mean()) ** 2).sum()
    ties = sum(_ties(row) for row in ranks)
    most = raters**2 * (things**3 - things) - raters * ties
    return float(12 * spread / most) if most > 0 else float("nan")


def _ties(row: Floats) -> float:
    counts = np.unique(row, return_counts=True)[1].astype(np.float64)
    return float((counts**3 - counts).sum())


def spearman(a: Floats, b: Floats) -> float:
    """The correlation of ranks; NaN where one side does not vary."""
    from scipy.stats import rankdata

    left, right = (rankdata(x) - (len(x) + 1) / 2 for x in (a, b))
    scale = np.sqrt((left**2).sum() * (right**2).sum())
    return float((left * right).sum() / scale) if scale > 0 else float("nan")


def kendall_tau(a: Floats, b: Floats) -> float:
    """Kendall's tau-b: pairs in the same order less those in the other, ties allowed for on both sides."""
    left, right = (np.sign(x[:, None] - x[None, :]) for x in (a, b))
    scale = np.sqrt((left**2).sum() * (right**2).sum())
    return float((left * right).sum() / scale) if scale > 0 else float("nan")


def pairs_of(ranks: Floats) -> Iterator[tuple[int, int, Floats, Floats]]:
    """Any two raters of an item."""
    for one, other in combinations(range(len(ranks)), 2):
        yield one, other, ranks[one], ranks[other]
