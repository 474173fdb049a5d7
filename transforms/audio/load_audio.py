"""Makes every sound one to publish and to hear with models: mono, 16 bit, one sample rate, lossless."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S, NATIVE, span
from affectory.transforms.rows import Reject, Values, by_row


@dataclass(frozen=True)
class LoadAudio:
    """Writes `audio`, the sample's stretch of its file, and `duration_s`."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio"})
    resources: ClassVar[Resources] = NATIVE

    rate: Annotated[int, Field(ge=8000, le=48_000, description="samples a second")] = 16_000
    format: Annotated[Literal["flac", "wav"], Field(description="both hold the same 16-bit samples")] = "flac"
    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer ones are rejected, in seconds")] = 3600.0

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"audio": MEDIA, "duration_s": pa.float64()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._load)

    def _load(self, row: Values) -> Values:
        from affectory.transforms.audio._mono import mono

        found = mono(row["original"]["path"], *span(row["anchor"]), self.rate, self.format, self.max_s)
        if found is None:
            raise Reject("unsupported", "no sound in it")
        data, count = found
        if not count:
            raise Reject("empty", "no sample can be decoded")
        return {"audio": {"bytes": data, "format": self.format}, "duration_s": count / self.rate}
