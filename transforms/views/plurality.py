"""Plurality: the label with the most votes, all of those that have as many where they tie."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._tally import leading, tallied


@dataclass(frozen=True)
class Plurality:
    """Chooses what got the most votes; the values are the vote share."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        tally = tallied(opinions, taxonomy)
        return tally.decided(self, taxonomy, leading(tally.shares), None)
