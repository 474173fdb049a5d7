"""What the calibrated Bayesian view learns of a dataset: kinds of items, and raters' own leanings."""

from dataclasses import dataclass, replace

import numpy as np

from affectory.transforms.views._bayes_choice import Told, chosen, spread
from affectory.transforms.views._bayes_tilts import evidence, tilts
from affectory.transforms.views._grouping import Floats
from affectory.transforms.views._mixture import Mixture, Posterior
from affectory.transforms.views._mixture_fit import fit

STARTS = 3
_MANY, _MOST_ITEMS, _MOST_CELLS = 5_000, 40_000, 20_000_000


@dataclass(frozen=True)
class Learned:
    """`leanings` has a row for each rater: 0 where there is none, or none that is known."""

    mixture: Mixture
    leanings: Floats

    def posterior(self, told: Told) -> Posterior:
        """What is known of items after these votes; raters are numbered as in `leanings`, -1 is anybody."""
        counts = told.counts()
        if not self.leanings.any():
            return self.mixture.posterior(counts)
        return self.mixture.posterior(counts, evidence(told, self.mixture, self.leanings))


def learn(told: Told, sizes: tuple[int, ...], raters: int, near: Floats | None = None) -> Learned:
    """From votes in an order that is always the same."""
    search = chosen(told, sizes, near)
    few = search.components > 1 and (len(sizes) > 1 or told.items < _MANY)
    search = replace(search, starts=STARTS if few else 1)
    mixture = fit(told.counts()[spread(np.unique(told.item), _MOST_ITEMS)], sizes, search, near=near)
    return Learned(mixture, tilts(_some(told, mixture), mixture, raters))


def _some(told: Told, mixture: Mixture) -> Told:
    """As many items as their votes can be held in memory with all components."""
    votes = len(told.item) / max(told.items, 1)
    most = max(1, int(_MOST_CELLS / (mixture.weights.size * max(votes, 1.0))))
    kept = np.isin(told.item, spread(np.unique(told.item), most))
    item = np.unique(told.item[kept], return_inverse=True)[1]
    return Told(int(item.max(initial=-1)) + 1, item, told.rater[kept], told.said[kept])
