"""Takes stills from each video sample, evenly spread over its stretch."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from PIL import Image
from pydantic import Field

from affectory.schemas.types import ANCHOR, FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._decode import NATIVE, Picture, end_of, moving_pictures, opened, span
from affectory.transforms.media._images import encoded, shrunk
from affectory.transforms.rows import Values, by_row
from affectory.transforms.video._stills import shown_at
from affectory.transforms.video._upright import Upright


@dataclass(frozen=True)
class Frames:
    """Writes `frames`: of each of `count` equal parts of the stretch the picture that is shown in its middle."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = NATIVE

    count: Annotated[int, Field(ge=1, le=1000, description="stills per sample; fewer where it has fewer pictures")] = 3
    max_side: Annotated[int, Field(ge=16, le=16384, description="longest side in pixels; never enlarged")] = 512
    quality: Annotated[int, Field(ge=1, le=100, description="JPEG quality")] = 90

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"frames": FRAMES}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._frames)

    def _frames(self, row: Values) -> Values:
        start_us, end_us = span(row["anchor"])
        path = row["original"]["path"]
        if end_us is None:
            with opened(path) as container:
                end_us = end_of(container, moving_pictures(container))
        wanted = [start_us + (end_us - start_us) * (2 * k + 1) // (2 * self.count) for k in range(self.count)]
        with opened(path) as container:
            upright = Upright(moving_pictures(container), "max(1,round(iw*sar))", "ih", "rgb24")
            stills = [self._still(p, upright) for p in shown_at(container, wanted)]
        return {"frames": stills}

    def _still(self, picture: Picture, upright: Upright) -> Values:
        image = shrunk(Image.fromarray(next(upright(picture.frame)).to_ndarray()), self.max_side)
        return {"at_us": picture.at_us, "bytes": encoded(image, quality=self.quality), "format": "jpeg"}
