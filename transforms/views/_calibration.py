"""What people say where a model says this: maps from a model's distributions to people's, fitted on samples with both.

How the `bayes` view uses it, for each model and prompt apart (`rater` and `asked` of its opinions):

    chosen = selection_weights(probability)              # shown.probability of people's opinions, a number a sample
    fitted = fit_calibration(probs, votes, chosen.weights)
    rows |= fitted.to_rows("model/prompt")               # dict of lists of floats, for a table FIT
    Calibration.from_rows(rows, "model/prompt").apply(probs)

`probs` are the model's distributions (samples x labels, NaN for what it was not asked), `votes` people's votes about
the same samples, not divided by how many they are. `apply` gives the distribution of people's votes to expect.
`strength` says how many people's votes that is worth: people's votes lie around it like those of a Dirichlet of that
many pseudo-votes. It is 0 where no sample has both, so that a model that was never compared with people adds nothing.

The map is a softmax of a linear map of the logarithms (Dirichlet calibration). It is pulled to one temperature, by as
much as samples left out of the fit ask for, and the temperature to 1: few samples give the temperature only, one sample
hardly that. Votes about one sample are alike and weights are unequal, so what counts is not votes but `effective` ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.views._descent import lowest

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_FLOOR = 1e-3
_FOLDS = 4
_MOST_TRIED, _MOST_FITTED = 2_000, 20_000
_ROUGHLY = 1e-5
_PRIOR_ALIKE, _PRIOR_PAIRS = 0.5, 20.0


@dataclass(frozen=True)
class Selection:
    """What a sample counts for, as it was chosen: 1 on average over those that are used, 0 for those that are not."""

    weights: Floats
    clipped: int
    left_out: int


def selection_weights(probability: Floats) -> Selection:
    """Inverse probabilities of having been chosen; where none is known, all samples count alike.

    None has more of the whole than one over the root of how many there are: without that a sample chosen by a rare
    chance would decide everything.
    """
    known = np.isfinite(probability) & (probability > 0) & (probability <= 1)
    if not known.any():
        return Selection(np.ones(len(probability)), 0, 0)
    weights = np.divide(1.0, probability, out=np.zeros(len(probability)), where=known)
    most = float(weights.max())
    for _ in range(100):
        most = min(most, float(np.minimum(weights, most).sum() / np.sqrt(known.sum())))
    clipped = np.minimum(weights, most)
    return Selection(clipped / clipped.sum() * known.sum(), int((weights > most).sum()), int((~known).sum()))


@dataclass(frozen=True)
class Calibration:
    """A fitted map. `slopes` and `shift` act on logarithms; `samples` were fitted on, worth `effective` votes.

    Of the samples `clipped` were chosen so rarely that they count less than they should.
    """

    slopes: Floats
    shift: Floats
    samples: int
    effective: float
    strength: float
    clipped: int = 0

    @property
    def temperature(self) -> float:
        """By what the logarithms are divided on average; infinite where the model says nothing about people."""
        mean = float(np.trace(self.slopes)) / max(len(self.shift), 1)
        return 1 / mean if mean > 0 else float("inf")

    def apply(self, probs: Floats) -> Floats:
        """People's distributions to expect; NaN for labels that the model was not asked about."""
        asked = ~np.isnan(probs)
        found = _softmax(_mapped(_logs(probs), self.slopes, self.shift), asked)
        found[~(asked & _usable(probs)[:, None])] = np.nan
        return found

    def to_rows(self, name: str) -> dict[str, list[float]]:
        """As numbers by name."""
        about = [float(self.samples), self.effective, self.strength, float(self.clipped)]
        return {
            f"{name}/about": about,
            f"{name}/shift": self.shift.tolist(),
            f"{name}/slopes": self.slopes.ravel().tolist(),
        }

    @classmethod
    def from_rows(cls, rows: Mapping[str, Sequence[float]], name: str) -> "Calibration":
        """From what `to_rows` gave."""
        samples, effective, strength, clipped = rows[f"{name}/about"]
        shift, slopes = (np.array(rows[f"{name}/{part}"], dtype=np.float64) for part in ("shift", "slopes"))
        return cls(slopes.reshape(len(shift), -1), shift, int(samples), effective, strength, int(clipped))

    @classmethod
    def untouched(cls, labels: int) -> "Calibration":
        """The map of a model that nothing is known about: what it says, worth no vote."""
        return cls(np.eye(labels), np.zeros(labels), 0, 0.0, 0.0)


