"""Maps from what a model says of its own confidence to how often it is right, fitted on items whose truth is known.

None falls anywhere, so that no order among answers is turned round. With little to learn from, the logistic ones stay
near what was said; steps do not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_EDGE = 1e-3


class ConfidenceMap(Protocol):
    """A fitted map."""

    def apply(self, confidence: Floats) -> Floats: ...


@dataclass(frozen=True)
class Logistic:
    """Logistic in features of the confidence; of numbers 0 to 1, also 0 and 1 themselves."""

    weights: tuple[float, ...]

    def apply(self, confidence: Floats) -> Floats:
        """Calibrated confidences."""
        return _share(list(self.weights), _features(confidence, len(self.weights)))


@dataclass(frozen=True)
class Steps:
    """Rises from point to point and is flat outside them."""

    at: Floats
    values: Floats

    def apply(self, confidence: Floats) -> Floats:
        """Calibrated confidences."""
        return np.interp(confidence, self.at, self.values) if len(self.at) else np.asarray(confidence, np.float64)


def fit_platt(confidence: Floats, correct: Floats) -> Logistic:
    """Two numbers: a slope of the log odds, and a shift."""
    return _logistic(confidence, correct, (1.0, 0.0))


def fit_beta(confidence: Floats, correct: Floats) -> Logistic:
    """Three numbers: slopes of the logarithms of what is said for and against, and a shift."""
    return _logistic(confidence, correct, (1.0, 1.0, 0.0))


def fit_isotonic(confidence: Floats, correct: Floats) -> Steps:
    """The rising map with the least squared error (pool adjacent violators)."""
    at, tie = np.unique(confidence, return_inverse=True)
    if not len(at):
        return Steps(at, at)
    blocks: list[tuple[float, float, int]] = []
    for total, count in zip(np.bincount(tie, weights=correct), np.bincount(tie), strict=True):
        blocks.append((float(total), float(count), 1))
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            first = blocks.pop()
            blocks.append((first[0] + last[0], first[1] + last[1], first[2] + last[2]))
    values = np.repeat([total / count for total, count, _ in blocks], [points for _, _, points in blocks])
    return Steps(at, values)


CONFIDENCE_MAPS: dict[str, Callable[[Floats, Floats], ConfidenceMap]] = {
    "beta": fit_beta,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}


def _features(confidence: Floats, count: int) -> list[Floats]:
    inside = np.clip(np.asarray(confidence, np.float64), _EDGE, 1 - _EDGE)
    for_it, against = np.log(inside), -np.log1p(-inside)
    one = np.ones_like(inside)
    return [for_it + against, one] if count == 2 else [for_it, against, one]


def _share(weights: list[float], features: list[Floats]) -> Floats:
    total = np.clip(sum(w * x for w, x in zip(weights, features, strict=True)), -500, 500)
    share: Floats = 1 / (1 + np.exp(-total))
    return share


def _logistic(confidence: Floats, correct: Floats, start: tuple[float, ...]) -> Logistic:
    """Fitted by Newton steps with one pseudo-item's worth of pull to the start; a slope that would fall becomes 0."""
    features = _features(confidence, len(start))
    fixed: tuple[int, ...] = ()
    while True:
        weights = _newton(features, correct, start, fixed)
        falling = tuple(i for i in range(len(start) - 1) if weights[i] < 0)
        if not falling:
            return Logistic(weights)
        fixed = tuple(sorted({*fixed, *falling}))


def _newton(
    features: list[Floats], correct: Floats, start: tuple[float, ...], fixed: tuple[int, ...]
) -> tuple[float, ...]:
    def merit(weights: list[float]) -> float:
        total = np.clip(sum(w * x for w, x in zip(weights, features, strict=True)), -500, 500)
        pull = sum((w - s) ** 2 for w, s in zip(weights, start, strict=True))
        return float((correct * total - np.logaddexp(0, total)).sum()) - pull / 2

    weights = [0.0 if i in fixed else w for i, w in enumerate(start)]
    for _ in range(100):
        step = _step(features, correct, weights, start, fixed)
        size = 1.0
        while merit(moved := [w + size * s for w, s in zip(weights, step, strict=True)]) < merit(weights):
            size /= 2
            if size < 1e-9:
                return tuple(weights)
        weights = moved
        if max(map(abs, step)) < 1e-10:
            break
    return tuple(weights)


def _step(
    features: list[Floats], correct: Floats, weights: list[float], start: tuple[float, ...], fixed: tuple[int, ...]
) -> list[float]:
    """Newton's step, 0 for what is fixed."""
    said = _share(weights, features)
    free = [i for i in range(len(start)) if i not in fixed]
    slope = [float((features[i] * (correct - said)).sum()) - (weights[i] - start[i]) for i in free]
    curve = [[float((features[i] * features[j] * said * (1 - said)).sum()) + (i == j) for j in free] for i in free]
    found = dict(zip(free, _solved(curve, slope), strict=True))
    return [found.get(i, 0.0) for i in range(len(start))]


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """A small positive definite system by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i, pivot in enumerate(rows):
        for row in rows[i + 1 :]:
            factor = row[i] / pivot[i]
            row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    found = [0.0] * len(rows)
    for i in reversed(range(len(rows))):
        found[i] = (rows[i][-1] - sum(rows[i][j] * found[j] for j in range(i + 1, len(rows)))) / rows[i][i]
    return found
