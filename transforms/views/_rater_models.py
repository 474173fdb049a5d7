"""Models of raters that assume each item has one true label: Dawid-Skene, one coin, MACE.

Each is fitted by EM over a long table of votes: `item`, `rater` and `label` are whole numbers from 0, `weight` says how
much of a vote it is. The calls for other code are `fit_dawid_skene`, `fit_one_coin` and `fit_mace`; what they return
holds the probability of each item's true label (`posterior`) and what a rater unseen before would say (`predicted`).
Sums are elementwise, without BLAS, so that they are the same on any machine.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.views._grouping import Floats, Ints

TINY = 1e-10
Asked = NDArray[np.bool_]


@dataclass(frozen=True)
class Votes:
    """A long table of votes; `asked` (items x k) says which labels an item's raters could choose, where not all."""

    item: Ints
    rater: Ints
    label: Ints
    weight: Floats
    n_items: int
    n_raters: int
    k: int
    asked: Asked | None = None

    def by_item(self, values: Floats) -> Floats:
        """Items x labels: sums of numbers, one for each vote, where the vote went."""
        place = self.item * self.k + self.label
        return self._sum(place, values, self.n_items * self.k).reshape(self.n_items, self.k)

    def by_rater(self, values: Floats) -> Floats:
        """Raters x labels: sums of numbers, one for each vote, by what was said."""
        place = self.rater * self.k + self.label
        return self._sum(place, values, self.n_raters * self.k).reshape(self.n_raters, self.k)

    def over_items(self, values: Floats) -> Floats:
        return self._sum(self.item, values, self.n_items)

    def over_raters(self, values: Floats) -> Floats:
        return self._sum(self.rater, values, self.n_raters)

    @property
    def total(self) -> float:
        return max(float(self.weight.sum()), TINY)

    def shares(self) -> Floats:
        """Of each item the share of its votes, where models begin; even where it has none."""
        cast = self.by_item(self.weight)
        whole = cast.sum(axis=1, keepdims=True)
        return np.where(whole > 0, cast / np.maximum(whole, TINY), self.posterior(np.zeros_like(cast)))

    def posterior(self, logs: Floats) -> Floats:
        """From logarithms of what is not yet normalised; a label that was not asked has none."""
        if self.asked is not None:
            logs = np.where(self.asked | ~self.asked.any(axis=1, keepdims=True), logs, -np.inf)
        raised = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def chance(self, posterior: Floats) -> Floats:
        """Of each vote the probability that it named the true label."""
        return np.asarray(posterior[self.item, self.label])

    def rates(self, posterior: Floats) -> Floats:
        """Logarithms of the base rates, each label's over the items that could have it."""
        could = np.full(self.k, self.n_items) if self.asked is None else self.asked.sum(axis=0)
        rates = (posterior.sum(axis=0) + TINY) / np.maximum(could, 1)
        return np.asarray(np.log(np.maximum(rates / rates.sum(), TINY)))

    def right_or_wrong(self, right: Floats, wrong: Floats) -> Floats:
        """Log-likelihoods (items x labels) of votes that have one where they are right and another where not."""
        base = self.over_items(self.weight * wrong)[:, None]
        return base + self.by_item(self.weight * (right - wrong))

    def right(self, posterior: Floats) -> float:
        """What share of the votes names the true label; that of chance where there are none."""
        return float((self.weight * self.chance(posterior)).sum() / self.total) if len(self.item) else 1 / self.k

    @staticmethod
    def _sum(place: Ints, values: Floats, size: int) -> Floats:
        return np.bincount(place, weights=values, minlength=size).astype(np.float64)


@dataclass(frozen=True)
class RaterFit:
    """What a model found. `fresh` (true label x said) is how a rater is expected to answer of whom nothing is known."""

    posterior: Floats
    priors: Floats
    raters: Floats
    anyone: Floats
    """What is taken, instead of a row of `raters`, of a rater of whom nothing is known."""
    fresh: Floats
    rounds: int

    @property
    def predicted(self) -> Floats:
        """Items x labels: what one more rater, unseen before, would say."""
        parts = [self.posterior[:, c, None] * row for c, row in enumerate(self.fresh)]
        return np.asarray(sum(parts, np.zeros_like(self.posterior)))


def fit_dawid_skene(
    item: Ints, rater: Ints, label: Ints, weight: Floats, n_items: int, n_raters: int, k: int,
    asked: Asked | None = None, rounds: int = 200, tolerance: float = 1e-6, as_crowd_kit: bool = False,
) -> RaterFit:  # fmt: skip
    """Each rater has a confusion matrix (Dawid and Skene 1979), in `raters` row by row: true label x said.

    `as_crowd_kit` stops where crowd-kit does, which counts the base rates once a vote and not once an item.
    """
    votes = Votes(item, rater, label, weight, n_items, n_raters, k, asked)
    model = _Model(votes, lambda posterior: _confusions(votes, posterior), lambda found: confused(votes, found))
    posterior, priors, confusion, done = model.run(rounds, tolerance, as_crowd_kit)
    fresh = smoothed(_counts(votes, posterior).sum(axis=0), votes.by_rater(weight).sum(axis=0))
    return RaterFit(posterior, priors, confusion.reshape(n_raters, k * k), fresh.ravel(), fresh, done)


def fit_one_coin(
    item: Ints, rater: Ints, label: Ints, weight: Floats, n_items: int, n_raters: int, k: int,
    asked: Asked | None = None, rounds: int = 200, tolerance: float = 1e-6, as_crowd_kit: bool = False,
) -> RaterFit:  # fmt: skip
    """Each rater is right with one probability, and else says any other label alike: the skill in `raters`."""
    votes = Votes(item, rater, label, weight, n_items, n_raters, k, asked)
    model = _Model(votes, lambda posterior: _skills(votes, posterior), lambda found: one_coin(votes, found))
    posterior, priors, skills, done = model.run(rounds, tolerance, as_crowd_kit)
    pooled = votes.right(posterior)
    return RaterFit(posterior, priors, skills[:, None], np.array([pooled]), one_coin_row(pooled, k), done)


def fit_mace(
    item: Ints, rater: Ints, label: Ints, weight: Floats, n_items: int, n_raters: int, k: int,
    asked: Asked | None = None, rounds: int = 50, restarts: int = 10, seed: int = 0,
) -> RaterFit:  # fmt: skip
    """A rater knows the true label or says one by habit (Hovy et al. 2013), by variational Bayes.

    A row of `raters` holds competence, 1 - competence and how often each label is said by habit.
    The first start is at the share of votes, others are drawn; the one of the highest marginal likelihood is kept.
    """
    votes = Votes(item, rater, label, weight, n_items, n_raters, k, asked)
    draws = np.random.default_rng(seed)
    starts = [mace_step(votes, votes.shares(), np.full(len(item), 0.5))]
    starts += [mace_start(draws, n_raters, k) for _ in range(restarts - 1)]
    found = [_mace_run(votes, start, rounds) for start in starts]
    best = max(found, key=lambda one: one[0])
    posterior, guessed = mace_known(votes, best[1])
    anyone = _mace_anyone(votes, posterior, guessed)
    fresh = anyone[0] * np.eye(k) + anyone[1] * anyone[2:]
    return RaterFit(posterior, np.full(k, 1 / k), best[1], anyone, fresh, rounds)


@dataclass(frozen=True)
class _Model:
    """EM with base rates: `learn` finds parameters of a posterior, `said` the log-likelihoods (items x labels)."""

    votes: Votes
    learn: Callable[[Floats], Floats]
    said: Callable[[Floats], Floats]

    def run(self, rounds: int, tolerance: float, as_crowd_kit: bool) -> tuple[Floats, Floats, Floats, int]:
        """Posterior, base rates, parameters and rounds, until the bound rises by less than the tolerance a vote."""
        votes, posterior = self.votes, self.votes.shares()
        often = votes.by_item(votes.weight).sum(axis=1, keepdims=True) if as_crowd_kit else 1.0
        priors, found = votes.rates(posterior), self.learn(posterior)
        logs, bound, done = self.said(found), -np.inf, 0
        while done < rounds:
            posterior = votes.posterior(logs + priors)
            priors, found = votes.rates(posterior), self.learn(posterior)
            logs, done = self.said(found), done + 1
            entropy = -(posterior * np.log(np.where(posterior > 0, posterior, 1.0))).sum()
            before, bound = bound, ((posterior * (logs + often * priors)).sum() + entropy) / votes.total
            if bound - before < tolerance:
                break
        return posterior, np.exp(priors), found, done


def confused(votes: Votes, confusion: Floats) -> Floats:
    """Log-likelihoods, given raters x true label x said."""
    logs = np.log(confusion)
    parts = [votes.over_items(votes.weight * logs[votes.rater, c, votes.label]) for c in range(votes.k)]
    return np.stack(parts, axis=1)


def _confusions(votes: Votes, posterior: Floats) -> Floats:
    counts = np.maximum(_counts(votes, posterior), TINY)
    return np.asarray(counts / counts.sum(axis=2, keepdims=True))


def _counts(votes: Votes, posterior: Floats) -> Floats:
    """Raters x true label x said: expected counts."""
    return np.stack([votes.by_rater(votes.weight * posterior[votes.item, c]) for c in range(votes.k)], axis=1)