def fit_calibration(probs: Floats, votes: Floats, weights: Floats | None = None) -> Calibration:
    """The map that makes people's votes most likely; rows in an order that is always the same, by sample id."""
    given = _given(probs, votes, np.ones(len(probs)) if weights is None else weights)
    if not given.rows:
        return Calibration.untouched(probs.shape[1])
    given = given.some(_spread(given.rows, _MOST_FITTED))
    given = _weighed(given, _said(given, *_fitted(given, _TEMPERATURE)))
    tried = given.some(_spread(given.rows, _MOST_TRIED))
    kind, left_out = _chosen(tried)
    alike = _clustering(tried, left_out)
    return Calibration(*_fitted(given, kind), given.rows, given.effective, 1 / alike - 1)


@dataclass(frozen=True)
class _Given:
    """What a fit sees: logarithms, shares of votes, how many votes these are, what labels both sides were asked."""

    logs: Floats
    shares: Floats
    asked: Bools
    totals: Floats
    weights: Floats
    worth: Floats
    """How many independent votes a sample's votes are worth."""

    @property
    def rows(self) -> int:
        return len(self.logs)

    @property
    def effective(self) -> float:
        """Independent votes of equal weight that tell as much (Kish)."""
        total = (self.weights * self.worth).sum()
        return float(total**2 / (self.weights**2 * self.worth).sum())

    @property
    def parts(self) -> Floats:
        """What each sample counts for; the sum is `effective`."""
        counts = self.weights * self.worth
        parts: Floats = counts * (self.effective / counts.sum())
        return parts

    def some(self, used: Bools) -> "_Given":
        weights, worth = self.weights[used], self.worth[used]
        return _Given(self.logs[used], self.shares[used], self.asked[used], self.totals[used], weights, worth)


@dataclass(frozen=True)
class _Kind:
    """Which numbers of a map may differ from one temperature, and how far (0: not at all)."""

    each: float = 0.0
    across: float = 0.0

    def widths(self, labels: int) -> Floats:
        """Of the slope of all, of shifts, of slopes of each, of slopes across: by how much they are free."""
        across = np.full((labels, labels), self.across / np.sqrt(max(labels - 1, 1)))
        np.fill_diagonal(across, 0.0)
        each = np.full(2 * labels, self.each)
        return np.concatenate([[1.0], each, across.ravel()])


_TEMPERATURE = _Kind()
_RICHER = tuple(_Kind(pull, pull * across) for across in (0, 1) for pull in (0.3, 1.0, 3.0))


def _given(probs: Floats, votes: Floats, weights: Floats) -> _Given:
    asked = ~np.isnan(probs) & ~np.isnan(votes)
    counts = np.where(asked, np.nan_to_num(votes), 0.0)
    totals = counts.sum(axis=1)
    good = (counts >= 0).all(axis=1) & np.isfinite(totals) & (totals > 0) & np.isfinite(weights) & (weights > 0)
    used = good & _usable(probs)
    totals = totals[used]
    shares = counts[used] / totals[:, None]
    return _Given(_logs(probs[used]), shares, asked[used], totals, weights[used], totals)


def _usable(probs: Floats) -> Bools:
    clean = np.nan_to_num(probs, posinf=-1.0)
    usable: Bools = (clean >= 0).all(axis=1) & (clean.sum(axis=1) > 0)
    return usable


def _logs(probs: Floats) -> Floats:
    """Logarithms of distributions, never too low, around 0; 0 for what was not asked."""
    asked = ~np.isnan(probs)
    clean = np.where(asked & np.isfinite(probs), np.maximum(probs, 0.0), 0.0)
    logs = np.log(clean / np.maximum(clean.sum(axis=1, keepdims=True), 1e-300) + _FLOOR)
    middle = (logs * asked).sum(axis=1, keepdims=True) / np.maximum(asked.sum(axis=1, keepdims=True), 1)
    return np.where(asked, logs - middle, 0.0)


def _mapped(logs: Floats, slopes: Floats, shift: Floats) -> Floats:
    mapped: Floats = np.einsum("nj,kj->nk", logs, slopes) + shift
    return mapped


def _softmax(logits: Floats, asked: Bools) -> Floats:
    top = np.where(asked, logits, -np.inf).max(axis=1, initial=-1e300, keepdims=True)
    raised = np.where(asked, np.exp(np.minimum(logits - top, 0.0)), 0.0)
    found: Floats = raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-300)
    return found


