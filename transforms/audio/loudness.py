"""Notes how loud the sound of each sample is, how much of it is clipped or silent, and how it stands out of noise."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.audio._hearing import HEARING, filtered
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.rows import Reject, Values, by_row

_LEVELS, _MORE = ("loudness_dbfs", "peak_dbfs", "clipping"), ("loudness_lufs", "silence_share", "snr_db")


@dataclass(frozen=True)
class Loudness:
    """Notes levels of a sound. Digital silence is -120 dBFS; a video without sound has none of them, and is kept.

    `loudness_dbfs` (RMS), `peak_dbfs`, `clipping` (share of samples at full scale), `loudness_lufs` (integrated,
    BS.1770), `silence_share`, and `snr_db`, an estimate: how far the loudest twentieth of 20 ms frames lies above the
    quietest tenth.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = HEARING

    silence_dbfs: Annotated[float, Field(le=0, description="frames of 20 ms below this are silent, in dBFS")] = -50.0
    min_lufs: Annotated[float | None, Field(description="quieter ones are rejected, in LUFS")] = None
    max_clipping: Annotated[float | None, Field(ge=0, le=1, description="largest share that is kept")] = None
    max_silence: Annotated[float | None, Field(ge=0, le=1, description="largest share that is kept")] = None
    min_snr_db: Annotated[float | None, Field(description="noisier ones are rejected, in dB")] = None

    def reads(self) -> Columns:
        return {"kind": pa.string(), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {**dict.fromkeys(_LEVELS, pa.float32()), **dict.fromkeys(_MORE, pa.float64())}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._kept)

    def _kept(self, row: Values) -> Values:
        found = self._measured(row)
        if found:
            filtered("loudness_lufs", found["loudness_lufs"], "LUFS", at_least=self.min_lufs)
            filtered("clipping", found["clipping"], at_most=self.max_clipping)
            filtered("silence_share", found.get("silence_share"), at_most=self.max_silence)
            filtered("snr_db", found.get("snr_db"), "dB", at_least=self.min_snr_db)
        return found

    def _measured(self, row: Values) -> Values:
        from affectory.transforms.audio._levels import levels
        from affectory.transforms.audio._working import heard

        sound = heard(row)
        found = levels(sound, self.silence_dbfs) if sound else {}
        if sound and not found and row["kind"] == "audio":
            raise Reject("empty", "no sample can be decoded")
        return found
