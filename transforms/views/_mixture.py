"""How raters' answers are spread over items: a mixture of products of Dirichlet distributions.

An item has questions (one for a simplex, one for each label of a multi-label view, one for each scale, each of them
once more for each modality) and each question has its answers; their counts lie side by side in one row. A component
is a kind of item: what raters say of it to each question, and how alike items of the kind are.
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
_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Mixture:
    """`weights` (questions x components), and `alphas` (components x answers of all questions side by side).

    `across` is how much what raters say to one question tells of the others, from 0 to 1: less than 1 where one rater
    answers several, and what their answers have in common is the rater and not the item.
    """

    sizes: tuple[int, ...]
    weights: Floats
    alphas: Floats
    across: float = 1.0

    @cached_property
    def question(self) -> Ints:
        """Of each column the question it belongs to."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def totals(self) -> Floats:
        """Components x questions: the sum of the parameters."""
        return np.asarray(sums(self.alphas, self.sizes))

    def likelihood(self, counts: Floats) -> Floats:
        """Items x questions x components: the log likelihood of counts."""
        units = grains(counts)
        return likelihood(coded(units), coded(sums(units, self.sizes)), self)

    def posterior(self, counts: Floats, evidence: Floats | None = None) -> "Posterior":
        """What is known of items after their counts; `evidence` is a further log likelihood, shaped like the first."""
        logs = self.likelihood(counts) + (0.0 if evidence is None else evidence)
        return Posterior(self, np.asarray(counts, np.float64), self.shares(logs))

    def shares(self, logs: Floats) -> Floats:
        """Items x questions x components: how likely each item is of each kind, as far as a question goes."""
        joint = self.across * logs.sum(axis=1, keepdims=True) + (1 - self.across) * logs
        return responsibilities(joint, self.weights)[0]

    def rows(self) -> pa.Table:
        """The table `FIT` of this mixture."""
        parts = zip(self.weights.T, self.alphas, strict=True)
        named = {f"component {n:04}": [*weights, *alphas] for n, (weights, alphas) in enumerate(parts)}
        named |= {"across": [self.across], "sizes": [float(size) for size in self.sizes]}
        return pa.table({"name": sorted(named), "values": [named[name] for name in sorted(named)]}, FIT)

    @staticmethod
    def of(fit: pa.Table) -> "Mixture":
        """The mixture that `rows` wrote."""
        named = dict(zip(fit.column("name").to_pylist(), fit.column("values").to_pylist(), strict=True))
        sizes = tuple(int(size) for size in named["sizes"])
        parts = np.array([named[name] for name in sorted(named) if name.startswith("component ")])
        return Mixture(sizes, parts[:, : len(sizes)].T, parts[:, len(sizes) :], named["across"][0])


@dataclass(frozen=True)
class Posterior:
    """What is known of items: how likely they are of each kind (items x questions x components), and their counts."""

    mixture: Mixture
    counts: Floats
    shares: Floats

    @cached_property
    def totals(self) -> Floats:
        """Items x questions."""
        return np.asarray(sums(self.counts, self.mixture.sizes))

    def mean(self) -> Floats:
        """Of each item the expected distribution of answers to each question, side by side."""
        return np.stack([self._mean(column) for column in range(self.counts.shape[1])], axis=1)

    def interval(self, level: float = 0.9) -> tuple[Floats, Floats]:
        """Of each item and answer where its share lies with this probability: as much is left below as above."""
        low, high = np.empty((2, *self.counts.shape))
        for column in range(self.counts.shape[1]):
            below = self._below(column)
            low[:, column] = _quantile(below, (1 - level) / 2)
            high[:, column] = _quantile(below, (1 + level) / 2)
        return low, high

    def width(self, level: float = 0.9) -> Floats:
        """Items x questions: the mean width of the intervals of its answers."""
        low, high = self.interval(level)
        return np.asarray(sums(high - low, self.mixture.sizes) / np.array(self.mixture.sizes))

    def entropy(self) -> Floats:
        """Items x questions: the entropy of the mean, in nats: how little is known of what the next rater will say."""
        return _entropy(self.mean(), self.mixture.sizes)

    def entropy_mean(self) -> Floats:
        """Items x questions: the expected entropy of the distribution itself, in nats, which few raters do not bias."""
        from scipy.special import digamma

        totals = self.mixture.totals.T + self.totals[:, :, None]
        found: Floats = np.einsum("iqc,iqc->iq", self.shares, digamma(totals + 1))
        for column, place in enumerate(self.mixture.question):
            alphas = self.mixture.alphas[:, column] + self.counts[:, [column]]
            inside = self.shares[:, place] * alphas * digamma(alphas + 1) / totals[:, place]
            found[:, place] -= inside.sum(axis=1)
        return found

    def expected_gain(self) -> Floats:
        """Items x questions: by how much one more answer to this question is expected to better what is predicted of
        further raters' answers to all questions, in nats: its mean divergence from what is predicted now."""
        before = self.mean()
        gain = np.zeros((len(self.counts), len(self.mixture.sizes)))
        for column, place in enumerate(self.mixture.question):
            after = self._told(column, int(place)).mean()
            surprise = after * (np.log(np.maximum(after, _TINY)) - np.log(np.maximum(before, _TINY)))
            gain[:, place] += before[:, column] * surprise.sum(axis=1)
        return np.maximum(gain, 0.0)

    def _told(self, column: int, place: int) -> "Posterior":
        """After one more answer."""
        alphas = self.mixture.alphas[:, column] + self.counts[:, [column]]
        chance = alphas / (self.mixture.totals[:, place] + self.totals[:, [place]])
        told = self.shares * (chance**self.mixture.across)[:, None, :]
        told[:, place] = self.shares[:, place] * chance
        counts = self.counts.copy()
        counts[:, column] += 1.0
        return Posterior(self.mixture, counts, told / np.maximum(told.sum(axis=2, keepdims=True), _TINY))

    def _mean(self, column: int) -> Floats:
        place = self.mixture.question[column]
        parts = self.shares[:, place] / (self.mixture.totals[:, place] + self.totals[:, [place]])
        return np.asarray(
            np.einsum("ic,c->i", parts, self.mixture.alphas[:, column]) + self.counts[:, column] * parts.sum(axis=1)
        )

    def _below(self, column: int) -> Floats:
        """Items x grid: the probability that the share of an answer is smaller."""
        from scipy.special import betainc

        place = self.mixture.question[column]
        units = grains(np.stack([self.counts[:, column], self.totals[:, place]], axis=1))
        pairs, of = np.unique(units, axis=0, return_inverse=True)
        found = np.empty((len(units), len(_GRID)))
        for number, (count, total) in enumerate(pairs / GRAIN):
            mine = self.mixture.alphas[:, column] + count
            others = np.maximum(self.mixture.totals[:, place] + total - mine, 1e-9)
            table = betainc(mine[:, None], others[:, None], _GRID)
            rows = of == number
            found[rows] = np.einsum("ic,cg->ig", self.shares[rows, place], table)
        return found


