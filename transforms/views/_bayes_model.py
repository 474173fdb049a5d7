"""What the calibrated Bayesian view learns of a dataset: kinds of items, and raters' own leanings."""

from dataclasses import dataclass, replace

from affectory.transforms.views._bayes_choice import Told, chosen
from affectory.transforms.views._bayes_tilts import evidence, tilts
from affectory.transforms.views._grouping import Floats
from affectory.transforms.views._mixture import Mixture, Posterior
from affectory.transforms.views._mixture_fit import fit

STARTS = 3


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
    search = replace(chosen(told, sizes, near), starts=STARTS)
    mixture = fit(told.counts(), sizes, search, near=near)
    return Learned(mixture, tilts(told, mixture, raters))
