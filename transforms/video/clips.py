"""Encodes each video sample's stretch as a small MP4 that any browser plays, the same bytes on every run."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.looking import Looker, looked
from affectory.transforms.media._limits import LONG


@dataclass(frozen=True)
class Clips:
    """Writes `video`: H.264 and AAC (mono or stereo) in MP4, upright, never enlarged, cut to the picture."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = LONG

    height: Annotated[int, Field(ge=16, le=4320, description="greatest height in pixels")] = 480
    crf: Annotated[int, Field(ge=0, le=51, description="x264's rate factor: lower is better and larger")] = 23
    fps: Annotated[float | None, Field(gt=0, le=240, description="pictures a second; as they are where null")] = None

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"video": MEDIA}

    def setup(self) -> Step:
        return looked(self)

    def looker(self) -> Looker:
        from affectory.transforms.video._clip import Clip
        from affectory.transforms.video._mp4 import PictureForm

        form = PictureForm(self.height, self.crf, self.fps)
        return lambda row, film: Clip(film, form)
