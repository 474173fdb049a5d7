"""Notes how sharp each picture is and whether it is blank, and rejects what is too blurred or too empty."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from affectory.schemas.types import FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.image._places import pictures
from affectory.transforms.media._limits import NATIVE
from affectory.transforms.rows import Reject, Values, by_row

_NUMBERS = ("sharpness", "entropy_bits", "plain_share")
_SIDE, _KEPT_BITS, _DIGITS = 512, 5, 4


@dataclass(frozen=True)
class Sharpness:
    """Notes `sharpness`, the variance of the Laplacian of a picture's grey at 512 pixels of its longer side or less.

    Also `entropy_bits` of its 256 greys (0-8), and `plain_share`: of its commonest colour, in steps of 8. Of a video's
    stills the mean.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = NATIVE

    min_sharpness: Annotated[
        float, Field(ge=0, description="less is rejected; photographs in focus have 100 to 1500")
    ] = 0.0
    min_entropy_bits: Annotated[float, Field(ge=0, le=8, description="less is rejected; 0 is one grey, 1 two")] = 0.0
    max_plain_share: Annotated[
        float, Field(gt=0, le=1, description="more of one colour is rejected; a blank page has 1")
    ] = 1.0

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        return dict.fromkeys(_NUMBERS, pa.float32())

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._measured)

    def _measured(self, row: Values) -> Values:
        from affectory.transforms.media._images import pixels_of

        seen = [_measures(pixels_of(picture["path"], _SIDE)) for picture in pictures(row, "sharpness")]
        sharpness, entropy, plain = (round(float(value), _DIGITS) for value in np.mean(seen, axis=0))
        if sharpness < self.min_sharpness:
            raise Reject("filtered", f"sharpness {sharpness:g}, at least {self.min_sharpness:g} is wanted")
        if entropy < self.min_entropy_bits:
            raise Reject("filtered", f"{entropy:g} bits of entropy, at least {self.min_entropy_bits:g} are wanted")
        if plain > self.max_plain_share:
            raise Reject("filtered", f"{plain:.1%} are of one colour, at most {self.max_plain_share:.1%} are wanted")
        return dict(zip(_NUMBERS, (sharpness, entropy, plain), strict=True))


def _measures(pixels: NDArray[np.uint8]) -> tuple[float, float, float]:
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    shares = np.bincount(grey.ravel(), minlength=256) / grey.size
    shares = shares[shares > 0]
    kept = (pixels >> (8 - _KEPT_BITS)).astype(np.uint32)
    colours = kept[..., 0] << 2 * _KEPT_BITS | kept[..., 1] << _KEPT_BITS | kept[..., 2]
    sharpness = cv2.Laplacian(grey, cv2.CV_32F).astype(np.float64).var()
    return (
        float(sharpness),
        float(-(shares * np.log2(shares)).sum()),
        float(np.bincount(colours.ravel()).max() / grey.size),
    )
