"""One coin: the probability of one true label, from raters who are each right with a probability of their own.

This is not the distribution of opinions. With few raters it may follow a single one of them and overrule the others,
which the label's state then says.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._rater_models import fit_one_coin, one_coin_posterior
from affectory.transforms.views._rater_view import Most, Rounds, evidence, fitted, placed


@dataclass(frozen=True)
class OneCoin:
    """One skill for each rater, fitted by EM from the shares of votes. `most` samples are fitted to."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    most: Most = 200_000
    rounds: Rounds = 200
    tolerance: float = 1e-6

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        return evidence(opinions, taxonomy)

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        model = partial(fit_one_coin, rounds=self.rounds, tolerance=self.tolerance)
        return fitted(evidence, len(taxonomy.labels), model)

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        return placed(self, opinions, taxonomy, fit, one_coin_posterior)
