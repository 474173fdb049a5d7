"""Votes counted in their groups: what the rules over votes begin with and end on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._answers import votes
from affectory.transforms.views._grouping import Floats, Grouped, grouped
from affectory.transforms.views._rows import chosen_of, entropy_share, in_words, label_rows

CLOSE = 1e-9
"""Sums of shares that differ by less are equal: a third and two thirds make one vote."""
TIE, NO_MAJORITY = "tie", "no majority"

Mask = NDArray[np.bool_]
Reader = Callable[[pa.Table, Taxonomy], Floats]


@dataclass(frozen=True)
class Tally:
    """The votes, a row for each opinion, and the share that each label got, a row for each group; NaN is unasked."""

    groups: Grouped
    cast: Floats
    shares: Floats

    @cached_property
    def totals(self) -> Floats:
        """How many votes each label got in each group."""
        totals = self.groups.sum(self.cast)
        return np.where(np.isnan(self.shares), np.nan, np.round(totals, 9))

    def agreement(self, values: Floats) -> Floats:
        """The share of the opinions whose first choice is that of the values; NaN where these have none."""
        first = np.nan_to_num(values, nan=-1.0).argmax(axis=1)
        agrees = self.cast[np.arange(len(self.cast)), first[self.groups.group]] >= self._best - CLOSE
        share = self.groups.mean(agrees.astype(np.float64)[:, None])[:, 0]
        return np.where(np.isnan(values).all(axis=1), np.nan, share)

    @cached_property
    def _best(self) -> Floats:
        return np.asarray(np.nanmax(self.cast, axis=1, initial=0))

    def labels(self, view: Any, taxonomy: Taxonomy, values: Floats, **more: Any) -> pa.Table:
        """Rows of `labels` with these values, which share out a whole."""
        measures = {"uncertainty": entropy_share(values), "agreement": self.agreement(values)}
        return label_rows(view, self.groups, taxonomy.name, "simplex", values, **measures, **more)

    def decided(self, view: Any, taxonomy: Taxonomy, chosen: Mask, otherwise: str | None = None) -> pa.Table:
        """Rows of `labels` with the vote share and what was chosen; `otherwise` is the choice where none was made."""
        names, state = taxonomy.labels, in_words((chosen.sum(axis=1) > 1, TIE), (nothing(chosen), NO_MAJORITY))
        if otherwise is not None:
            chosen, names = np.column_stack([chosen, nothing(chosen)]), (*names, otherwise)
        return self.labels(view, taxonomy, self.shares, chosen=chosen_of(chosen, names), state=state)


def tallied(opinions: pa.Table, taxonomy: Taxonomy) -> Tally:
    """The opinions that are a vote, counted in their groups."""
    groups, cast = answered(opinions, taxonomy, votes)
    shares = groups.mean(cast)
    shares /= np.nansum(shares, axis=1, keepdims=True)
    return Tally(groups, cast, shares)


def answered(opinions: pa.Table, taxonomy: Taxonomy, read: Reader) -> tuple[Grouped, Floats]:
    """The opinions that say something of the taxonomy's labels, in their groups, and what they say."""
    groups = grouped(opinions)
    found: Floats = read(groups.opinions, taxonomy)
    used = np.asarray(~np.isnan(found).all(axis=1))
    return groups.only(used), found[used]


def leading(values: Floats) -> Mask:
    """The largest of each row, several where they tie; none of a row that has nothing but zeros and nulls."""
    known = np.nan_to_num(values)
    most = known.max(axis=1, keepdims=True, initial=0)
    return np.asarray((known > CLOSE) & (known >= most - CLOSE))


def nothing(chosen: Mask) -> Mask:
    """Where none was chosen."""
    return np.asarray(~chosen.any(axis=1))


def settled(means: Floats) -> Floats:
    """Means of numbers that are kept in 32 bits, without what these add to them: 0.3 is not more than 0.3."""
    return np.round(means, 6)
