"""What is unusually small or large in a whole dataset: Tukey's fences around its quartiles."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from affectory.transforms.dataset._tertiles import CUTS, POOLED, Levels, as_they_are, joined, numbers_in, pooled
from affectory.transforms.fitting import Fitted, Ground, Rows

FEWEST = 8
"""Of fewer numbers none is unusual."""


def fit(ground: Ground, memory: Sequence[Rows], spread: float) -> Fitted:
    """Fences that are known hold; all numbers are told on which side of them they lie."""
    fences = joined(memory)
    if not fences.num_rows:
        fences = pa.table([[POOLED], *([x] for x in _fences(ground.signs, spread))], schema=CUTS)
    told = ground.meet("levels", ground.signs, "sample_id", Levels(fences), as_they_are)
    return Fitted(told.rows("levels"), ground.held("fences", fences))


def _fences(signs: Sequence[Rows], spread: float) -> tuple[float, float]:
    count = sum(map(len, numbers_in(signs)))
    if count < FEWEST:
        return -np.inf, np.inf
    low, high = pooled(signs, count, into=4)
    reach = spread * (high - low)
    return float(np.nextafter(low - reach, -np.inf)), high + reach  # a number on a fence is inside
