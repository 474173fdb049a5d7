"""Shares that may be so large and no larger: whether a share is beyond that, and not by chance."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from affectory.quality.audits._audited import Measure
from affectory.quality.audits._chance import Floats, wilson
from affectory.quality.audits._numbers import DIGITS, measure


def beyond(hits: int, of: int, most: float) -> float:
    """How often so many hits or more come of tries that hit as often as they may at most."""
    if hits <= 0 or not of:
        return 1.0
    if most <= 0:
        return 0.0
    from scipy.special import betainc  # slow to import

    return float(f"{betainc(hits, of - hits + 1, min(most, 1.0)):.{DIGITS}g}")


def share(what: str, hits: int, of: int, most: float) -> Measure:
    """A share with its interval; it accuses where it is above `most` by more than chance."""
    value = hits / of if of else 0.0
    return measure(what, value, wilson(hits, of), beyond(hits, of, most), value > most)


def rounded(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line for people, its numbers with so many digits as are the same everywhere."""
    return {name: round(value, DIGITS) if isinstance(value, float) else value for name, value in line.items()}


def percent(value: float) -> str:
    """A share as people read it."""
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def interval(drawn: Floats, level: float = 0.95) -> tuple[float, float]:
    """Between what lie so many of the draws."""
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
