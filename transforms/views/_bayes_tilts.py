"""What is a rater's own: by how much they lean to an answer more than others do who saw the same.

A lenient rater's yes says less than a strict one's, and a lenient rater's no says more. That holds of everyone alike:
leaning against what most say takes no weight from anybody. Raters who said little have no leaning that is known.
"""

import numpy as np

from affectory.transforms.views._bayes_choice import Told
from affectory.transforms.views._grouping import Floats
from affectory.transforms.views._mixture import Mixture, sums

ENOUGH = 20
"""So many opinions make a rater known."""
_ROUNDS, _STEPS = 2, 8


def tilts(told: Told, mixture: Mixture, raters: int) -> Floats:
    """Raters x answers: leanings as differences of logarithms, in the mean over opinions 0, pulled to 0 by how little
    a rater said and by how alike raters are."""
    known = np.bincount(told.rater[told.rater >= 0], minlength=raters) >= ENOUGH
    rows = np.flatnonzero((told.rater >= 0) & known[np.maximum(told.rater, 0)]) if raters else np.zeros(0, np.int64)
    found = np.zeros((raters, len(mixture.question)))
    if len(np.unique(told.rater[rows])) < 2:
        return found
    for _ in range(_ROUNDS):
        foretold = _foretold(told, mixture, found, rows)
        found = _leanings(told.take(rows), foretold, found, mixture)
    return found


def evidence(told: Told, mixture: Mixture, leanings: Floats) -> Floats:
    """Items x questions x components: what is to be added to the log likelihood of counts for who it was."""
    each = _each(told, mixture, leanings)
    found = np.zeros((told.items, each.shape[1] * each.shape[2]))
    for place, column in enumerate(each.reshape(len(each), -1).T):
        found[:, place] = np.bincount(told.item, weights=column, minlength=told.items)
    return found.reshape(told.items, *each.shape[1:])


def leaning(shares: Floats, leanings: Floats, sizes: tuple[int, ...]) -> Floats:
    """What raters with these leanings say, where these are the shares of all raters' answers."""
    raised = shares * np.exp(leanings)
    return np.asarray(raised / np.repeat(sums(raised, sizes), sizes, axis=-1))


def _each(told: Told, mixture: Mixture, leanings: Floats) -> Floats:
    """Votes x questions x components."""
    found = np.zeros((len(told.item), len(mixture.sizes), len(mixture.weights[0])))
    rows = np.flatnonzero(told.rater >= 0)
    lean = leanings[told.rater[rows]]
    told_of, own = told.said[rows], sums(told.said[rows] * lean, mixture.sizes)
    raised = np.zeros((len(rows), *found.shape[1:]))
    for column, place in enumerate(mixture.question):
        raised[:, place] += np.exp(lean[:, [column]]) * (mixture.alphas[:, column] / mixture.totals[:, place])
    found[rows] = own[:, :, None] - sums(told_of, mixture.sizes)[:, :, None] * np.log(raised)
    return found


def _foretold(told: Told, mixture: Mixture, leanings: Floats, rows: np.ndarray) -> Floats:
    """What all raters would say of the item of each vote, as far as others told."""
    mine = told.take(rows)
    rest = told.counts()[mine.item] - mine.said
    other = evidence(told, mixture, leanings)[mine.item] - _each(mine, mixture, leanings)
    return mixture.posterior(rest, other).mean()


def _leanings(told: Told, foretold: Floats, found: Floats, mixture: Mixture) -> Floats:
    answered = np.repeat(sums(told.said, mixture.sizes), mixture.sizes, axis=1)
    spread = np.full(found.shape[1], 0.25)
    said = _summed(told, told.said, len(found))
    heard = np.bincount(told.rater, minlength=len(found)) > 0
    for _ in range(_STEPS):
        expected = leaning(foretold, found[told.rater], mixture.sizes) * answered
        slope = said - _summed(told, expected, len(found)) - found / spread
        bend = _summed(told, expected * (1 - expected / np.maximum(answered, 1e-9)), len(found))
        found = found + slope / (1.5 * bend + 1 / spread)
        spread = np.maximum((found[heard] ** 2 + 1 / (bend[heard] + 1 / spread)).mean(axis=0), 1e-3)
    centre = (found * _summed(told, answered, len(found))).sum(axis=0) / np.maximum(answered.sum(axis=0), 1e-9)
    return np.where(heard[:, None], found - centre, 0.0)


def _summed(told: Told, columns: Floats, raters: int) -> Floats:
    return np.stack([np.bincount(told.rater, weights=x, minlength=raters) for x in columns.T], axis=1)
