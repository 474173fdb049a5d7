"""Encodes each video sample's stretch as a small MP4 that any browser plays, the same bytes on every run."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._decode import NATIVE, Picture, audio_stream, moving_pictures, opened, pictures_in, span
from affectory.transforms.media._sound import Samples, sound
from affectory.transforms.rows import Reject, Values, by_row
from affectory.transforms.video._mp4 import SOUND_RATE, Mp4, PictureForm


@dataclass(frozen=True)
class Clips:
    """Writes `video`: H.264 and AAC in MP4, upright, never enlarged, cut to the picture."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = NATIVE

    height: Annotated[int, Field(ge=16, le=4320, description="greatest height in pixels")] = 480
    crf: Annotated[int, Field(ge=0, le=51, description="x264's rate factor: lower is better and larger")] = 23
    fps: Annotated[float | None, Field(gt=0, le=240, description="pictures a second; as they are where null")] = None

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"video": MEDIA}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._clip)

    def _clip(self, row: Values) -> Values:
        path, (start_us, end_us) = row["original"]["path"], span(row["anchor"])
        with tempfile.TemporaryDirectory() as folder, opened(path) as seen, opened(path) as heard:
            made = Path(folder) / "clip.mp4"
            stream, voice = moving_pictures(seen), audio_stream(heard)
            with Mp4(made, stream, PictureForm(self.height, self.crf, self.fps), bool(voice)) as clip:
                blocks = sound(heard, voice, start_us, end_us, rate=SOUND_RATE, layout="stereo") if voice else iter(())
                _fill(clip, pictures_in(seen, stream, start_us, end_us), blocks, start_us)
            return {"video": {"bytes": made.read_bytes(), "format": "mp4"}}


def _fill(clip: Mp4, found: Iterator[Picture], blocks: Iterator[Samples], start_us: int) -> None:
    """Pictures and sound in the order of their times, so that neither has to wait for the whole of the other."""
    first = next(found, None)
    if first is None:
        raise Reject("empty", "no picture begins in this stretch")
    for picture in chain([first], found):
        while clip.heard_us <= picture.at_us - start_us and (block := next(blocks, None)) is not None:
            clip.hear(block)
        clip.show(picture.frame, picture.at_us - start_us)
    for block in blocks:
        clip.hear(block)
