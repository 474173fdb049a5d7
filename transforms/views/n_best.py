"""N-best: the few labels with the most votes, which share the whole among them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._rows import chosen_of, in_words
from affectory.transforms.views._tally import CLOSE, TIE, tallied


@dataclass(frozen=True)
class NBest:
    """Keeps the `n` labels with the most votes, more where they tie for the last place, and none without a vote."""

    n: Annotated[int, Field(ge=1, description="how many labels are kept")] = 2

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        tally = tallied(opinions, taxonomy)
        shares = np.nan_to_num(tally.shares)
        last = np.sort(shares, axis=1)[:, -min(self.n, shares.shape[1]), None]
        kept = (shares > CLOSE) & (shares >= last - CLOSE)
        values = np.where(kept | np.isnan(tally.shares), tally.shares, 0.0)
        values /= np.nansum(values, axis=1, keepdims=True)
        more = {"chosen": chosen_of(kept, taxonomy.labels), "state": in_words((kept.sum(axis=1) > self.n, TIE))}
        return tally.labels(self, taxonomy, values, **more)
