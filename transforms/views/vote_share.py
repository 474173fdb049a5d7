"""Vote share: each opinion has one vote to divide among the labels it was asked about; their mean is the label.

Nothing is dropped for want of a majority. People, groups of people and models are never counted together.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._tally import tallied


@dataclass(frozen=True)
class VoteShare:
    """The share of the votes that each label got."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        tally = tallied(opinions, taxonomy)
        return tally.labels(self, taxonomy, tally.shares)
