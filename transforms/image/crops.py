"""Makes one sample of each face, person, marked box or followed face: its picture, cut out of the whole."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import LONG
from affectory.transforms.media._parts import PART
from affectory.transforms.rows import Reject, Values, by_row

_PART: Columns = {"sample_id": pa.string(), "anchor": ANCHOR, "parent": pa.string()}
_PICTURE: Columns = {**_PART, "image": MEDIA, "width": pa.int32(), "height": pa.int32()}
_TOLD: Columns = {"speaker": pa.string(), "text": pa.string()}
_NONE = {"persons": "no_person", "segments": "no_segments"}


@dataclass(frozen=True)
class Crops:
    """One sample for each box in `of`; its `anchor.box` is in pixels of the record's own picture, upright.

    A part of an image has its own `image`, and of the places in `of` its own, in pixels of that; what `segments` say of
    `who` and `text` becomes its `speaker` and `text`, and their boxes are the record's. A followed face has stills of
    itself as `frames`, and no clip. What was measured before stays that of the whole, so measure after this.
    """

    __pydantic_config__ = STRICT
    resources: ClassVar[Resources] = LONG
    fills: ClassVar[frozenset[str]] = frozenset({"frames"})

    of: Annotated[
        Literal["faces", "persons", "segments", "face_tracks"],
        Field(description="faces, persons, segments: parts of images, as these columns say; face_tracks: of videos"),
    ] = "faces"
    margin: Annotated[float, Field(ge=0, le=4, description="around the box, as a share of its longer side")] = 0.2
    square: Annotated[bool, Field(description="as high as wide, where the picture allows it")] = False
    max_side: Annotated[int, Field(ge=16, le=16384, description="longest side in pixels; never enlarged")] = 1024
    format: Annotated[Literal["jpeg", "png"], Field(description="jpeg (quality 95) or png")] = "jpeg"
    count: Annotated[int, Field(ge=1, le=1000, description="face_tracks: stills of each face")] = 3
    keep_whole: Annotated[bool, Field(description="images: the whole stays a sample too, the parent of its parts")] = (
        False
    )

    def __post_init__(self) -> None:
        if self.keep_whole and self.of == "face_tracks":
            raise ValueError("keep_whole is for images; of a video the parts have the same clip as the whole")

    @property
    def on(self) -> frozenset[str]:
        return frozenset({"video" if self.of == "face_tracks" else "image"})

    def reads(self) -> Columns:
        told = _TOLD if self.of == "segments" else {}
        media: Columns = {"original": MEDIA} if self.of == "face_tracks" else {"original": MEDIA, "image": MEDIA}
        return {**_PART, **media, **told, self.of: PLACES}

    def writes(self) -> Columns:
        if self.of == "face_tracks":
            return {**PART, self.of: PLACES}
        return {**_PICTURE, **(_TOLD if self.of == "segments" else {}), self.of: PLACES}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._parts)

    def _parts(self, row: Values) -> list[Values]:
        from affectory.transforms.image._crops import Cut, parts_of
        from affectory.transforms.video._track_crops import tracks_of

        cut = Cut(self.margin, self.square, self.format, self.max_side)
        places = [place for place in row[self.of] or () if place["box"]]
        if not places and not self.keep_whole:
            raise Reject(_NONE.get(self.of, "no_face"), f"nothing in `{self.of}` has a box")
        if self.of == "face_tracks":
            return list(tracks_of(row, places, cut, self.count))
        return list(parts_of(row, places, cut, self.of, whole_too=self.keep_whole))
