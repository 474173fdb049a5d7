"""How raters' answers are spread over items: a mixture of products of Dirichlet distributions, fitted to counts.

An item has questions (one for a simplex, one for each label of a multi-label view, one for each scale) and each
question has its answers; their counts lie side by side in one row. A component of the mixture is a kind of item: what
its raters say to each question, and how alike items of the kind are.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from affectory.transforms.views._base import FIT
from affectory.transforms.views._grouping import Floats, Ints

GRAIN = 60
"""Counts are exact to one part in this many, so that a vote may be halved, divided by three, four, five or six."""
_GRID = np.sin(np.linspace(0, np.pi / 2, 129)) ** 2
"""Where the distribution of a share is known: densest at its ends."""


@dataclass(frozen=True)
class Mixture:
    """`weights` of the components, and for each their Dirichlet parameters of all questions side by side."""

    sizes: tuple[int, ...]
    weights: Floats
    alphas: Floats

    @cached_property
    def question(self) -> Ints:
        """Of each column the question it belongs to."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def totals(self) -> Floats:
        """Components x questions: the sum of the parameters."""
        return sums(self.alphas, self.sizes)

    def likelihood(self, counts: Floats) -> Floats:
        """Log likelihood of each item's counts in each component."""
        units = grains(counts)
        return likelihood(coded(units), coded(sums(units, self.sizes)), self.alphas, self.totals)

    def posterior(self, counts: Floats, evidence: Floats | None = None) -> "Posterior":
        """What is known of items after their counts; `evidence` is a further log likelihood, items x components."""
        logs = self.likelihood(counts) + (0.0 if evidence is None else evidence)
        return Posterior(self, np.asarray(counts, np.float64), responsibilities(logs, self.weights)[0])

    def rows(self) -> pa.Table:
        """The table `FIT` of this mixture."""
        named = {f"component {n:04}": [w, *a] for n, (w, a) in enumerate(zip(self.weights, self.alphas, strict=True))}
        named["sizes"] = [float(size) for size in self.sizes]
        return pa.table({"name": list(named), "values": list(named.values())}, FIT)

    @staticmethod
    def of(fit: pa.Table) -> "Mixture":
        """The mixture that `rows` wrote."""
        named = dict(zip(fit.column("name").to_pylist(), fit.column("values").to_pylist(), strict=True))
        parts = np.array([named[name] for name in sorted(named) if name.startswith("component ")])
        return Mixture(tuple(int(size) for size in named["sizes"]), parts[:, 0], parts[:, 1:])


@dataclass(frozen=True)
class Posterior:
    """What is known of items: of each the share of each component, beside its counts."""

    mixture: Mixture
    counts: Floats
    shares: Floats

    def mean(self) -> Floats:
        """Of each item the expected distribution of answers to each question, side by side."""
        return np.einsum("ic,icj->ij", self.shares, self.means())

    def means(self) -> Floats:
        """The same within each component: items x components x columns."""
        alphas, totals = self._updated()
        return np.asarray(alphas / totals[:, :, self.mixture.question])

    def interval(self, level: float = 0.9) -> tuple[Floats, Floats]:
        """Of each item and answer where its share lies with this probability: as much is left below as above."""
        low, high = np.empty((2, *self.counts.shape))
        for column, place in enumerate(self.mixture.question):
            below = self._below(column, int(place))
            low[:, column] = _quantile(below, (1 - level) / 2)
            high[:, column] = _quantile(below, (1 + level) / 2)
        return low, high

    def width(self, level: float = 0.9) -> Floats:
        """Items x questions: the mean width of the intervals of its answers."""
        low, high = self.interval(level)
        return sums(high - low, self.mixture.sizes) / np.array(self.mixture.sizes)

    def entropy(self) -> Floats:
        """Items x questions: the entropy of the mean, in nats: how little is known of what the next rater will say."""
        return _entropy(self.mean(), self.mixture.sizes)

    def entropy_mean(self) -> Floats:
        """Items x questions: the expected entropy of the distribution itself, in nats, which few raters do not bias."""
        from scipy.special import digamma

        alphas, totals = self._updated()
        inside = sums(alphas * digamma(alphas + 1), self.mixture.sizes) / totals
        return np.einsum("ic,icq->iq", self.shares, digamma(totals + 1) - inside)

    def expected_gain(self) -> Floats:
        """Items x questions: by how much one more answer to this question is expected to lower the cross-entropy of
        what further raters will say to all questions, in nats."""
        before, means = self.entropy().sum(axis=1), self.means()
        after = np.zeros((len(self.counts), len(self.mixture.sizes)))
        for column, place in enumerate(self.mixture.question):
            told = self.shares * means[:, :, column]
            chance = told.sum(axis=1)
            shares = told / np.maximum(chance, np.finfo(float).tiny)[:, None]
            after[:, place] += chance * self._told(column, int(place), shares, means)
        return before[:, None] - after

    def _told(self, column: int, place: int, shares: Floats, means: Floats) -> Floats:
        """The entropy of all means after one more answer."""
        totals = (self.mixture.totals[:, place] + sums(self.counts, self.mixture.sizes)[:, [place]])[:, :, None]
        mine = self.mixture.question == place
        one = np.zeros(len(mine))
        one[column] = 1.0
        means = np.where(mine, (means * totals + one) / (totals + 1), means)
        return _entropy(np.einsum("ic,icj->ij", shares, means), self.mixture.sizes).sum(axis=1)

    def _below(self, column: int, place: int) -> Floats:
        """Items x grid: the probability that the share of an answer is smaller."""
        from scipy.special import betainc

        units = grains(self.counts)
        pairs = np.stack([units[:, column], sums(units, self.mixture.sizes)[:, place]], axis=1)
        pairs, of = np.unique(pairs, axis=0, return_inverse=True)
        found = np.empty((len(units), len(_GRID)))
        for number, (count, total) in enumerate(pairs / GRAIN):
            mine = self.mixture.alphas[:, column] + count
            others = self.mixture.totals[:, place] + total - mine
            table = betainc(mine[:, None], np.maximum(others, 1e-9)[:, None], _GRID)
            rows = of == number
            found[rows] = np.einsum("ic,cg->ig", self.shares[rows], table)
        return found

    def _updated(self) -> tuple[Floats, Floats]:
        alphas = self.mixture.alphas + self.counts[:, None, :]
        return alphas, self.mixture.totals + sums(self.counts, self.mixture.sizes)[:, None, :]


