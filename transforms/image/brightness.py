"""Notes how bright, colourful and saturated each image or video sample is, and its prevailing hue."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.image._measures import NUMBERS, look, mean
from affectory.transforms.media._limits import NATIVE
from affectory.transforms.rows import Reject, Values, by_row

_MAX_SIDE = 1024


@dataclass(frozen=True)
class Brightness:
    """Notes `brightness` (mean luma, 0-1), `colorfulness` (Hasler and Suesstrunk), `saturation` (0-1) and `hue`.

    They are those of an image, or the mean over a video's stills. `hue` is the circular mean in degrees of the pixels
    that have a colour, null where few have one or no hue prevails.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = NATIVE

    levels: Annotated[
        bool,
        Field(description="also brightness_level and colorfulness_level, 0.0 to 1.0 in steps of 0.1, as EmoSet has"),
    ] = False

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        levels = ("brightness_level", "colorfulness_level") if self.levels else ()
        return {**dict.fromkeys(NUMBERS, pa.float32()), **dict.fromkeys(levels, pa.float64())}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._measured)

    def _measured(self, row: Values) -> Values:
        from affectory.transforms.media._images import pixels_of

        seen = [row["image"]] if row["kind"] == "image" else row["frames"]
        if not seen:
            raise Reject("unsupported", "a video is measured on its stills: put `frames` before `brightness`")
        found = mean(look(pixels_of(picture["path"], _MAX_SIDE)) for picture in seen)
        return {**found.values(), **(found.levels() if self.levels else {})}
