"""Majority: the label that more than half of the votes name, or none.

A sample without a majority keeps its row and its vote share, and says so.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._tally import CLOSE, leading, tallied


@dataclass(frozen=True)
class Majority:
    """Chooses what got more than `share` of the votes, and else `otherwise`."""

    share: Annotated[float, Field(ge=0, lt=1, description="a label must have more than this share of the votes")] = 0.5
    otherwise: Annotated[str | None, Field(min_length=1, description="what is chosen where no label has it")] = None

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        tally = tallied(opinions, taxonomy)
        chosen = leading(tally.shares) & (tally.shares > self.share + CLOSE)
        return tally.decided(self, taxonomy, chosen, self.otherwise)
