"""Calibrated: what a model says of a sample, as the distribution of what people would say of it.

Each model with each of its prompts has a map of its own, fitted on samples that people judged too, from the same
perspective and of the same person's feeling, whatever they saw. Where samples were chosen by chance for people, each
counts by the inverse of its chance. People's opinions pass as their vote share; models never count as people.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views import _models
from affectory.transforms.views._answers import votes
from affectory.transforms.views._calibration import Calibration
from affectory.transforms.views._grouping import Floats, Grouped, coded
from affectory.transforms.views._rows import in_words
from affectory.transforms.views._tally import Tally, answered

UNKNOWN, FEW = "not calibrated: nobody judged what this model did", "calibrated on few samples"
CLIPPED = "calibrated on samples of which some were chosen too rarely to count fully"


@dataclass(frozen=True)
class Calibrated:
    """The mean of models' distributions, each calibrated against people's votes. `few` samples are told of."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    most: Annotated[int, Field(ge=1, description="how many samples are fitted to")] = 200_000
    few: Annotated[int, Field(ge=0, description="fewer samples are told of")] = 30

    def evidence(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Who said what of what, and with what chance a sample was chosen."""
        return _models.evidence(opinions, taxonomy)

    def fit(self, evidence: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """A map for each perspective, model and prompt."""
        return _models.fitted(evidence, len(taxonomy.labels))

    def placed(self, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table) -> pa.Table:
        """Rows of `labels`."""
        groups, cast = answered(opinions, taxonomy, votes)
        known, untouched = _models.calibrations(fit), Calibration.untouched(len(taxonomy.labels))
        keys, key = coded(_models.keys(groups))
        samples, clipped = np.full(len(cast), np.inf), np.zeros(len(cast))
        for number, name in enumerate(keys.to_pylist()):
            mine, found = key == number, known.get(name, untouched)
            cast[mine] = found.apply(cast[mine]) if found.samples else cast[mine]
            samples[mine], clipped[mine] = found.samples, found.clipped
        return self._labels(groups, cast, samples, clipped, taxonomy)

    def _labels(self, groups: Grouped, cast: Floats, samples: Floats, clipped: Floats, taxonomy: Taxonomy) -> pa.Table:
        shares = groups.mean(cast)
        shares /= np.nansum(shares, axis=1, keepdims=True)
        least = np.full(groups.size, np.inf)
        np.minimum.at(least, groups.group, samples)
        cut = groups.sum(clipped[:, None])[:, 0] > 0
        state = in_words((least == 0, UNKNOWN), (least < self.few, FEW), (cut, CLIPPED))
        return Tally(groups, cast, shares).labels(self, taxonomy, shares, state=state)