def one_coin(votes: Votes, skills: Floats) -> Floats:
    """Log-likelihoods, given how often each rater is right."""
    right = np.clip(skills, TINY, 1 - TINY)[votes.rater]
    wrong = np.log(np.maximum((1 - right) / max(votes.k - 1, 1), TINY))
    return votes.right_or_wrong(np.log(right), wrong)


def _skills(votes: Votes, posterior: Floats) -> Floats:
    right = votes.over_raters(votes.weight * votes.chance(posterior))
    return np.asarray(right / np.maximum(votes.over_raters(votes.weight), TINY))


def one_coin_row(skill: float, k: int) -> Floats:
    """The confusion matrix of a skill."""
    wrong = (1 - skill) / max(k - 1, 1)
    return np.asarray(np.where(np.eye(k) > 0, skill if k > 1 else 1.0, wrong))


def confused_posterior(votes: Votes, rates: Floats, raters: Floats) -> Floats:
    """Of each item, given the base rates and the confusions of its raters."""
    said = confused(votes, raters.reshape(votes.n_raters, votes.k, votes.k))
    return votes.posterior(said + np.log(np.maximum(rates, TINY)))


def one_coin_posterior(votes: Votes, rates: Floats, raters: Floats) -> Floats:
    """Of each item, given the base rates and the skills of its raters."""
    return votes.posterior(one_coin(votes, raters[:, 0]) + np.log(np.maximum(rates, TINY)))


def mace_posterior(votes: Votes, rates: Floats, raters: Floats) -> Floats:
    """Of each item, given its raters; base rates are even."""
    return mace_known(votes, raters)[0]


def smoothed(counts: Floats, said: Floats) -> Floats:
    """Rows that sum to 1, each with one more vote, divided as all votes are."""
    share = (said + 1 / len(said)) / (said.sum() + 1)
    return np.asarray((counts + share) / (counts.sum(axis=1, keepdims=True) + 1))


def mace(votes: Votes, raters: Floats) -> tuple[Floats, Floats]:
    """Log-likelihoods, and of each vote the probability that it was a guess if it named the true label."""
    knows, guess = raters[votes.rater, 0], raters[votes.rater, 1] * raters[votes.rater, 2 + votes.label]
    return votes.right_or_wrong(np.log(knows + guess), np.log(guess)), guess / (knows + guess)


def mace_known(votes: Votes, raters: Floats) -> tuple[Floats, Floats]:
    logs, guessed = mace(votes, raters)
    return votes.posterior(logs), guessed


def _mace_run(votes: Votes, raters: Floats, rounds: int) -> tuple[float, Floats]:
    for _ in range(rounds):
        raters = mace_step(votes, *mace_known(votes, raters))
    logs, _ = mace(votes, raters)
    most = logs.max(axis=1, initial=-np.inf)
    return float((most + np.log(np.exp(logs - most[:, None]).sum(axis=1))).sum()), raters


def _mace_counts(votes: Votes, posterior: Floats, guessed: Floats) -> tuple[Floats, Floats]:
    """Expected: of each vote how much of it is knowledge, by rater; what each rater said without, raters x labels."""
    known = votes.weight * votes.chance(posterior) * (1 - guessed)
    return votes.over_raters(known), votes.by_rater(votes.weight - known)


def mace_step(votes: Votes, posterior: Floats, guessed: Floats) -> Floats:
    """Raters x (competence, 1 - competence, habit of each label), with the priors of the authors."""
    from scipy.special import digamma

    known, habits = _mace_counts(votes, posterior, guessed)
    parts = np.stack([known, habits.sum(axis=1)], axis=1) + 0.5
    knows = np.exp(digamma(parts) - digamma(parts.sum(axis=1, keepdims=True)))
    habits = habits + 10.0
    return np.concatenate([knows, np.exp(digamma(habits) - digamma(habits.sum(axis=1, keepdims=True)))], axis=1)


def mace_start(draws: np.random.Generator, n_raters: int, k: int) -> Floats:
    knows, habits = draws.uniform(1, 2.5, (n_raters, 2)), draws.uniform(1, 2.5, (n_raters, k))
    parts = [rows / rows.sum(axis=1, keepdims=True) for rows in (knows, habits)]
    return np.concatenate(parts, axis=1)


def _mace_anyone(votes: Votes, posterior: Floats, guessed: Floats) -> Floats:
    known, habits = _mace_counts(votes, posterior, guessed)
    share = (known.sum() + 0.5) / (votes.weight.sum() + 1)
    habit = (habits.sum(axis=0) + 1 / votes.k) / (habits.sum() + 1)
    return np.concatenate([[share, 1 - share], habit])
