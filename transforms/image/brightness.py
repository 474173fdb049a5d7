"""Notes how bright and how colourful each image or video sample is."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from affectory.schemas.types import FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_PIXELS, NATIVE
from affectory.transforms.rows import Reject, Values, by_row

_MAX_SIDE = 1024


@dataclass(frozen=True)
class Brightness:
    """Notes `brightness` (mean luma, 0-1) and `colorfulness` (Hasler and Suesstrunk): of an image, or over stills."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = NATIVE

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        return {"brightness": pa.float32(), "colorfulness": pa.float32()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._measured)

    def _measured(self, row: Values) -> Values:
        seen = [row["image"]] if row["kind"] == "image" else row["frames"]
        if not seen:
            raise Reject("unsupported", "a video is measured on its stills: put `frames` before `brightness`")
        measured = [_measures(_pixels(picture["path"])) for picture in seen]
        brightness, colorfulness = np.mean(measured, axis=0)
        return {"brightness": float(brightness), "colorfulness": float(colorfulness)}


def _pixels(path: str) -> NDArray[np.float32]:
    from affectory.transforms.media._images import decoded, opened_image

    with opened_image(path, MAX_PIXELS) as image:
        return np.asarray(decoded(image, _MAX_SIDE), dtype=np.float32)


def _measures(pixels: NDArray[Any]) -> tuple[float, float]:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    luma = (0.299 * red + 0.587 * green + 0.114 * blue).mean() / 255
    across, along = red - green, (red + green) / 2 - blue
    spread, centre = np.hypot(across.std(), along.std()), np.hypot(across.mean(), along.mean())
    return float(luma), float(spread + 0.3 * centre)
