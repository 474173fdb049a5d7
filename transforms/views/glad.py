"""GLAD: the probability of one true label, from raters of different ability and samples of different difficulty.

This is not the distribution of opinions: a sample on which raters differ is hard, not ambiguous.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._glad import fit_glad, fitted_posterior
from affectory.transforms.views._rater_view import Most, Rounds, evidence, fitted, placed


@dataclass(frozen=True)
class Glad:
    """An ability for each rater, fitted by EM; a sample's difficulty is found from its own opinions."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    most: Most = 200_000
    rounds: Rounds = 100
    tolerance: float = 1e-5

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        return evidence(opinions, taxonomy)

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        model = partial(fit_glad, rounds=self.rounds, tolerance=self.tolerance)
        return fitted(evidence, len(taxonomy.labels), model)

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        return placed(self, opinions, taxonomy, fit, fitted_posterior)
