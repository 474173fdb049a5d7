"""Which new samples are asked about: those worth most, and some drawn by chance whatever they are worth.

The best are taken first. Then samples are drawn, each as likely as any other, until enough of them are not among the
best. So each chance is exact: 1 for the best (they would be asked in any case, drawn or not), and for every other
sample the share of these that is drawn. Weighted by its inverse, what is asked speaks for all samples.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """Rows of samples: `explored` in the order in which they were drawn, then `routed`, the best first.

    `chance` is that of a sample that is explored and not among the best.
    """

    explored: Ints
    routed: Ints
    best: frozenset[int]
    chance: float

    def probability(self, row: int) -> float:
        return 1.0 if row in self.best else self.chance


@dataclass(frozen=True)
class Means:
    """What there is to spend, in asks: `usable` now, `most` altogether with what was spent; infinite without a budget.

    `explored` and `routed` were spent so far, `share` of all is to be explored, `each` is what a sample costs in full.
    """

    usable: float
    most: float
    explored: float
    routed: float
    share: float
    each: float

    def to_explore(self, routed: float) -> float:
        """What drawing may cost now, where the best cost this much."""
        if self.share <= 0 or self.usable < self.each:
            return 0.0
        if np.isinf(self.most):
            if self.share >= 1:
                return float("inf")
            target = self.share / (1 - self.share) * (self.routed + routed)
        else:
            target = self.share * self.most
        in_full = ceil(max(target - self.explored, 0.0) / self.each - 1e-9) * self.each
        return float(min(in_full, self.usable))


def choose(eligible: Mask, routable: Mask, costs: Floats, order: Ints, lots: Floats, means: Means) -> Choice:
    """`order` has all rows, the best first; `lots` is of each row a number drawn by chance."""
    drawn_cost = 0.0 if np.isinf(means.most) else means.to_explore(0.0)
    best = order[routable[order]] if means.share < 1 else np.zeros(0, np.int64)
    best = _prefix(best, costs, means.usable - drawn_cost)
    drawn_cost = means.to_explore(float(costs[best].sum()))
    among = np.zeros(len(eligible), dtype=bool)
    among[best] = True
    lot = np.argsort(lots, kind="stable")
    lot = lot[eligible[lot]]
    others = lot[~among[lot]]
    drawn = _prefix(others, costs, drawn_cost)
    last = int(np.flatnonzero(lot == drawn[-1])[0]) if len(drawn) else -1
    if len(drawn) == len(others) and len(drawn):
        last = len(lot) - 1
    explored = lot[: last + 1]
    taken = set(explored.tolist())
    routed = np.array([row for row in best.tolist() if row not in taken], np.int64)
    chance = len(drawn) / len(others) if len(others) else 1.0
    return Choice(explored, routed, frozenset(best.tolist()), chance)


def _prefix(rows: Ints, costs: Floats, most: float) -> Ints:
    """The first of them that together cost no more than this."""
    if np.isinf(most):
        return rows
    return rows[: int(np.searchsorted(np.cumsum(costs[rows]), most + 1e-9, side="right"))]
