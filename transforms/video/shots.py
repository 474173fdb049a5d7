"""Notes the shots of each video sample, how much moves in it, and its light and colours, over all of its pictures."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.image._measures import NUMBERS
from affectory.transforms.looking import Looker, looked
from affectory.transforms.media._limits import LONG


@dataclass(frozen=True)
class Shots:
    """Notes `shots`, `shot_count`, `shot_mean_s`, `motion`, `motion_peak`, and what `brightness` notes, over the film.

    `motion` (0-1) is how much of the picture's range changes from one measured picture to the next, cuts left out.
    The names of the measures of light and colour begin with `film_`.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = LONG

    threshold: Annotated[float, Field(gt=0, le=255, description="change of colour that is a cut, 0-255")] = 27.0
    min_s: Annotated[float, Field(ge=0, description="shorter shots join the one before, in seconds")] = 0.5
    fps: Annotated[
        float | None, Field(gt=0, le=240, description="pictures a second to measure; all of them where null")
    ] = 5.0

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        numbers = ("shot_mean_s", "motion", "motion_peak", *(f"film_{name}" for name in NUMBERS))
        return {"shots": PLACES, "shot_count": pa.int32(), **dict.fromkeys(numbers, pa.float32())}

    def setup(self) -> Step:
        return looked(self)

    def looker(self) -> Looker:
        from affectory.transforms.video._shots import ShotLook

        return lambda row, film: ShotLook(film, self)
