"""GLAD (Whitehill et al. 2009): raters have an ability and items a difficulty, each with a normal prior around 1.

A vote is right with the chance sigmoid(ability * exp(ease)). An item's ease needs its own votes and the abilities only,
so that a fit is the abilities, and items unseen before are treated like those of the fit.
"""

import numpy as np

from affectory.transforms.views._grouping import Floats, Ints
from affectory.transforms.views._rater_models import Asked, RaterFit, Votes, one_coin_row

PRIOR, FARTHEST = 1.0, 0.5
STEPS, PLACING = 5, 30
"""Steps of abilities and eases between two looks at the labels; looks at the labels where abilities are known."""


def fit_glad(
    item: Ints, rater: Ints, label: Ints, weight: Floats, n_items: int, n_raters: int, k: int,
    asked: Asked | None = None, rounds: int = 100, tolerance: float = 1e-5,
) -> RaterFit:  # fmt: skip
    """A row of `raters` is an ability; labels have even base rates, as with the authors."""
    votes = Votes(item, rater, label, weight, n_items, n_raters, k, asked)
    ability, ease, posterior = np.full(n_raters, PRIOR), np.full(n_items, PRIOR), votes.shares()
    done, moved = 0, np.inf
    while done < rounds and moved > tolerance:
        before, posterior = posterior, glad_posterior(votes, ability, ease)
        for _ in range(STEPS):
            ability = ability + _of_abilities(votes, posterior, ability, ease)
            ease = ease + _of_eases(votes, posterior, ability, ease)
        done, moved = done + 1, np.abs(posterior - before).max(initial=0.0)
    mean = float((ability * votes.over_raters(weight)).sum() / votes.total) if len(item) else PRIOR
    fresh = one_coin_row(votes.right(posterior), k)
    return RaterFit(posterior, np.full(k, 1 / k), ability[:, None], np.array([mean]), fresh, done)


def eases(votes: Votes, ability: Floats, rounds: int) -> Floats:
    """Of each item, given the abilities. As many rounds for all: no item's depends on another's."""
    ease = np.full(votes.n_items, PRIOR)
    for _ in range(rounds):
        posterior = glad_posterior(votes, ability, ease)
        for _ in range(STEPS):
            ease = ease + _of_eases(votes, posterior, ability, ease)
    return ease


def glad_posterior(votes: Votes, ability: Floats, ease: Floats) -> Floats:
    """Of each item, given abilities and eases."""
    strength = ability[votes.rater] * np.exp(ease[votes.item])
    wrong = -np.logaddexp(0, strength) - np.log(max(votes.k - 1, 1))
    return votes.posterior(votes.right_or_wrong(-np.logaddexp(0, -strength), wrong))


def fitted_posterior(votes: Votes, rates: Floats, raters: Floats) -> Floats:
    """Of each item, given the abilities of its raters; base rates are even."""
    return glad_posterior(votes, raters[:, 0], eases(votes, raters[:, 0], PLACING))


def _of_abilities(votes: Votes, posterior: Floats, ability: Floats, ease: Floats) -> Floats:
    """A step uphill that never goes too far: a logistic curve bends by a quarter at most."""
    factor = np.exp(ease[votes.item])
    off = votes.chance(posterior) - _sigmoid(ability[votes.rater] * factor)
    slope = votes.over_raters(votes.weight * off * factor) - (ability - PRIOR)
    return np.asarray(slope / (votes.over_raters(votes.weight * factor * factor / 4) + 1))


def _of_eases(votes: Votes, posterior: Floats, ability: Floats, ease: Floats) -> Floats:
    strength = ability[votes.rater] * np.exp(ease[votes.item])
    right = _sigmoid(strength)
    off = votes.chance(posterior) - right
    slope = votes.over_items(votes.weight * off * strength) - (ease - PRIOR)
    bend = np.abs(off * strength) + right * (1 - right) * strength * strength
    return np.asarray(np.clip(slope / (votes.over_items(votes.weight * bend) + 1), -FARTHEST, FARTHEST))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -x)))
