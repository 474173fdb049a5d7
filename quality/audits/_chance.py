"""What chance gives: permutations within blocks, intervals, many tests at once. The same input, the same numbers."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.schemas.ids import digest

TIMES = 999
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def generator(*names: Any) -> np.random.Generator:
    """Random numbers that hang on these names alone."""
    return np.random.Generator(np.random.PCG64(int(digest("audit", *names)[:16], 16)))


def permuted(values: Ints, blocks: Ints | None, random: np.random.Generator) -> Ints:
    """The values in another order, each staying in its block: speaker, source."""
    if blocks is None:
        return random.permutation(values)
    keys = np.lexsort((random.random(len(values)), blocks))
    found = np.empty_like(values)
    found[np.lexsort((np.arange(len(values)), blocks))] = values[keys]
    return found


def permutation_test(
    statistic: Callable[[Ints], float], values: Ints, blocks: Ints | None, *names: Any, times: int = TIMES
) -> tuple[float, Floats, float]:
    """A statistic of values, what it is where they are permuted, and how often that is as large (p)."""
    random, observed = generator(*names), statistic(values)
    null = np.array([statistic(permuted(values, blocks, random)) for _ in range(times)])
    return observed, null, float((1 + np.count_nonzero(null >= observed - 1e-12)) / (1 + times))


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted so that the chance of any false accusation among all is what one alone had."""
    order = np.argsort(p, kind="stable")
    found, highest = np.empty(len(p)), 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(p) - rank) * p[at]))
        found[at] = highest
    return [float(value) for value in found]


def wilson(hits: float, of: float, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share."""
    if not of:
        return 0.0, 1.0
    share, denominator = hits / of, 1 + z * z / of
    middle = (share + z * z / (2 * of)) / denominator
    width = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / denominator
    return max(0.0, middle - width), min(1.0, middle + width)


def bootstrapped(
    statistic: Callable[[Ints], float], clusters: Ints, *names: Any, times: int = 200, level: float = 0.95
) -> tuple[float, float]:
    """The interval of a statistic of row numbers, by drawing whole clusters (speakers, records) again."""
    random, count = generator("bootstrap", *names), int(clusters.max(initial=-1)) + 1
    order = np.argsort(clusters, kind="stable")
    starts = np.searchsorted(clusters[order], np.arange(count + 1))
    found = []
    for _ in range(times):
        drawn = random.integers(0, count, count)
        found.append(statistic(np.concatenate([order[starts[c] : starts[c + 1]] for c in drawn]).astype(np.int64)))
    low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
