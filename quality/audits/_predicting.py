"""How well labels are foretold, of clusters that were not learnt from: by words, or by the value of one field."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._looked import FOLDS, Looked, interval
from affectory.quality.audits._words import SHRINKS, Bag, prior_of

HELD = 4.0
"""So many samples must have a value before it counts as much as what all samples say."""


@dataclass(frozen=True)
class Foretold:
    """The chances of each label of each sample, and what they would be if nothing were known of it."""

    looked: Looked
    chances: Floats
    prior: Floats
    shrink: float = 0.0
    """How strongly the weights of words were held back."""

    @staticmethod
    def by_words(bag: Bag, looked: Looked, shrinks: Sequence[float] = SHRINKS) -> "Foretold":
        """Held back as serves best."""
        folds, classes = looked.folds, len(looked.labels)
        prior = _priors(looked.label, classes, folds)
        told = ((shrink, bag.foretold(looked.label, classes, folds, shrink)) for shrink in shrinks)
        found = [Foretold(looked, chances, prior, shrink) for shrink, chances in told]
        return max(found, key=lambda one: (round(one.gain, 6), one.shrink))

    @staticmethod
    def by_codes(codes: Ints, looked: Looked) -> "Foretold":
        folds, classes = looked.folds, len(looked.labels)
        counted = counts(codes[None], looked.label[None], folds, int(codes.max()) + 1, classes)
        chances, _ = chances_of(counted)
        return Foretold(looked, chances[0, folds, codes], _priors(looked.label, classes, folds))

    @cached_property
    def of_own(self) -> Floats:
        """The chance that each sample's own label was given."""
        found: Floats = self.chances[np.arange(len(self.looked)), self.looked.label]
        return found

    @cached_property
    def hits(self) -> NDArray[np.bool_]:
        """Which labels are foretold rightly."""
        return np.asarray(self.chances.argmax(axis=1) == self.looked.label)

    @property
    def accuracy(self) -> float:
        return float(self.hits.mean())

    @property
    def base(self) -> float:
        """The accuracy where nothing is known of a sample."""
        return float((self.prior.argmax(axis=1) == self.looked.label).mean())

    @property
    def balanced(self) -> float:
        """The mean of the accuracies of all labels that there are."""
        totals = np.bincount(self.looked.label)
        there = totals > 0
        return float((np.bincount(self.looked.label, self.hits)[there] / totals[there]).mean())

    @cached_property
    def _surprise(self) -> tuple[Floats, Floats]:
        rows = np.arange(len(self.looked))
        return -np.log(self.of_own), -np.log(self.prior[rows, self.looked.label])

    @property
    def gain(self) -> float:
        """Share of what there is to know of the labels that was foretold; below 0 where it misleads."""
        with_it, without = (float(part.sum()) for part in self._surprise)
        return 1 - with_it / without

    def gain_interval(self, *names: object) -> tuple[float, float]:
        with_it, without = self._surprise
        return interval(without - with_it, without, self.looked.cluster, *names)


def _priors(labels: Ints, classes: int, folds: Ints) -> Floats:
    by_fold = np.ones((FOLDS, classes))
    for fold in np.unique(folds):
        by_fold[fold] = prior_of(labels[folds != fold], classes)
    return by_fold[folds]


def counts(codes: Ints, labels: Ints, folds: Ints, values: int, classes: int) -> Floats:
    """How often each value has each label in each fold, for each line of codes and labels."""
    lines = max(len(codes), len(labels))
    at = (folds * values + codes) * classes + labels + np.arange(lines)[:, None] * (FOLDS * values * classes)
    found = np.bincount(at.ravel(), minlength=lines * FOLDS * values * classes)
    return np.asarray(found.reshape(lines, FOLDS, values, classes), np.float64)


def chances_of(counted: Floats) -> tuple[Floats, Floats]:
    """The chances of labels given a value, as the other folds have it, and given nothing."""
    others = counted.sum(axis=1, keepdims=True) - counted
    every = others.sum(axis=2, keepdims=True)
    prior = (every + 1) / (every.sum(axis=3, keepdims=True) + every.shape[3])
    chances = (others + HELD * prior) / (others.sum(axis=3, keepdims=True) + HELD)
    return chances, prior


def gains(counted: Floats) -> Floats:
    """Of each line the share of what there is to know of labels that values tell."""
    chances, prior = chances_of(counted)
    with_it = -(counted * np.log(chances)).sum(axis=(1, 2, 3))
    without = -(counted * np.log(prior)).sum(axis=(1, 2, 3))
    return np.asarray(1 - with_it / without)
