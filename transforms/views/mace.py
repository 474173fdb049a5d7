"""MACE: the probability of one true label, from raters who either know it or answer by a habit of their own.

This is not the distribution of opinions: a minority that sees another emotion is taken for guessing.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._rater_models import fit_mace, mace_posterior
from affectory.transforms.views._rater_view import Most, Rounds, evidence, fitted, placed


@dataclass(frozen=True)
class Mace:
    """Competence and habits of each rater by variational Bayes; the best of several starts, drawn from the seed."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    most: Most = 200_000
    rounds: Rounds = 50
    restarts: Annotated[int, Field(ge=1, le=100)] = 4
    seed: Annotated[int, Field(ge=0)] = 0

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        return evidence(opinions, taxonomy)

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        model = partial(fit_mace, rounds=self.rounds, restarts=self.restarts, seed=self.seed)
        return fitted(evidence, len(taxonomy.labels), model)

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        return placed(self, opinions, taxonomy, fit, mace_posterior)
