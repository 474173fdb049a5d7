"""Takes stills from each video sample, evenly spread over its stretch."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from affectory.schemas.types import ANCHOR, FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import LONG, span
from affectory.transforms.rows import Values, by_row


@dataclass(frozen=True)
class Frames:
    """Writes `frames`: of each of `count` equal parts of the stretch the picture that is shown in its middle."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = LONG

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
        from affectory.transforms.media._images import encoded, shrunk
        from affectory.transforms.video._stills import stills

        found = stills(row["original"]["path"], *span(row["anchor"]), self.count)
        made = [(at_us, encoded(shrunk(image, self.max_side), quality=self.quality)) for at_us, image in found]
        return {"frames": [{"at_us": at_us, "bytes": data, "format": "jpeg"} for at_us, data in made]}
