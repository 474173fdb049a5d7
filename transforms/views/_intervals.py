"""Intervals of 95 % for what few raters say."""

from statistics import NormalDist

import numpy as np

from affectory.transforms.views._grouping import Floats

LEVEL = 0.95


def mean_interval(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each column's mean over raters (rows) where its interval begins and ends, by Student's t, and the standard
    deviation among them; NaN where there are fewer than two, of whom nothing can be said."""
    known = (~np.isnan(rows)).sum(axis=0)
    several = known > 1
    count = np.maximum(known, 1).astype(np.float64)
    mean = np.nan_to_num(rows).sum(axis=0) / count
    squares = np.where(np.isnan(rows), 0.0, rows - mean)
    spread = np.sqrt((squares * squares).sum(axis=0) / count)
    far = _t(known) * spread / np.sqrt(np.maximum(count - 1, 1))
    low, high, spread = (np.where(several, x, np.nan) for x in (mean - far, mean + far, spread))
    return low, high, spread


def _t(known: Floats) -> Floats:
    """Student's quantile for so many raters; it is asked of each number once."""
    from scipy.special import stdtrit  # slow to import

    counts, place = np.unique(np.maximum(known - 1, 1), return_inverse=True)
    quantiles: Floats = stdtrit(counts.astype(np.float64), 0.5 + LEVEL / 2)[place]
    return quantiles


def share_interval(shares: Floats, count: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Wilson's interval of mean shares of so many raters; all of 0 to 1 where there is none. Answers between 0 and 1
    cannot scatter more than whole votes, so it is never too narrow, not of a single rater either."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    middle = shares * count + z * z / 2
    far = z * np.sqrt(np.maximum(shares * (1 - shares), 0.0) * count + z * z / 4)
    low, high = (np.clip((middle + side * far) / (count + z * z), 0.0, 1.0) for side in (-1, 1))
    return low, high
