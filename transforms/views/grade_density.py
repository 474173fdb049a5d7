"""The density of grades: of each dimension how its ratings lie over the scale, not only where their mean is.

Each level of the scale has a cell, from halfway to the level before to halfway to the one after, and its value is the
density there, so that the values of a dimension times the width of a cell add up to 1.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT
from affectory.transforms.views._answers import DIMENSIONS, intensities, places_in_vad
from affectory.transforms.views._grouping import Floats, Grouped, grouped
from affectory.transforms.views._rows import chosen_of, label_rows, names_of
from affectory.transforms.views._scale import Scale, checked_scale, on_scale

OUTSIDE = "some grades lie outside the levels and are not counted"


@dataclass(frozen=True)
class GradeDensity:
    """Histogram or kernel density over the levels of a scale."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    of: Annotated[
        Literal["vad", "intensity"], Field(description="valence, arousal and dominance, or how strong each label is")
    ] = "vad"
    scale: Annotated[Scale, Field(description="lowest and highest grade")] = (1.0, 5.0)
    levels: Annotated[int, Field(ge=2, le=1001, description="how many levels there are, both ends among them")] = 5
    method: Annotated[
        Literal["histogram", "kernel"], Field(description="each grade in its cell, or spread by a Gaussian")
    ] = "histogram"
    bandwidth: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="standard deviation of the Gaussian, on the scale")
    ] = 0.5
    best: Annotated[
        int, Field(ge=0, description="how many of a dimension's densest levels are `chosen`, ties all; 0: none")
    ] = 0

    def __post_init__(self) -> None:
        checked_scale(self.scale)

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`; `names` are `valence:1`, `valence:2` and so on."""
        groups = grouped(opinions)
        is_vad = self.of == "vad"
        places = places_in_vad(groups.opinions)
        grades = on_scale(places, self.scale) if is_vad else intensities(groups.opinions, taxonomy)
        used = np.asarray(~np.isnan(grades).all(axis=1))
        groups, grades = groups.only(used), grades[used]
        outside = ~np.isnan(grades) & ((grades < self._edges[0]) | (grades > self._edges[-1]))
        grades[outside] = np.nan
        density = np.stack([self._density(groups, column) for column in grades.T], axis=1)
        odd = groups.sum(outside.any(axis=1).astype(np.float64)[:, None])[:, 0] > 0
        names = self._names(DIMENSIONS if is_vad else taxonomy.labels)
        flat = density.reshape(groups.size, len(names))
        more = {"names": names_of(names, groups.size), "state": [OUTSIDE if x else None for x in odd]}
        chosen = {"chosen": chosen_of(self._best(density).reshape(flat.shape), names)} if self.best else {}
        space = "continuous" if is_vad else "ordinal"
        return label_rows(self, groups, "vad" if is_vad else taxonomy.name, space, flat, **more, **chosen)

    @property
    def _width(self) -> float:
        return (self.scale[1] - self.scale[0]) / (self.levels - 1)

    @property
    def _edges(self) -> Floats:
        return np.asarray(self.scale[0] + self._width * (np.arange(self.levels + 1) - 0.5), np.float64)

    def _names(self, dimensions: tuple[str, ...]) -> list[str]:
        levels = [self.scale[0] + self._width * place for place in range(self.levels)]
        return [f"{name}:{round(level, 6):g}" for name in dimensions for level in levels]

    def _density(self, groups: Grouped, grades: Floats) -> Floats:
        """Of one dimension: groups x levels, NaN where nobody gave a grade."""
        distinct, place = np.unique(grades, return_inverse=True)
        found = groups.mean(self._cells(distinct)[place])
        density: Floats = found / (np.nansum(found, axis=1, keepdims=True) * self._width + np.isnan(found[:, :1]))
        return density

    def _cells(self, grades: Floats) -> Floats:
        """What part of each grade lies in each cell; NaN of a grade that is NaN."""
        if self.method == "histogram":
            cell = np.clip((grades - self._edges[0]) / self._width, 0, self.levels - 1)
            parts = (np.floor(np.nan_to_num(cell))[:, None] == np.arange(self.levels)).astype(np.float64)
        else:
            from scipy.special import ndtr  # slow to import

            within = np.where(np.isnan(grades), self.scale[0], grades)
            below = ndtr((self._edges - within[:, None]) / self.bandwidth)
            parts = np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
        return np.where(np.isnan(grades)[:, None], np.nan, parts)

    def _best(self, density: Floats) -> Any:
        """The densest levels of each dimension, those that tie with the last of them too."""
        rounded = np.round(np.nan_to_num(density, nan=0.0), 9)
        place = max(self.levels - self.best, 0)
        least = np.sort(rounded, axis=2)[:, :, place, None]
        return (rounded >= least) & (rounded > 0)
