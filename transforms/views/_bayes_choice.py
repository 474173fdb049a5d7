"""Which mixture to believe: the one that best foretells what a rater said from the others, on items it did not see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.views._grouping import Floats, Ints
from affectory.transforms.views._mixture import Mixture, sums
from affectory.transforms.views._mixture_fit import Search, fit

_MOST_ITEMS, _MOST_VOTES, _SMALL, _FEW = 4_000, 4_000, 1_500, 10
_ACROSS = (0.3, 0.6, 1.0)
APART = (Search(1, 2.0, False), Search(12, 10.0, False))
TOGETHER = (Search(12, 2.0), Search(24, 5.0), Search(36, 40.0))
ALONE = (Search(1, 2.0), Search(3, 2.0), Search(12, 2.0), Search(24, 5.0), Search(48, 5.0))


@dataclass(frozen=True)
class Told:
    """Votes: of each its item, who gave it (-1: nobody knows), and what it says of each answer of each question."""

    items: int
    item: Ints
    rater: Ints
    said: Floats

    def counts(self) -> Floats:
        """Items x answers of all questions side by side."""
        columns = [np.bincount(self.item, weights=column, minlength=self.items) for column in self.said.T]
        return np.stack(columns, axis=1)

    def and_also(self, other: "Told") -> "Told":
        """These votes and others about the same items."""
        item, rater = np.concatenate([self.item, other.item]), np.concatenate([self.rater, other.rater])
        return Told(self.items, item, rater, np.concatenate([self.said, other.said]))

    def take(self, rows: Ints | NDArray[np.bool_]) -> "Told":
        return Told(self.items, self.item[rows], self.rater[rows], self.said[rows])


def chosen(told: Told, sizes: tuple[int, ...], near: Floats | None = None) -> Search:
    """The search whose mixture foretells best; one component where there is too little to tell by."""
    if (np.bincount(told.item) > 1).sum() < _FEW:
        return ALONE[0]
    tried = [each for search in _candidates(sizes) for each in _tried(told, sizes, search, near)]
    return _believed([search for search, _ in tried], np.array([lost for _, lost in tried]), len(sizes) > 1)


def _believed(searches: Sequence[Search], lost: Floats, several: bool) -> Search:
    """The best; but questions are joined only where that is better by more than two standard errors, because joined in
    error they mislead each other. `lost` is of each item."""
    if not lost.size:
        return ALONE[0]
    joined = np.array([several and search.together for search in searches])
    apart, together = (np.flatnonzero(mask) for mask in (~joined, joined))
    best = int(apart[lost[apart].mean(axis=1).argmin()])
    if not len(together):
        return searches[best]
    other = int(together[lost[together].mean(axis=1).argmin()])
    gain = lost[best] - lost[other]
    return searches[other if float(gain.mean()) > 2 * float(gain.std()) / len(gain) ** 0.5 else best]


def _candidates(sizes: tuple[int, ...]) -> tuple[Search, ...]:
    return ALONE if len(sizes) == 1 else APART + TOGETHER


def _tried(told: Told, sizes: tuple[int, ...], search: Search, near: Floats | None) -> list[tuple[Search, Floats]]:
    """For this search, with more or less trust across questions, the cross-entropy of votes left out, of each item."""
    trusts = _ACROSS if search.together and len(sizes) > 1 else (search.across,)
    lost, votes = np.zeros((len(trusts), told.items)), np.zeros(told.items)
    for seen, unseen in _folds(told):
        mixture = fit(told.counts()[seen], sizes, search, near=near)
        rows = _tested(told, unseen)
        item, rest = told.item[rows], told.counts()[told.item[rows]] - told.said[rows]
        votes += np.bincount(item, minlength=told.items)
        for place, across in enumerate(trusts):
            one = replace(mixture, across=across) if len(trusts) > 1 else mixture
            lost[place] += np.bincount(item, weights=losses(one, rest, told.said[rows]), minlength=told.items)
    whole = votes.sum() / max((votes > 0).sum(), 1)
    return [(replace(search, across=a), x[votes > 0] / max(whole, 1.0)) for a, x in zip(trusts, lost, strict=True)]


def _folds(told: Told) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Halves of the items, or of some of many; of few each half is foretold from the other."""
    filled = np.random.default_rng(0).permutation(np.unique(told.item))[:_MOST_ITEMS]
    halves = [np.isin(np.arange(told.items), filled[start::2]) for start in (0, 1)]
    yield halves[0], halves[1]
    if len(filled) <= _SMALL:
        yield halves[1], halves[0]


def _tested(told: Told, items: NDArray[np.bool_]) -> Ints:
    """Some votes about these items that are not the only one."""
    several = np.bincount(told.item, minlength=told.items) > 1
    rows = np.flatnonzero((items & several)[told.item])
    return spread(rows, _MOST_VOTES)


def spread(rows: Ints, most: int) -> Ints:
    """At most so many of them, in their order: which ones is by chance, but always the same."""
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).permutation(rows)[:most])


def losses(mixture: Mixture, rest: Floats, said: Floats) -> Floats:
    """Of each vote its mean cross-entropy over the questions it answered, foretold from the rest of the counts."""
    return crossed(mixture.posterior(rest).mean(), said, mixture.sizes)


def crossed(foretold: Floats, said: Floats, sizes: tuple[int, ...]) -> Floats:
    """Of each vote its mean cross-entropy over the questions that it answered; 0 where it answered none."""
    answered = sums(said, sizes)
    lost = sums(-said * np.log(np.maximum(foretold, 1e-12)), sizes)
    each = np.divide(lost, answered, out=np.zeros_like(lost), where=answered > 0)
    return np.asarray(each.sum(axis=1) / np.maximum((answered > 0).sum(axis=1), 1))
