"""Vote share: each opinion has one vote to divide among the labels it was asked about; their mean is the label.

Nothing is dropped for want of a majority. People, groups of people and models are never counted together.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import votes
from affectory.transforms.views._grouping import grouped
from affectory.transforms.views._rows import entropy_share, label_rows


@dataclass(frozen=True)
class VoteShare:
    """The share of the votes that each label got."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        groups = grouped(opinions)
        cast = votes(groups.opinions, taxonomy)
        used = np.asarray(~np.isnan(cast).all(axis=1))
        groups, cast = groups.only(used), cast[used]
        values = groups.mean(cast)
        values /= np.nansum(values, axis=1, keepdims=True)
        first = np.nan_to_num(values, nan=-1.0).argmax(axis=1)
        agrees = cast[np.arange(len(cast)), first[groups.group]] >= np.nanmax(cast, axis=1, initial=0) - 1e-9
        agreement = groups.mean(agrees.astype(np.float64)[:, None])[:, 0]
        measures = {"uncertainty": entropy_share(values), "agreement": agreement}
        return label_rows(self, groups, taxonomy.name, "simplex", values, **measures)
