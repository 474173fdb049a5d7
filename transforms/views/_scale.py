"""The scale that ratings were given on, of which opinions hold the values as -1 to 1."""

from typing import Annotated

import numpy as np
from pydantic import Field

from affectory.transforms.views._grouping import Floats

Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[tuple[Finite, Finite], Field(strict=False)]
_DIGITS = 6


def checked_scale(scale: tuple[float, float]) -> None:
    """Raises where it ends before it begins."""
    if scale[0] >= scale[1]:
        raise ValueError("`scale` is [lowest, highest], and the lowest comes first")


def on_scale(places: Floats, scale: tuple[float, float]) -> Floats:
    """Values between -1 and 1 as they were given; opinions hold them with seven digits."""
    low, high = scale
    return np.asarray(np.round(low + (places + 1) / 2 * (high - low), _DIGITS))