def _parts_of(numbers: Floats, labels: int) -> tuple[Floats, Floats]:
    """Slopes and shift of what is fitted: a slope of all, shifts, slopes of each, slopes across."""
    shift, each = numbers[1 : 1 + labels], numbers[1 + labels : 1 + 2 * labels]
    slopes = numbers[1 + 2 * labels :].reshape(labels, labels) + np.diag(numbers[0] + each)
    return slopes, shift


def _said(given: _Given, slopes: Floats, shift: Floats) -> Floats:
    return _softmax(_mapped(given.logs, slopes, shift), given.asked)


def _fitted(given: _Given, kind: _Kind, close: float = 1e-7) -> tuple[Floats, Floats]:
    labels = given.logs.shape[1]
    widths = kind.widths(labels)
    free = widths > 0
    parts = given.parts[:, None]

    def loss(scaled: Floats) -> tuple[float, Floats]:
        numbers = np.zeros(len(widths))
        numbers[0] = 1.0
        numbers[free] += scaled * widths[free]
        said = _said(given, *_parts_of(numbers, labels))
        missed = parts * (said - given.shares)
        each = (missed * given.logs).sum(axis=0)
        across = np.einsum("nk,nj->kj", missed, given.logs) if kind.across else np.zeros((labels, labels))
        slope = np.concatenate([[each.sum()], missed.sum(axis=0), each, across.ravel()])
        value = -(parts * given.shares * np.log(np.maximum(said, 1e-300))).sum() + (scaled**2).sum() / 2
        return float(value), slope[free] * widths[free] + scaled

    numbers = np.zeros(len(widths))
    numbers[0] = 1.0
    numbers[free] += lowest(loss, np.zeros(int(free.sum())), close) * widths[free]
    numbers[0] = max(numbers[0], 0.0) if kind is _TEMPERATURE else numbers[0]
    return _parts_of(numbers, labels)


def _clustering(given: _Given, said: Floats) -> float:
    """How alike votes about one sample are beyond what is said of it: near 0 not at all, 1 always the same.

    Pulled to half, as a model that is worth one vote would have it, for want of samples with several votes.
    """
    off = (given.totals[:, None] ** 2 * (given.shares - said) ** 2).sum(axis=1)
    alone = given.totals * (1 - (said**2).sum(axis=1))
    several = given.totals > 1
    counts = given.weights * several
    pairs = (counts * alone * (given.totals - 1)).sum() + _PRIOR_PAIRS
    excess = (counts * (off - alone)).sum() + _PRIOR_PAIRS * _PRIOR_ALIKE
    return float(np.clip(excess / pairs, 1e-3, 1))


def _weighed(given: _Given, said: Floats) -> _Given:
    worth = given.totals / (1 + np.maximum(given.totals - 1, 0) * _clustering(given, said))
    return _Given(given.logs, given.shares, given.asked, given.totals, given.weights, worth)


def _chosen(given: _Given) -> tuple[_Kind, Floats]:
    """The kind of map that does best on samples left out, and what it says of these.

    A richer one than a temperature is taken only where the gain is more than chance.
    """
    if given.rows < 2 * _FOLDS:
        return _TEMPERATURE, _said(given, *_fitted(given, _TEMPERATURE))
    best, said, most = _TEMPERATURE, _left_out(given, _TEMPERATURE), 0.0
    base = _likelihood(given, said)
    for kind in _RICHER:
        other = _left_out(given, kind)
        gains = _likelihood(given, other) - base
        gain = float(gains.sum())
        error = float(np.sqrt(((gains - gain / len(gains)) ** 2).sum()))
        if gain > max(most, error):
            best, said, most = kind, other, gain
    return best, said


def _likelihood(given: _Given, said: Floats) -> Floats:
    likelihood: Floats = (given.parts[:, None] * given.shares * np.log(np.maximum(said, 1e-300))).sum(axis=1)
    return likelihood


def _left_out(given: _Given, kind: _Kind) -> Floats:
    """What a map says of samples that it was not fitted on."""
    fold = np.arange(given.rows) % _FOLDS
    found = np.zeros(given.shares.shape)
    for part in range(_FOLDS):
        held = fold == part
        found[held] = _said(given.some(held), *_fitted(given.some(~held), kind, _ROUGHLY))
    return found


def _spread(rows: int, most: int) -> Bools:
    """Which rows to use where there are more than `most`: evenly from all."""
    used = np.zeros(rows, dtype=bool)
    used[np.arange(min(rows, most)) * rows // min(rows, most)] = True
    return used
