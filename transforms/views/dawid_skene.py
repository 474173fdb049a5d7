"""Dawid-Skene: the probability of one true label, from raters who each mistake labels for others in their own way.

This is not the distribution of opinions: where raters differ because the sample is ambiguous it still becomes sure of
one label. It suits questions that have a right answer.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._rater_models import confused_posterior, fit_dawid_skene
from affectory.transforms.views._rater_view import Most, Rounds, evidence, fitted, placed


@dataclass(frozen=True)
class DawidSkene:
    """A confusion matrix for each rater, fitted by EM from the shares of votes. `most` samples are fitted to."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    most: Most = 200_000
    rounds: Rounds = 200
    tolerance: float = 1e-6

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        return evidence(opinions, taxonomy)

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        model = partial(fit_dawid_skene, rounds=self.rounds, tolerance=self.tolerance)
        return fitted(evidence, len(taxonomy.labels), model)

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        return placed(self, opinions, taxonomy, fit, confused_posterior)
