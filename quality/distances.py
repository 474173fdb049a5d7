"""How far soft labels lie apart: one number for each pair of rows of two matrices (samples x labels).

A label that neither row has (NaN in both) is left out of that pair. Where only one has it the two were asked different
things, and their distance is NaN.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-12
"""The least probability that a logarithm is taken of."""

Floats = NDArray[np.float64]


def manhattan(target: Any, said: Any) -> Floats:
    """The sum of the differences: 0 to 2 for two distributions."""
    a, b, _ = _pairs(target, said)
    return np.asarray(np.abs(a - b).sum(axis=1))


def manhattan_mean(target: Any, said: Any) -> Floats:
    """The mean difference of a label."""
    a, b, size = _pairs(target, said)
    return _share(np.abs(a - b).sum(axis=1), size)


def total_variation(target: Any, said: Any) -> Floats:
    """The share of the whole that lies on other labels: 0 to 1 for two distributions."""
    return manhattan(target, said) / 2


def wasserstein(target: Any, said: Any) -> Floats:
    """The least work that turns one into the other, labels being steps of one: for grades, whose order means something.

    It is the sum of the differences between the cumulated rows.
    """
    a, b, _ = _pairs(target, said)
    return np.asarray(np.abs(np.cumsum(a - b, axis=1)).sum(axis=1))


def cross_entropy(target: Any, said: Any, epsilon: float = EPSILON) -> Floats:
    """In nats: what the target costs in the words of the other, which is no less than `epsilon` anywhere."""
    a, b, _ = _pairs(target, said)
    return np.asarray(-(a * np.log(np.maximum(b, epsilon))).sum(axis=1))


def kullback_leibler(target: Any, said: Any, epsilon: float = EPSILON) -> Floats:
    """In nats: the cross-entropy beyond the target's own entropy."""
    a, b, _ = _pairs(target, said)
    return _relative(a, np.maximum(b, epsilon))


def jensen_shannon(target: Any, said: Any) -> Floats:
    """The divergence of both from their mean, in bits: 0 where they are one, 1 where they share nothing."""
    a, b, _ = _pairs(target, said)
    middle = (a + b) / 2
    bits = (_relative(a, middle) + _relative(b, middle)) / 2 / np.log(2)
    return np.asarray(np.maximum(bits, 0.0))


def cosine(target: Any, said: Any) -> Floats:
    """The similarity of direction, 1 where it is the same; NaN for a row of zeros, which has none."""
    a, b, _ = _pairs(target, said)
    lengths = np.sqrt((a * a).sum(axis=1)) * np.sqrt((b * b).sum(axis=1))
    return _share((a * b).sum(axis=1), lengths)


def normalised_absolute_distance(
    target: Any, said: Any, grades: int, of: Literal["samples", "annotators"] = "samples"
) -> Floats:
    """How far predicted judgements of annotators (samples x annotators, NaN where one did not judge) lie from theirs,
    as a share of the scale: a mean for each sample, or for each annotator.

    The scale is as long as it has `grades`, as in LeWiDi 2025 (11 for paraphrases, 6 for sarcasm): not one less.
    """
    if grades < 1:
        raise ValueError(f"a scale of {grades} grades")
    a, b = _matrix(target), _matrix(said)
    judged = ~np.isnan(a) & ~np.isnan(b)
    axis = 1 if of == "samples" else 0
    return _share(np.where(judged, np.abs(a - b), 0.0).sum(axis=axis) / grades, judged.sum(axis=axis))


def _relative(a: Floats, b: Floats) -> Floats:
    there = a > 0
    ratio = np.divide(a, b, out=np.ones_like(a), where=there)
    return np.asarray((np.where(there, a, 0.0) * np.log(ratio)).sum(axis=1) + 0.0 * b.sum(axis=1))


def _pairs(target: Any, said: Any) -> tuple[Floats, Floats, Floats]:
    """Both with zeros for what neither has, NaN throughout where only one has it, and how many labels are left."""
    a, b = np.broadcast_arrays(_matrix(target), _matrix(said))
    absent = np.isnan(a)
    different = (absent != np.isnan(b)).any(axis=1, keepdims=True) | absent.all(axis=1, keepdims=True)
    a, b = (np.where(different, np.nan, np.where(absent, 0.0, x)) for x in (a, b))
    return a, b, np.asarray((~absent).sum(axis=1), np.float64)


def _matrix(given: Any) -> Floats:
    rows = np.asarray(given, np.float64)
    return rows if rows.ndim == 2 else np.atleast_2d(rows)


def _share(part: Floats, whole: Any) -> Floats:
    whole = np.asarray(whole, np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
