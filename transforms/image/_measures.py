"""How bright, colourful and saturated pictures are, and which hue prevails: formulas for stills and video alike."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.rows import Values

NUMBERS = ("brightness", "colorfulness", "hue", "saturation")
MOST_COLORFUL = 109.0
"""Where Hasler and Suesstrunk's observers said "extremely colourful"."""
_COLOURED = 0.125
"""A pixel has a hue where its saturation and its value are at least this."""
_LEAST_SHARE, _LEAST_UNITY = 0.01, 0.05
_DIGITS = 4


@dataclass(frozen=True)
class Look:
    """Sums that can be averaged over pictures: `hue_x` and `hue_y` add up the hues of coloured pixels as arrows."""

    brightness: float
    colorfulness: float
    saturation: float
    hue_x: float
    hue_y: float
    coloured: float

    @property
    def hue(self) -> float | None:
        """The circular mean of the coloured pixels' hues in degrees; none where there are few, or all directions."""
        length = np.hypot(self.hue_x, self.hue_y)
        if self.coloured < _LEAST_SHARE or length < _LEAST_UNITY * self.coloured:
            return None
        return round(float(np.degrees(np.arctan2(self.hue_y, self.hue_x))), 1) % 360

    def values(self) -> Values:
        """`NUMBERS`, rounded: processors of different makes compute different last bits."""
        given = {"brightness": self.brightness, "colorfulness": self.colorfulness, "saturation": self.saturation}
        return {"hue": self.hue, **{name: round(value, _DIGITS) for name, value in given.items()}}

    def levels(self) -> Values:
        """Brightness and colourfulness on the eleven levels that EmoSet has, from 0.0 to 1.0 in steps of 0.1."""
        shares = {"brightness_level": self.brightness, "colorfulness_level": self.colorfulness / MOST_COLORFUL}
        return {name: round(min(share, 1.0), 1) for name, share in shares.items()}


def look(pixels: NDArray[np.uint8]) -> Look:
    """Measures of a picture in RGB: brightness is the mean luma, 0-1, colourfulness that of Hasler and Suesstrunk."""
    import cv2

    small = pixels.astype(np.float32)
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    luma = (0.299 * red + 0.587 * green + 0.114 * blue).mean(dtype=np.float64) / 255
    hsv = cv2.cvtColor(small / 255, cv2.COLOR_RGB2HSV)
    coloured = (hsv[..., 1] >= _COLOURED) & (hsv[..., 2] >= _COLOURED)
    hues = np.radians(hsv[..., 0][coloured], dtype=np.float64)
    count = coloured.size
    return Look(
        brightness=float(luma),
        colorfulness=_colorfulness(red, green, blue),
        saturation=float(hsv[..., 1].mean(dtype=np.float64)),
        hue_x=float(np.cos(hues).sum() / count),
        hue_y=float(np.sin(hues).sum() / count),
        coloured=len(hues) / count,
    )


def _colorfulness(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> float:
    across, along = red - green, (red + green) / 2 - blue
    spread = np.hypot(across.std(dtype=np.float64), along.std(dtype=np.float64))
    centre = np.hypot(across.mean(dtype=np.float64), along.mean(dtype=np.float64))
    return float(spread + 0.3 * centre)


def mean(looks: Iterable[Look]) -> Look:
    """Of several pictures, each of which counts alike."""
    return Look(*(float(value) for value in np.mean([astuple(x) for x in looks], axis=0)))
