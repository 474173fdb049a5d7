"""Mean place in valence, arousal and dominance, with standard deviation and covariance among raters.

It is taken of every dataset, beside the rule of the recipe.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import DIMENSIONS, places_in_vad
from affectory.transforms.views._grouping import Floats, Grouped, grouped
from affectory.transforms.views._rows import label_rows, names_of


@dataclass(frozen=True)
class VadMean:
    """The mean of the places given, each dimension over those who gave it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels` in the taxonomy `vad`, whatever the recipe's own is."""
        groups = grouped(opinions)
        places = places_in_vad(groups.opinions)
        used = np.asarray(~np.isnan(places).all(axis=1))
        groups, places = groups.only(used), places[used]
        means = groups.mean(places)
        together = covariance(groups, places, means)
        spread = np.sqrt(together[:, :: len(DIMENSIONS) + 1])
        more = {"spread": spread, "covariance": together, "names": names_of(DIMENSIONS, groups.size)}
        return label_rows(self, groups, "vad", "continuous", means, **more)


def covariance(groups: Grouped, places: Floats, means: Floats) -> Floats:
    """Among raters, row by row, divided by how many gave both; NaN where nobody did."""
    off = places - means[groups.group]
    pairs = (off[:, :, None] * off[:, None, :]).reshape(len(off), len(DIMENSIONS) ** 2)
    return groups.mean(pairs)
