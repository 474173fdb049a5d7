"""Makes every image one to publish: upright, in RGB, not too large, and without metadata such as where it was taken."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_PIXELS, NATIVE
from affectory.transforms.rows import Values, by_row


@dataclass(frozen=True)
class LoadImage:
    """Writes `image`, and its `width` and `height`. Of an animation the first picture is taken."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image"})
    resources: ClassVar[Resources] = NATIVE

    max_side: Annotated[int, Field(ge=16, le=16384, description="longest side in pixels; never enlarged")] = 1024
    format: Annotated[Literal["jpeg", "png"], Field(description="jpeg (quality 95) or png")] = "jpeg"
    max_pixels: Annotated[int, Field(gt=0, le=MAX_PIXELS, description="largest picture, width times height")] = (
        50_000_000
    )

    def reads(self) -> Columns:
        return {"image": MEDIA}

    def writes(self) -> Columns:
        return {"image": MEDIA, "width": pa.int32(), "height": pa.int32()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._load)

    def _load(self, row: Values) -> Values:
        from affectory.transforms.media._images import decoded, encoded, opened_image

        with opened_image(row["image"]["path"], self.max_pixels) as opened:
            image = decoded(opened, self.max_side)
        made = {"bytes": encoded(image, self.format), "format": self.format}
        return {"image": made, "width": image.width, "height": image.height}
