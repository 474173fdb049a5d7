"""Follows the faces through each video sample: who is where, several times a second."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.image._places import Require
from affectory.transforms.looking import Looker, looked
from affectory.transforms.media._limits import LONG


@dataclass(frozen=True)
class FaceTracks:
    """Notes `face_tracks`: each face at each look, which holds until the next, and `who` it is: face-1, face-2, ...

    Boxes and points are as those of `faces`, in pixels of the original, upright and with square pixels. Also notes
    `face_share`, the share of looks that saw a face. Faces are told apart by where they are and not by whose they are:
    after a cut the names mean nothing, so put `scenes` before it.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = LONG

    fps: Annotated[float, Field(gt=0, le=120, description="looks a second")] = 5.0
    min_score: Annotated[float, Field(gt=0, lt=1, description="how sure the detector must be of a face")] = 0.7
    min_size: Annotated[int, Field(ge=1, description="smaller faces are passed over: pixels of the shorter side")] = 12
    gap_s: Annotated[float, Field(ge=0, description="how long a face may be lost and still be the same, seconds")] = 1.0
    min_looks: Annotated[int, Field(ge=1, description="a face seen less often is taken for an error")] = 2
    require: Annotated[Require, Field(description="any: no sample without a face; one: exactly one, all along")] = (
        "none"
    )

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"face_tracks": PLACES, "face_share": pa.float32()}

    def setup(self) -> Step:
        return looked(self)

    def looker(self) -> Looker:
        from affectory.transforms.models._yunet import FaceFinder
        from affectory.transforms.video._following import FaceLook

        find = FaceFinder(self.min_score)
        return lambda row, film: FaceLook(film, find, self)
