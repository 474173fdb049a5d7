"""Opens every file, notes what is really in it, and rejects what cannot be used.

Nothing is taken from the header alone: durations and rates are counted from the packets, the first picture and the
first sound are decoded, and pictures are decoded whole.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_PIXELS, MAX_S, NATIVE
from affectory.transforms.rows import Reject, Values, by_row


@dataclass(frozen=True)
class Probe:
    """Notes duration, size, rates and codec of video, audio and images; rejects what is broken, empty or too large.

    Of the `frame_count` pictures of a video `hidden_frames` are never shown: an edit list cuts them off. `vfr` tells
    whether their rate varies, `rotation` by how many degrees, clockwise, they are turned to be upright. Width and
    height are those of the upright picture.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video", "audio", "image"})
    resources: ClassVar[Resources] = NATIVE

    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longest video or audio, in seconds")] = MAX_S
    max_pixels: Annotated[int, Field(gt=0, le=MAX_PIXELS, description="largest picture, width times height")] = (
        50_000_000
    )
    max_bytes: Annotated[int, Field(gt=0, description="largest file")] = 32 * 2**30
    max_streams: Annotated[int, Field(gt=0, le=1000, description="most streams in a file")] = 64

    def reads(self) -> Columns:
        return {"kind": pa.string(), "original": MEDIA}

    def writes(self) -> Columns:
        return {
            "duration_s": pa.float64(),
            "width": pa.int32(),
            "height": pa.int32(),
            "fps": pa.float64(),
            "frame_count": pa.int64(),
            "hidden_frames": pa.int64(),
            "rotation": pa.int32(),
            "vfr": pa.bool_(),
            "sample_rate": pa.int32(),
            "channels": pa.int32(),
            "codec": pa.string(),
            "media_format": pa.string(),
        }

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._facts)

    def _facts(self, row: Values) -> Values:
        from affectory.transforms.media._decode import opened
        from affectory.transforms.media._facts import audio_facts, image_facts, video_facts

        path = row["original"]["path"]
        if (size := Path(path).stat().st_size) > self.max_bytes:
            raise Reject("too_large", f"{size} bytes, at most {self.max_bytes} are read")
        if row["kind"] == "image":
            return image_facts(path, self.max_pixels)
        with opened(path) as container:
            if len(container.streams) > self.max_streams:
                raise Reject("too_large", f"{len(container.streams)} streams, at most {self.max_streams} are read")
            if row["kind"] == "video":
                return video_facts(container, self.max_s, self.max_pixels)
            return audio_facts(container, self.max_s)