def grains(counts: Floats) -> Ints:
    """Counts in whole grains, whose sums do not depend on any order."""
    return np.rint(np.asarray(counts, np.float64) * GRAIN).astype(np.int64)


def sums(values: Any, sizes: tuple[int, ...]) -> Any:
    """Of each question the sum of its columns."""
    return np.add.reduceat(values, np.cumsum([0, *sizes])[:-1], axis=-1)


def responsibilities(logs: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Along the last axis the share of each component, and the log evidence."""
    logs = logs + np.log(weights)
    top = logs.max(axis=-1, keepdims=True)
    shares = np.exp(logs - top)
    total = shares.sum(axis=-1, keepdims=True)
    return shares / total, (top + np.log(total))[..., 0]


def _entropy(shares: Floats, sizes: tuple[int, ...]) -> Floats:
    positive = np.where(shares > 0, shares, 1.0)
    return np.asarray(-sums(positive * np.log(positive), sizes))


def _quantile(below: Floats, level: float) -> Floats:
    """Where a distribution on the grid reaches a level, between two points of the grid."""
    place = np.clip((below < level).sum(axis=1), 1, len(_GRID) - 1)
    rows = np.arange(len(below))
    under, over = below[rows, place - 1], below[rows, place]
    part = np.clip((level - under) / np.maximum(over - under, _TINY), 0, 1)
    return np.asarray(_GRID[place - 1] + part * (_GRID[place] - _GRID[place - 1]))


@dataclass(frozen=True)
class Coded:
    """Counts by the distinct values of each column (columns x values, of which there are few): `places` (items x
    columns) says which each is."""

    values: Floats
    places: Ints


def coded(units: Ints) -> Coded:
    """Grains by their distinct values, as counts; a column with fewer of these than another is filled up with 0."""
    found = [np.unique(column, return_inverse=True) for column in units.T]
    values = np.zeros((len(found), max(len(distinct) for distinct, _ in found)))
    for row, (distinct, _) in zip(values, found, strict=True):
        row[: len(distinct)] = distinct / GRAIN
    return Coded(values, np.stack([places for _, places in found], axis=1))


def likelihood(columns: Coded, questions: Coded, mixture: Mixture, joint: bool = False) -> Floats:
    """Items x questions x components: the log likelihood of counts, of which the totals per question are given too.
    Joint: the sum over the questions, in their place."""
    size = 1 if joint else len(mixture.sizes)
    found = np.zeros((len(columns.places), size, len(mixture.alphas)))
    for rise, places, question in zip(_rise(columns, mixture.alphas), columns.places.T, mixture.question, strict=True):
        found[:, 0 if joint else question] += rise[places]
    for question, (rise, places) in enumerate(zip(_rise(questions, mixture.totals), questions.places.T, strict=True)):
        found[:, 0 if joint else question] -= rise[places]
    return found


def _rise(counts: Coded, alphas: Floats) -> Floats:
    """log of Gamma(alpha + n) / Gamma(alpha), columns x values x components."""
    from scipy.special import gammaln

    several = alphas.T[:, None, :]
    return np.asarray(gammaln(several + counts.values[:, :, None]) - gammaln(several))
