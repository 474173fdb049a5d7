"""The stretch of a video that a row is about: its pictures in order, and their pixels as they are to be seen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from affectory.transforms.media._decode import Picture, end_of, moving_pictures, opened
from affectory.transforms.media._limits import MAX_S, span
from affectory.transforms.media._reel import KEPT_BYTES, Reel, reel_of
from affectory.transforms.media._upright import Upright
from affectory.transforms.rows import Reject, Values

Pixels = NDArray[np.uint8]
_BYTES_A_PIXEL = 2  # with what lies between its planes and lines


@dataclass
class Film:
    """A stretch of a file; `rate` is in pictures a second, `aspect` the width of a pixel over its height."""

    path: str
    start_us: int
    end_us: int | None
    rate: Fraction
    aspect: Fraction
    reel: Reel
    last_us: int = 0
    """When the last picture that was shown ends."""
    on_display: Picture | None = None
    """The picture that was already on display as the stretch began, if none begins with it."""
    _uprights: dict[int | None, Upright] = field(default_factory=dict)
    _seen: dict[int | None, Pixels] = field(default_factory=dict)
    _of: Picture | None = None
    _end: int | None = None

    def __post_init__(self) -> None:
        self._end = self.end_us

    @property
    def end(self) -> int:
        """Where the stretch ends; reads the file to its end where it ends there, and decodes nothing."""
        if self._end is None:
            with opened(self.path) as container:
                self._end = end_of(container, moving_pictures(container))
        return self._end

    @property
    def stays_at_hand(self) -> bool:
        """Whether all pictures of the stretch can be kept until the next one looks at them."""
        context = self.reel.stream.codec_context
        end_us = self.end_us or self.reel.container.duration or self.end
        count = (end_us - self.start_us) * self.rate / 1_000_000
        return count * context.width * context.height * _BYTES_A_PIXEL <= KEPT_BYTES

    def pictures(self) -> Iterator[Picture]:
        """Pictures that begin from the start up to, not at, the end; there is at least one to be had."""
        first = True
        for picture in self.reel.pictures(self.start_us):
            if picture.at_us < self.start_us:
                self.on_display = picture
                continue
            if self.end_us is not None and picture.at_us >= self.end_us:
                break
            if picture.end_us - self.start_us > MAX_S * 1e6:
                raise Reject("too_long", f"longer than {MAX_S:g} s")
            self.last_us, first = picture.end_us, False
            yield picture
        if first and self.on_display is None:
            raise Reject("empty", "no picture can be decoded")

    def rgb(self, picture: Picture, max_side: int | None = None) -> Pixels:
        """Height x width x 3, upright, with square pixels, no side longer than `max_side`; read-only, for all."""
        if self._of is not picture:
            self._of, self._seen = picture, {}
        if max_side not in self._seen:
            if max_side not in self._uprights:
                self._uprights[max_side] = Upright.within(self.aspect, max_side)
            pixels: Pixels = np.asarray(next(self._uprights[max_side](picture.frame)).to_ndarray(), np.uint8)
            pixels.flags.writeable = False
            self._seen[max_side] = pixels
        return self._seen[max_side]


def film_of(row: Values) -> Film:
    """The film of a row that has `original` and `anchor`."""
    path, (start_us, end_us) = row["original"]["path"], span(row["anchor"])
    reel = reel_of(path)
    rate = reel.stream.average_rate or reel.stream.guessed_rate or Fraction(25)
    return Film(path, start_us, end_us, rate, reel.stream.sample_aspect_ratio or Fraction(1), reel)
