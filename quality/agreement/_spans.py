"""Krippendorff's alpha for unitizing (alpha_U): whether raters mark the same stretches of a text or a recording.

Krippendorff, On the reliability of unitizing continuous data, Sociological Methodology 25 (1995), in the form of his
Content Analysis (2004), section 11.6. Items lie end to end; stretches and gaps never reach from one into the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from affectory.quality.agreement._coded import Floats

Span = tuple[float, float]


@dataclass(frozen=True)
class Marked:
    """An item with what each of its raters marked; a length that nobody gave ends with the last mark."""

    raters: Sequence[Sequence[Span]]
    length: float

    @classmethod
    def of(cls, raters: Sequence[Sequence[Span]], length: float | None = None) -> "Marked":
        """Marks of one rater that overlap are one; what lies beyond the item is cut off."""
        ends = [end for marks in raters for _, end in marks]
        whole = length if length is not None else max(ends, default=0.0)
        return cls([_joined(marks, whole) for marks in raters], whole)


def _joined(marks: Sequence[Span], length: float) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted((max(0.0, float(a)), min(float(b), length)) for a, b in marks):
        if end <= start:
            continue
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def unitizing_alpha(items: Sequence[Marked], weights: Floats | None = None) -> float:
    """Alpha of stretches: 1 where all agree, 0 as by chance; NaN where nobody marked anything, or only one rated.

    Where items have differing raters each counts as often as it was rated.
    """
    often = np.ones(len(items)) if weights is None else weights
    used = [(item, w) for item, w in zip(items, often, strict=True) if len(item.raters) > 1 and item.length > 0 and w]
    length = sum(item.length * w for item, w in used)
    coded = sum(item.length * len(item.raters) * w for item, w in used)
    observed = sum(_observed(item) / (len(item.raters) - 1) * w for item, w in used)
    expected = _expected(used, length, coded)
    return 1 - observed / (coded * length) / expected if expected > 0 else float("nan")


def _observed(item: Marked) -> float:
    """Over ordered pairs of raters."""
    return 2 * sum(_apart(a, b, item.length) for a, b in combinations(item.raters, 2))


def _apart(a: Sequence[Span], b: Sequence[Span], length: float) -> float:
    """Squared distances of ends where marks meet; squared lengths of marks that lie in a gap of the other."""
    met = [(x, y) for x in a for y in b if x[0] < y[1] and y[0] < x[1]]
    ends = sum((x[0] - y[0]) ** 2 + (x[1] - y[1]) ** 2 for x, y in met)
    return ends + _alone(a, b) + _alone(b, a)


def _alone(marks: Sequence[Span], others: Sequence[Span]) -> float:
    return sum((x[1] - x[0]) ** 2 for x in marks if not any(x[0] < y[1] and y[0] < x[1] for y in others))


def _expected(used: Sequence[tuple[Marked, float]], length: float, coded: float) -> float:
    """What marks and gaps would differ by if they were put together at random."""
    marks = [(end - start, w) for item, w in used for raters in item.raters for start, end in raters]
    gaps = [(gap, w) for item, w in used for raters in item.raters for gap in _gaps(raters, item.length)]
    if not marks:
        return 0.0
    long, often = (np.array(column, np.float64) for column in zip(*marks, strict=True))
    free, each = (np.array(column, np.float64) for column in zip(*(gaps or [(0.0, 0.0)]), strict=True))
    met = (often.sum() - 1) / 3 * (2 * long**3 - 3 * long**2 + long)
    room = np.array([(np.maximum(free - one + 1, 0) * (free >= one) * each).sum() for one in long])
    ways = coded * (coded - 1) - (often * long * (long - 1)).sum()
    return float(2 / length * (often * (met + long**2 * room)).sum() / ways) if ways > 0 else 0.0


def _gaps(marks: Sequence[Span], length: float) -> list[float]:
    starts = [0.0, *(end for _, end in marks)]
    ends = [*(start for start, _ in marks), length]
    return [end - start for start, end in zip(starts, ends, strict=True) if end > start]
