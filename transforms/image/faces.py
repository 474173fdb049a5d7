"""Finds the faces in pictures and in the frames of clips, each with its box, eyes, nose and mouth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import FRAMES, MEDIA, PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.image._places import Require, demand, inside, most, pictures, place
from affectory.transforms.media._limits import NATIVE
from affectory.transforms.models._yunet import FaceFinder, Found, Pixels
from affectory.transforms.rows import Values, by_row

_LONGEST_SIDE = 16_384


@dataclass(frozen=True)
class Faces:
    """Notes `faces`, from left to right: box (whole pixels of the picture), score, and ten numbers in `points`.

    The points are x and y of both eyes, the tip of the nose and both corners of the mouth, of each pair the one of the
    person's right side first; they may lie outside where the picture cuts a face. A box never does.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = NATIVE

    min_score: Annotated[float, Field(gt=0, lt=1, description="how sure the detector must be of a face")] = 0.7
    min_size: Annotated[int, Field(ge=1, description="smaller faces are passed over: pixels of the shorter side")] = 12
    require: Annotated[
        Require, Field(description="any: no sample without a face; one: exactly one in every picture that shows any")
    ] = "none"

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        return {"faces": PLACES}

    def setup(self) -> Step:
        find = FaceFinder(self.min_score)
        return by_row(self.reads(), self.writes(), lambda row: self._found(find, row))

    def _found(self, find: Callable[[Pixels], list[Found]], row: Values) -> Values:
        from affectory.transforms.media._images import pixels_of

        places: list[dict[str, Any]] = []
        for picture in pictures(row, "faces"):
            pixels = pixels_of(picture["path"], _LONGEST_SIDE)
            places += sorted(self._places(find(pixels), pixels, picture.get("at_us")), key=lambda p: p["box"])
        demand(self.require, most(places), "face", f"min_size {self.min_size}, min_score {self.min_score:g}")
        return {"faces": places}

    def _places(self, found: list[Found], pixels: Pixels, at_us: int | None) -> Iterator[dict[str, Any]]:
        height, width = pixels.shape[:2]
        for face in found:
            box = inside(face.box, width, height)
            if box is not None and min(box[2:]) >= self.min_size:
                yield place("face", box, face.score, points=face.points, at_us=at_us)
