"""Numbers as audits give them: so many digits as are the same on processors of different makes."""

import numpy as np

from affectory.quality.audits._audited import Measure
from affectory.quality.audits._chance import Floats, wilson

DIGITS = 6


def measure(
    what: str,
    value: float,
    between: tuple[float, float] | None = None,
    p: float | None = None,
    large: bool = False,
) -> Measure:
    """A number with its interval; it accuses of nothing unless it is said to be large."""
    low, high = (None, None) if between is None else (round(float(end), DIGITS) for end in between)
    return Measure(what, round(float(value), DIGITS), low, high, p, bool(large))


def share(what: str, hits: float, of: float, large: bool = False) -> Measure:
    """A share with Wilson's interval."""
    return measure(what, float(hits) / max(1.0, float(of)), wilson(float(hits), float(of)), None, large)


def how_often(value: float, null: Floats) -> float:
    """How often chance gives as much (p)."""
    return float((1 + np.count_nonzero(null >= value - 1e-9)) / (1 + len(null)))
