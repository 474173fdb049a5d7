"""Threshold: a label holds where enough raters give it and it is strong enough on average, as in BRIGHTER."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import intensities
from affectory.transforms.views._grouping import Floats, Grouped
from affectory.transforms.views._rows import chosen_of, label_rows
from affectory.transforms.views._tally import Mask, answered, settled


@dataclass(frozen=True)
class Threshold:
    """Chooses each label that `count` raters give at least `least`, and whose mean intensity is above `mean`."""

    least: Annotated[float, Field(ge=0, description="the intensity from which a rater gives the label")] = 1.0
    count: Annotated[int, Field(ge=1, description="so many raters must give it")] = 2
    mean: Annotated[float, Field(ge=0, description="the mean of all raters' intensities must be above this")] = 0.5

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        groups, given = answered(opinions, taxonomy, intensities)
        holds = self.holds(groups, given)
        values = np.where(np.isnan(groups.mean(given)), np.nan, holds)
        chosen = chosen_of(holds, taxonomy.labels)
        return label_rows(self, groups, taxonomy.name, "multi-label", values, chosen=chosen)

    def holds(self, groups: Grouped, given: Floats) -> Mask:
        """Of each group and label whether it holds, of the intensities that the opinions give."""
        gave = groups.sum((settled(given) >= self.least).astype(np.float64))
        return np.asarray((gave >= self.count) & (settled(groups.mean(given)) > self.mean))
