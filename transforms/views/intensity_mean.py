"""Intensity mean: how strongly raters found each label on average, rounded to a step where that is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import intensities
from affectory.transforms.views._grouping import Floats
from affectory.transforms.views._rows import label_rows
from affectory.transforms.views._tally import answered, settled
from affectory.transforms.views.threshold import Threshold

Rounding = Literal["none", "ceil", "floor", "half_even", "half_up"]
_ROUND: Mapping[str, Callable[[Floats], Floats]] = {
    "none": lambda means: means,
    "ceil": np.ceil,
    "floor": np.floor,
    "half_even": np.round,
    "half_up": lambda means: np.floor(means + 0.5),
}


@dataclass(frozen=True)
class IntensityMean:
    """The mean of the intensities of each label, of those who were asked it, with the standard deviation among them."""

    rounding: Annotated[Rounding, Field(description="how a mean becomes a step of the scale")] = "none"
    where: Annotated[Threshold | None, Field(description="a rule that a label must meet, or else it is 0")] = None

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        groups, given = answered(opinions, taxonomy, intensities)
        means = groups.mean(given)
        spread = np.sqrt(groups.mean((given - means[groups.group]) ** 2))
        values = _ROUND[self.rounding](settled(means))
        if self.where is not None:
            values = np.where(self.where.holds(groups, given) | np.isnan(means), values, 0.0)
        return label_rows(self, groups, taxonomy.name, "ordinal", values, spread=spread)
