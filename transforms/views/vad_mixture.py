"""A distribution over emotions from places in valence, arousal and dominance, by a Gaussian at each label's own place.

Each rater's place has a posterior over the labels, all equally likely beforehand, and the label is the mean of these:
two raters at opposite ends are two emotions and not a neutral one. What a rater did not give is left out of the
distance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import DIMENSIONS, places_in_vad
from affectory.transforms.views._grouping import Floats, grouped
from affectory.transforms.views._intervals import share_interval
from affectory.transforms.views._rows import entropy_share, label_rows

Width = Annotated[float, Field(ge=0.01, le=10)]


@dataclass(frozen=True)
class VadMixture:
    """Posterior over the labels of a taxonomy whose entries have a place in VAD."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    width: Annotated[Width, Field(description="standard deviation of the Gaussians, on the scale of -1 to 1")] = 0.3
    widths: Annotated[
        Mapping[str, Width] | None, Field(description="the same by label, where emotions are not equally wide")
    ] = None

    def check(self, taxonomy: Taxonomy) -> None:
        """Every label needs a place, and `widths` may name no other."""
        _places(taxonomy)
        self._widths(taxonomy)

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`; `low` and `high` bound the mean of all raters who might have been asked."""
        places, widths = _places(taxonomy), self._widths(taxonomy)
        groups = grouped(opinions)
        given = places_in_vad(groups.opinions)
        used = np.asarray(~np.isnan(given).all(axis=1))
        groups, each = groups.only(used), posterior(given[used], places, widths)
        values = groups.mean(each)
        values /= values.sum(axis=1, keepdims=True)
        spread = np.sqrt(groups.mean((each - values[groups.group]) ** 2))
        spread[groups.sizes() < 2] = np.nan
        low, high = share_interval(values, groups.sizes().astype(np.float64)[:, None])
        first = values.argmax(axis=1)
        agrees = each.argmax(axis=1) == first[groups.group]
        agreement = groups.mean(agrees.astype(np.float64)[:, None])[:, 0]
        measures = {"uncertainty": entropy_share(values), "agreement": agreement}
        return label_rows(self, groups, taxonomy.name, "simplex", values, low=low, high=high, spread=spread, **measures)

    def _widths(self, taxonomy: Taxonomy) -> Floats:
        widths = np.full(len(taxonomy.labels), self.width)
        for label, width in (self.widths or {}).items():
            widths[taxonomy.index(label)] = width
        return widths


def _places(taxonomy: Taxonomy) -> Floats:
    """Where the labels lie: labels x dimensions."""
    missing = [entry.name for entry in taxonomy.asked if entry.vad is None]
    if missing:
        hint = "give these entries `vad: {valence: 0.8, arousal: 0.5, dominance: 0.4}`, each from -1 to 1"
        raise UserError(f"vad_mixture: in {taxonomy.name} there is no place in VAD of {', '.join(missing)}", hint)
    return np.array([[getattr(entry.vad, name) for name in DIMENSIONS] for entry in taxonomy.asked])


def posterior(given: Floats, places: Floats, widths: Floats) -> Floats:
    """Of each place given (rows x dimensions, NaN where one was not), how likely it is each label's."""
    fits = np.zeros((len(given), len(places)))
    for column, at in zip(given.T, places.T, strict=True):
        off = (column[:, None] - at) / widths
        fits -= np.where(np.isnan(off), 0.0, 0.5 * off * off + np.log(widths))
    weights = np.exp(fits - fits.max(axis=1, keepdims=True))
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares
