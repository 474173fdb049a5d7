"""What samples come to, with intervals by drawing whole clusters of them: speakers, sources."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.distances import Floats

REPEATS, FEWEST_REPEATS, SEED, LEVEL = 1000, 200, 20240607, 0.95
_MOST_DRAWS = 20_000_000
"""Of clusters, over all repeats: of very many clusters fewer repeats are made."""
FEW = 10
"""With fewer clusters an interval is mostly luck."""


@dataclass(frozen=True)
class Figure:
    """A number with its interval; None where there is nothing, or nothing to draw from."""

    value: float | None
    low: float | None
    high: float | None
    samples: int
    clusters: int

    def __str__(self) -> str:
        if self.value is None:
            return "none"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (no interval: {self.clusters} cluster{'s' * (self.clusters != 1)})"
        few = f", only {self.clusters} clusters" if self.clusters < FEW else ""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}{few})"


def mean(values: Floats, clusters: Sequence[str]) -> Figure:
    """The mean of the values that are not NaN."""
    return _drawn(np.stack([values, np.ones_like(values)], axis=1), clusters, lambda sums: sums[..., 0] / sums[..., 1])


def correlation(a: Floats, b: Floats, clusters: Sequence[str]) -> Figure:
    """Pearson's, over the pairs without NaN; none where one side is always the same."""
    there = ~np.isnan(a) & ~np.isnan(b)
    if there.sum() < 2 or np.ptp(a[there]) == 0 or np.ptp(b[there]) == 0:
        return Figure(None, None, None, int(there.sum()), 0)
    x, y = a - a[there].mean(), b - b[there].mean()  # so that the sums of squares are exact
    return _drawn(np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1), clusters, _pearson)


def _pearson(sums: Floats) -> Floats:
    n, x, y, xx, yy, xy = (sums[..., place] for place in range(6))
    spread = np.sqrt(np.maximum(n * xx - x * x, 0) * np.maximum(n * yy - y * y, 0))
    return np.asarray(np.divide(n * xy - x * y, spread, out=np.full_like(spread, np.nan), where=spread > 0))


def _drawn(parts: Floats, clusters: Sequence[str], statistic: Callable[[Floats], Floats]) -> Figure:
    """A statistic of the sums of the parts of all samples, and of draws of as many clusters as there are. The draws
    are always the same, of the clusters in the order of their names."""
    there = ~np.isnan(parts).any(axis=1)
    if not there.any():
        return Figure(None, None, None, 0, 0)
    names, place = np.unique(np.asarray(clusters, dtype=str)[there], return_inverse=True)
    sums = np.stack([np.bincount(place, column) for column in parts[there].T], axis=1)
    value, counts = float(statistic(sums.sum(axis=0))), (int(there.sum()), len(names))
    if len(names) < 2:
        return Figure(value, None, None, *counts)
    rng = np.random.Generator(np.random.PCG64(SEED))
    repeats = min(REPEATS, max(FEWEST_REPEATS, _MOST_DRAWS // len(names)))
    drawn = (sums[rng.integers(0, len(names), len(names))].sum(axis=0) for _ in range(repeats))
    found = statistic(np.stack(list(drawn)))
    low, high = np.nanquantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Figure(value, float(low), float(high), *counts)


def cluster_names(samples: pa.Array, clusters: pa.Table | None) -> list[str]:
    """The cluster of each sample: of a table with `sample_id` and `cluster`; one that is in none is one of its own."""
    if clusters is None:
        own: list[str] = samples.to_pylist()
        return own
    place = pc.index_in(samples, value_set=clusters.column("sample_id").combine_chunks())
    named = clusters.column("cluster").cast(pa.string()).take(place)
    found: list[str] = pc.coalesce(named, samples).to_pylist()
    return found
