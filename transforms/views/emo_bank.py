"""EmoBank's statistics of valence, arousal and dominance: mean, standard deviation and number of ratings, rounded.

Readers and writers are two perspectives and have a row each. `together: [elicited, expressed]` adds a third, of the
perspective `any`: the mean of both rounded means, weighted by how many ratings each has. That is what was published,
and is not quite the mean of all ratings, which `label.across: [perspective]` gives.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import DIMENSIONS, places_in_vad
from affectory.transforms.views._grouping import KEYS, Floats, Grouped, Ints, grouped
from affectory.transforms.views._rows import in_order, label_rows, names_of
from affectory.transforms.views._scale import Scale, checked_scale, on_scale

ANY = "any"
NONE_LEFT, FEW = "no rating left: each has the lowest value throughout", "too few ratings for a mean"


@dataclass(frozen=True)
class EmoBank:
    """Mean and population standard deviation on the scale of the ratings."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    scale: Annotated[Scale, Field(description="lowest and highest value of the ratings")] = (1.0, 5.0)
    drop_ones: Annotated[
        bool, Field(description="whether a rating with the lowest value in all three is one of nobody who looked")
    ] = True
    least: Annotated[int, Field(ge=1, description="how many ratings a mean needs")] = 2
    decimals: Annotated[int, Field(ge=0, le=9, description="to how many decimals it is rounded")] = 2
    together: Annotated[
        tuple[str, ...], Field(strict=False, description="perspectives whose means are weighted into one")
    ] = ()

    def __post_init__(self) -> None:
        checked_scale(self.scale)

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels` in the taxonomy `vad`, on the scale of the ratings."""
        groups = grouped(opinions)
        places = places_in_vad(groups.opinions)
        used = np.asarray(~np.isnan(places).all(axis=1))
        groups, ratings = groups.only(used), on_scale(places[used], self.scale)
        if self.drop_ones:
            ratings[(ratings == self.scale[0]).all(axis=1)] = np.nan
        kept = np.where(np.isnan(ratings).sum(axis=1) < len(DIMENSIONS), 1.0, np.nan)
        count = groups.counts(kept[:, None])[:, 0].astype(np.int64)
        means, spread = self._statistics(groups, ratings, count < self.least)
        states = [NONE_LEFT if not n else FEW if n < self.least else None for n in count.tolist()]
        rows = self._rows(groups, means, count, spread=spread, state=states)
        return in_order(pa.concat_tables([rows, self._weighted(groups, means, count)]))

    def _statistics(self, groups: Grouped, ratings: Floats, few: Any) -> tuple[Floats, Floats]:
        means = groups.mean(ratings)
        spread = np.sqrt(groups.mean((ratings - means[groups.group]) ** 2))
        means[few], spread[few] = np.nan, np.nan
        return np.round(means, self.decimals), np.round(spread, self.decimals)

    def _weighted(self, groups: Grouped, means: Floats, count: Ints) -> pa.Table:
        """Of each sample that has a mean of every perspective that is counted together, the weighted mean."""
        wanted = np.isin(groups.keys.column("perspective").to_numpy(), sorted(set(self.together)))
        rows = np.flatnonzero(wanted & (count >= self.least))
        keys = groups.keys.take(pa.array(rows))
        keys = keys.set_column(1, "perspective", pa.repeat(ANY, len(rows)))
        both = Grouped(keys, *_distinct(keys))
        full = (both.sizes() == len(set(self.together)))[both.group] if len(rows) else np.zeros(0, bool)
        both, rows = both.only(full), rows[full]
        weights = count[rows].astype(np.float64)[:, None]
        total = both.sum(weights)
        weighted = both.counts(means[rows]) == both.sizes()[:, None]
        values = np.where(weighted, both.sum(means[rows] * weights) / total, np.nan)
        return self._rows(both, np.round(values, self.decimals), total[:, 0].astype(np.int64))

    def _rows(self, groups: Grouped, values: Floats, count: Ints, **more: Any) -> pa.Table:
        names = names_of(DIMENSIONS, groups.size)
        return label_rows(self, groups, "vad", "continuous", values, count=count, names=names, **more)


def _distinct(keys: pa.Table) -> tuple[pa.Table, Ints]:
    """The distinct keys, and which of them each row has."""
    joined = pc.binary_join_element_wise(*(keys.column(name) for name in KEYS), "\x1f")
    found = pa.chunked_array(joined).combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    return keys.take(pa.array(np.unique(found, return_index=True)[1])), found
