"""Votes counted in their groups: what the rules over votes begin with and end on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._answers import picks, votes
from affectory.transforms.views._grouping import Floats, Grouped, Ints, grouped
from affectory.transforms.views._rows import chosen_of, entropy_share, in_words, label_rows

CLOSE = 1e-6
"""Shares that differ by less are equal: they are of weights that are kept in 32 bits, and a third is cut off."""
TIE, NO_MAJORITY, UNCOUNTED = "tie", "no majority", "nobody said how many voted"

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
        """How many votes each label got in each group; an opinion that sums up people has as many as they are."""
        totals = self.groups.sum(self.cast * self._people[:, None])
        return np.where(np.isnan(self.shares), np.nan, np.round(totals, 4))

    @cached_property
    def uncounted(self) -> Mask:
        """Where somebody's opinion sums up nobody knows how many."""
        return np.asarray(self.groups.sum((self._people == 0).astype(np.float64)[:, None])[:, 0] > 0)

    @cached_property
    def _people(self) -> Floats:
        people = self.groups.opinions.column("people").combine_chunks()
        return np.asarray(pc.fill_null(people, 1).to_numpy(zero_copy_only=False), np.float64)

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

    def decided(self, view: Any, taxonomy: Taxonomy, chosen: Mask, otherwise: str | None, unknown: Any = False) -> Any:
        """Rows of `labels` with the vote share and what was chosen. `otherwise` is the choice where none was made,
        unless it is `unknown` how many voted."""
        unknown = np.broadcast_to(unknown, len(chosen))
        names, chosen = taxonomy.labels, chosen & ~unknown[:, None]
        none = nothing(chosen) & ~unknown
        if otherwise is not None:
            chosen, names = np.column_stack([chosen, none]), (*names, otherwise)
        state = in_words((unknown, UNCOUNTED), (chosen.sum(axis=1) > 1, TIE), (none, NO_MAJORITY))
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
    kept = groups.only(used)
    if read is votes and not used.all():
        kept = replace(kept, silent=_silent(groups, used, taxonomy))
    return kept, found[used]


def _silent(groups: Grouped, used: Mask, taxonomy: Taxonomy) -> Ints:
    """Of the groups with an opinion that is used, how many others were asked and named none of the labels."""
    rest = np.flatnonzero(~used)
    picked = picks(groups.opinions.take(pa.array(rest)), taxonomy)
    none = rest[~np.isnan(picked).all(axis=1) & (np.nan_to_num(picked).max(axis=1, initial=0) == 0)]
    counts = np.bincount(groups.group[none], minlength=groups.size)
    return counts[np.unique(groups.group[used])].astype(np.int64)


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
