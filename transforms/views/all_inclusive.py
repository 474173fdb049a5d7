"""All-inclusive: every label that at least one rater gave is one, so that no minority is dropped.

After Chou et al., who keep all ratings of speech where the raters do not agree.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import picks
from affectory.transforms.views._rows import chosen_of, label_rows
from affectory.transforms.views._tally import answered


@dataclass(frozen=True)
class AllInclusive:
    """Chooses every label that somebody picked; the values are the shares of those asked who did."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        groups, picked = answered(opinions, taxonomy, picks)
        values = groups.mean(picked)
        chosen = chosen_of(values > 0, taxonomy.labels)
        return label_rows(self, groups, taxonomy.name, "multi-label", values, chosen=chosen)
