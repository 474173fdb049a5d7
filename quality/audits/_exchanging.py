"""Which samples might as well have one another's label, were there nothing to be found; and draws of such exchanges."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affectory.quality.audits._chance import Ints, generator

_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Exchange:
    """Units that exchange what they have with other units of their block; every row belongs to a unit."""

    unit: Ints
    block: Ints
    """Of each unit."""
    first: Ints
    """A row of each unit."""

    def drawn(self, times: int, *names: object) -> Iterator[NDArray[np.int64]]:
        """For each time a line, which says for each row whose it gets; some lines at once."""
        random, together = generator("exchange", *names), max(1, _AT_ONCE // max(1, len(self.unit)))
        home = np.argsort(self.block, kind="stable")
        for start in range(0, times, together):
            lines = min(together, times - start)
            order = np.argsort(self.block + random.random((lines, len(self.block))), axis=1, kind="stable")
            whose = np.empty_like(order)
            whose[:, home] = order
            yield self.first[whose][:, self.unit]


def rows_within(cluster: Ints, source: Ints) -> Exchange:
    """Samples of one cluster are alike; those that are alone in theirs are alike if they come from one source."""
    sizes = np.bincount(cluster)
    block = np.where(sizes[cluster] > 1, cluster, len(sizes) + source)
    rows = np.arange(len(cluster))
    return Exchange(rows, block, rows)


def clusters_within(cluster: Ints, block: Ints) -> Exchange:
    """Whole clusters are alike, of one block of rows."""
    _, first = np.unique(cluster, return_index=True)
    return Exchange(cluster, block[first], first)


def same_within(values: Ints, cluster: Ints) -> bool:
    """Whether all rows of a cluster have the same value, in every cluster."""
    _, first = np.unique(cluster, return_index=True)
    return bool((values[first][cluster] == values).all())


def of_labels(label: Ints, cluster: Ints, source: Ints) -> Exchange:
    """How labels are exchanged: within clusters, or with their clusters where these have one each."""
    whole = same_within(label, cluster)
    return clusters_within(cluster, source) if whole else rows_within(cluster, source)
