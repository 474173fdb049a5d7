"""Opinions as votes for the calibrated Bayesian view: which questions they answer, and what they say to each.

A context is a perspective and what raters saw; each of the view's questions is asked once in each context.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.ids import COUNTED, GROUP
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views import _bayes_near as like
from affectory.transforms.views._answers import intensities, picks, votes
from affectory.transforms.views._grouping import Floats, Grouped, Ints
from affectory.transforms.views._mixture import sums
from affectory.transforms.views._tally import Reader, answered

Space = Literal["simplex", "multi-label", "ordinal"]
_READ: dict[Space, Reader] = {"simplex": votes, "multi-label": picks, "ordinal": intensities}
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Form:
    """The questions of one context: how many answers each has, what the values of a label are called."""

    space: Space
    labels: tuple[str, ...]
    levels: int

    @property
    def sizes(self) -> tuple[int, ...]:
        several = {"simplex": (len(self.labels),), "multi-label": (2,) * len(self.labels)}
        return several.get(self.space, (self.levels,) * len(self.labels))

    @property
    def names(self) -> list[str] | None:
        """What values are of; None where they are of the labels."""
        levels = range(self.levels)
        return [f"{name}:{level}" for name in self.labels for level in levels] if self.space == "ordinal" else None

    def near(self, taxonomy: Taxonomy) -> Floats:
        """Answers x answers: which are alike, rows sum to 1."""
        if self.space == "simplex":
            return like.near(taxonomy)
        one = np.eye(2) if self.space == "multi-label" else like.levels(self.levels)
        return like.blocks(one, len(self.labels))

    def answered(self, opinions: pa.Table, taxonomy: Taxonomy) -> tuple[Grouped, Floats, Floats]:
        """The opinions that say something; what they say of each answer, one vote for each question; and the same with
        NaN where they were not asked."""
        groups, found = answered(opinions, taxonomy, _READ[self.space])
        if self.space == "simplex":
            return groups, np.nan_to_num(found), found
        whole = np.rint(np.clip(found, 0, self.levels - 1)) if self.space == "ordinal" else np.sign(found)
        cells = (whole[:, :, None] == np.arange(self.sizes[0])).astype(np.float64)
        asked = np.where(np.isnan(found)[:, :, None], np.nan, cells).reshape(len(found), sum(self.sizes))
        return groups, np.nan_to_num(asked), asked

    def shown(self, values: Floats) -> Floats:
        """Of all answers those that are values of a label: of yes and no the yes."""
        return values[:, 1::2] if self.space == "multi-label" else values


def contexts(groups: Grouped) -> pa.Array:
    """Of each group its context in words."""
    parts = (groups.keys.column(name) for name in ("perspective", "modalities"))
    return pa.chunked_array(pc.binary_join_element_wise(*parts, "/")).combine_chunks()


def raters(opinions: pa.Table) -> pa.Array:
    """Who it was; null for those who were only counted, and for groups."""
    named = opinions.column("rater").combine_chunks()
    nobody = pc.or_(*(pc.starts_with(named, prefix) for prefix in (COUNTED, GROUP)))
    return pc.if_else(nobody, pa.scalar(None, pa.string()), named)


def people(opinions: pa.Table) -> Floats:
    """How many people an opinion is."""
    column = pc.max_element_wise(pc.fill_null(opinions.column("people"), 1), 1)
    return np.asarray(column.to_numpy(), np.float64)


def widened(said: Floats, context: Ints, count: int) -> Floats:
    """Votes of a context, in the columns of all contexts side by side."""
    wide = np.zeros((len(said), count, said.shape[1]))
    wide[np.arange(len(said)), context] = said
    return wide.reshape(len(said), count * said.shape[1])


def shares(counts: Floats, asked: Floats, sizes: tuple[int, ...]) -> Floats:
    """Of each question how its answers are shared out among those that were asked; NaN for the others."""
    counts = np.where(asked > 0, counts, 0.0)
    totals = np.repeat(sums(counts, sizes), sizes, axis=1)
    found: Floats = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=(totals > 0) & (asked > 0))
    return found
