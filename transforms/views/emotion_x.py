"""EmotionX: the label that enough raters name, three of five there, and `non-neutral` where there is none."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._tally import CLOSE, leading, tallied


@dataclass(frozen=True)
class EmotionX:
    """Chooses what got at least `votes` votes, and else a word that need not be in the taxonomy."""

    votes: Annotated[float, Field(gt=0, description="a label must have so many votes, of however many raters")] = 3
    otherwise: Annotated[str, Field(min_length=1, description="what is chosen where no label has them")] = "non-neutral"

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        tally = tallied(opinions, taxonomy)
        chosen = leading(tally.totals) & (tally.totals >= self.votes - CLOSE)
        return tally.decided(self, taxonomy, chosen, self.otherwise, tally.uncounted)
