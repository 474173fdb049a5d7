"""Writes the sound of each video as one to publish and to hear with models, as `load_audio` does for sounds."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S, NATIVE, span
from affectory.transforms.rows import Reject, Values, by_row


@dataclass(frozen=True)
class AudioTrack:
    """Writes `audio` beside a video: mono, 16 bit, lossless, of the sample's stretch; none where there is no sound."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = NATIVE

    rate: Annotated[int, Field(ge=8000, le=48_000, description="samples a second")] = 16_000
    format: Annotated[Literal["flac", "wav"], Field(description="both hold the same 16-bit samples")] = "flac"
    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer ones are rejected, in seconds")] = 3600.0
    require: Annotated[bool, Field(description="reject videos without sound")] = False

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"audio": MEDIA}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._track)

    def _track(self, row: Values) -> Values:
        from affectory.transforms.audio._mono import mono

        found = mono(row["original"]["path"], *span(row["anchor"]), self.rate, self.format, self.max_s)
        if found is None and self.require:
            raise Reject("unsupported", "no sound in it")
        return {"audio": {"bytes": found[0], "format": self.format} if found and found[1] else None}
