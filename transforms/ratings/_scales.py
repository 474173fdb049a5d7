"""The scales of valence, arousal and dominance."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from affectory.transforms.sources import _columns as columns

DIMENSIONS = ("valence", "arousal", "dominance")
_Finite = Annotated[float, Field(allow_inf_nan=False)]
Range = tuple[float, float]
Ranges = Mapping[Literal["valence", "arousal", "dominance"], tuple[_Finite, _Finite]]
_USUAL: Range = (-1.0, 1.0)


def range_of(given: Range | Mapping[Any, Range], dimension: str) -> Range:
    """The lowest and highest value of a dimension."""
    return given.get(dimension, _USUAL) if isinstance(given, Mapping) else given


def checked_ranges(given: Range | Mapping[Any, Range]) -> None:
    """Raises where one ends before it begins."""
    if any(low >= high for low, high in (range_of(given, name) for name in DIMENSIONS)):
        raise ValueError("`vad_range` is [lowest, highest], and the lowest comes first")


def scaled(low: float, high: float) -> Callable[[Any], float | None]:
    """A value of the scale as one between -1 and 1."""
    inside = columns.within(columns.number, low, high)

    def scale(value: Any) -> float | None:
        found = inside(value)
        return None if found is None else 2 * (found - low) / (high - low) - 1

    return scale