def grains(counts: Floats) -> Ints:
    """Counts in whole grains, whose sums do not depend on any order."""
    return np.rint(np.asarray(counts, np.float64) * GRAIN).astype(np.int64)


def sums(values: Any, sizes: tuple[int, ...]) -> Any:
    """Of each question the sum of its columns."""
    return np.add.reduceat(values, np.cumsum([0, *sizes])[:-1], axis=-1)


def responsibilities(logs: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Of each item the share of each component, and its log evidence."""
    logs = logs + np.log(weights)
    top = logs.max(axis=1, keepdims=True)
    shares = np.exp(logs - top)
    total = shares.sum(axis=1, keepdims=True)
    return shares / total, (top + np.log(total))[:, 0]


def _entropy(shares: Floats, sizes: tuple[int, ...]) -> Floats:
    positive = np.where(shares > 0, shares, 1.0)
    return np.asarray(-sums(positive * np.log(positive), sizes))


def _quantile(below: Floats, level: float) -> Floats:
    """Where a distribution on the grid reaches a level, between two points of the grid."""
    place = np.clip((below < level).sum(axis=1), 1, len(_GRID) - 1)
    rows = np.arange(len(below))
    under, over = below[rows, place - 1], below[rows, place]
    part = np.clip((level - under) / np.maximum(over - under, 1e-300), 0, 1)
    return np.asarray(_GRID[place - 1] + part * (_GRID[place] - _GRID[place - 1]))


@dataclass(frozen=True)
class Coded:
    """A column of counts by its distinct values."""

    values: Floats
    places: Ints


def coded(units: Ints) -> list[Coded]:
    """Each column by its distinct values, of which there are few."""
    found = []
    for column in units.T:
        values, places = np.unique(column, return_inverse=True)
        found.append(Coded(values / GRAIN, places))
    return found


def likelihood(columns: list[Coded], questions: list[Coded], alphas: Floats, totals: Floats) -> Floats:
    """Items x components: the log likelihood of counts, of which the totals per question are given too."""
    found = np.zeros((len(columns[0].places), len(alphas)))
    for column, alpha in zip(columns, alphas.T, strict=True):
        found += _rise(column.values, alpha)[column.places]
    for question, total in zip(questions, totals.T, strict=True):
        found -= _rise(question.values, total)[question.places]
    return found


def _rise(values: Floats, alpha: Floats) -> Floats:
    """log of Gamma(alpha + n) / Gamma(alpha), values x components."""
    from scipy.special import gammaln

    return np.asarray(gammaln(alpha + values[:, None]) - gammaln(alpha))
