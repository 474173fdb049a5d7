"""Does a confidence of 0.8 mean right in 8 of 10? Measures of that, for one confidence each or whole distributions.

`correct` may be the share of people who agree: labels here are distributions, and a model that gives 0.6 where 6 of 10
people say so is well calibrated. Items with a NaN are left out, and no row's place among the others changes a number.
Where a number cannot be had it is NaN (None for the AUC), and a report says why in words.
"""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from affectory.schemas.errors import UserError
from affectory.transforms.views._confidence import CONFIDENCE_MAPS
from affectory.transforms.views._intervals import share_interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Edges = Literal["closed", "open"]

FEW = 100
"""With fewer items the ECE is mostly noise."""


def ece(confidence: ArrayLike, correct: ArrayLike, bins: int = 10, edges: Edges = "closed") -> float:
    """Expected calibration error: by bins of equal width, how far mean confidence is from the share that is correct.

    A bin holds its lower edge; the last one holds 1.0 too (`closed`). With `open`, as in EmoCaliber, 1.0 is in no bin
    and counts as if it were without error.
    """
    said, right = _pair(confidence, correct)
    return _error(said, right, _places(said, bins, edges), bins)


def adaptive_ece(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float:
    """The same with bins that hold equally many; equal confidences share what is correct among them evenly."""
    said, right = _pair(confidence, correct)
    _, tie = np.unique(said, return_inverse=True)
    shared = (np.bincount(tie, weights=right) / np.bincount(tie))[tie] if len(said) else right
    order = np.argsort(said, kind="stable")
    places = np.arange(len(said)) * bins // max(len(said), 1)
    return _error(said[order], shared[order], places, bins)


def brier(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Mean squared error; of distributions (items x labels) the sum over labels. Truth may be soft."""
    said, true = _pair(probabilities, truth)
    squares = (said - true) ** 2
    return _mean(squares if squares.ndim == 1 else squares.sum(axis=1))


def nll(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Mean negative log-likelihood in nats, infinite where what is true was held impossible. Truth may be soft."""
    said, true = _pair(probabilities, truth)
    if said.ndim == 1:
        said, true = (np.stack([1 - x, x], axis=1) for x in (said, true))
    with np.errstate(divide="ignore"):
        terms = true * np.where(true > 0, np.log(np.maximum(said, 0)), 0.0)
    return _mean(-terms.sum(axis=1))


def roc_auc(confidence: ArrayLike, correct: ArrayLike) -> float | None:
    """How often what is correct has the higher confidence, ties counting half; None where all or none is correct."""
    said, right = _pair(confidence, correct)
    _, tie = np.unique(said, return_inverse=True)
    good, bad = (np.bincount(tie, weights=x) if len(said) else np.zeros(0) for x in (right, 1 - right))
    if not good.sum() * bad.sum():
        return None
    return float((good * (np.cumsum(bad) - bad / 2)).sum() / (good.sum() * bad.sum()))


def wilson(share: ArrayLike, count: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """The interval in which a share lies of which `count` items were seen; all of 0 to 1 where none was."""
    return share_interval(np.nan_to_num(np.asarray(share, np.float64)), np.asarray(count, np.float64), level)


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10, level: float = 0.95) -> pa.Table:
    """A row for each bin, the empty ones too: what was said, what was correct, and Wilson's interval of that."""
    said, right = _pair(confidence, correct)
    places = _places(said, bins, "closed")
    count = np.bincount(places, minlength=bins)
    means = [_bin_means(places, x, count, bins) for x in (said, right)]
    low, high = wilson(means[1], count, level)
    columns = {"confidence": means[0], "correct": means[1], "correct_low": low, "correct_high": high}
    floats = {name: pa.array(values, mask=count == 0) for name, values in columns.items()}
    ends = np.arange(bins + 1) / bins
    return pa.table({"low": ends[:-1], "high": ends[1:], "count": pa.array(count, pa.int64()), **floats})


def first_choice(probabilities: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    """Of distributions the confidence in their first choice, and the share of people who agree with it."""
    said, true = _pair(probabilities, truth)
    if not len(said):
        return np.zeros(0), np.zeros(0)
    rows, first = np.arange(len(said)), said.argmax(axis=1)
    return said[rows, first], true[rows, first]


@dataclass(frozen=True)
class CalibrationReport:
    """How well confidences fit what turned out to be correct, and in words what is lacking."""

    count: int
    ece: float
    adaptive_ece: float
    brier: float
    nll: float
    roc_auc: float | None
    state: str | None


def calibration_report(probabilities: ArrayLike, truth: ArrayLike, bins: int = 10) -> CalibrationReport:
    """Of confidences (items), or of distributions against people's (items x labels; ECE, AUC of the first choice)."""
    said, true = _pair(probabilities, truth)
    top, agreed = first_choice(said, true) if said.ndim == 2 else (said, true)
    errors = ece(top, agreed, bins), adaptive_ece(top, agreed, bins)
    auc = roc_auc(top, agreed)
    return CalibrationReport(len(said), *errors, brier(said, true), nll(said, true), auc, _state(len(said), auc))


@dataclass(frozen=True)
class ConfidenceCalibration:
    """Confidences after a map that was fitted on one split, and how good they are on the other, before and after."""

    calibrated: Floats
    before: CalibrationReport
    after: CalibrationReport
    fitted_on: int

    @property
    def helps(self) -> bool:
        """Whether both the error and the score are better on items that the map was not fitted on."""
        return self.after.ece < self.before.ece and self.after.brier < self.before.brier


def calibrate(
    confidence: ArrayLike, correct: ArrayLike, split: ArrayLike, method: str = "beta"
) -> ConfidenceCalibration:
    """Calibrate what models say of themselves: fitted where `split` is true, reported where it is false.

    Methods: `beta` (three numbers; can leave as it is what is calibrated), `platt` (two), `isotonic` (any rising map;
    needs hundreds of items).
    """
    if method not in CONFIDENCE_MAPS:
        raise UserError(f"no way to calibrate confidences is called {method!r}", f"one of {', '.join(CONFIDENCE_MAPS)}")
    said, right = (np.asarray(x, np.float64) for x in (confidence, correct))
    fitting = np.asarray(split, dtype=bool)
    known = np.isfinite(said) & np.isfinite(right)
    mapped = CONFIDENCE_MAPS[method](said[fitting & known], right[fitting & known])
    calibrated = np.where(np.isfinite(said), mapped.apply(np.nan_to_num(said)), np.nan)
    before, after = (calibration_report(x[~fitting], right[~fitting]) for x in (said, calibrated))
    return ConfidenceCalibration(calibrated, before, after, int((fitting & known).sum()))


@dataclass(frozen=True)
class Reward:
    """EmoCaliber's reward of an answer with a confidence, and its parts."""

    score: float
    format_score: int
    confidence_score: float
    correctness: int
    brier_score: float
    confidence: float


THOUGHTS = ("element", "human", "context", "interaction", "analysis")
_MALFORMED = Reward(-5, 0, -5, 0, -1, 1)


def emocaliber_reward(response: str, truth: str) -> Reward:
    """1 for the form, 1 for a correct answer, and twice the log-likelihood of having been right or wrong."""
    think, answer, said = (_inside(response, tag) for tag in ("think", "answer", "confidence"))
    if think is None or answer is None or said is None or any(_inside(think, tag) is None for tag in THOUGHTS):
        return _MALFORMED
    confidence = _number(said)
    if not 0 < confidence < 1:
        return _MALFORMED
    words = answer.translate(str.maketrans("", "", string.punctuation)).lower().split()
    right = int(words == [truth.lower()])
    gained = 2 * float(np.log(confidence if right else 1 - confidence))
    return Reward(1 + gained + right, 1, gained, right, -((confidence - right) ** 2), confidence)


def _inside(text: str, tag: str) -> str | None:
    found = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return found.group(1).strip() if found else None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _pair(said: ArrayLike, true: ArrayLike) -> tuple[Floats, Floats]:
    both = np.asarray(said, np.float64), np.asarray(true, np.float64)
    if both[0].shape != both[1].shape:
        raise UserError("confidences and what was correct are not as many", f"{both[0].shape} and {both[1].shape}")
    known = np.isfinite(both[0] + both[1]).all(axis=tuple(range(1, both[0].ndim)))
    return both[0][known], both[1][known]


def _places(said: Floats, bins: int, edges: Edges) -> Ints:
    """The bin of each confidence, -1 for none; 0.7 begins a bin although 0.7 * 10 may fall short of 7."""
    if edges == "open":
        found = np.searchsorted(np.linspace(0, 1, bins + 1), said, side="right") - 1
        return np.where(found < bins, found, -1).astype(np.int64)
    return np.clip(np.floor(said * bins + 1e-6), 0, bins - 1).astype(np.int64)


def _error(said: Floats, right: Floats, places: Ints, bins: int) -> float:
    if not len(said):
        return float("nan")
    inside = places >= 0
    gaps = np.bincount(places[inside], weights=(right - said)[inside], minlength=bins)
    return float(np.abs(gaps).sum() / len(said))


def _bin_means(places: Ints, values: Floats, count: Any, bins: int) -> Floats:
    sums = np.bincount(places, weights=values, minlength=bins)
    means: Floats = np.divide(sums, count, out=np.zeros(bins), where=count > 0)
    return means


def _mean(values: Floats) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _state(count: int, auc: float | None) -> str | None:
    said: Sequence[str] = [
        "no items" if not count else f"few items ({count})" if count < FEW else "",
        "all or none correct" if count and auc is None else "",
    ]
    return ", ".join(filter(None, said)) or None
