"""Notes the prosody of each sample: pitch, energy, rate, pauses, contour and the quality of the voice, by Praat."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.audio._hearing import HEARING
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.models._backends import need
from affectory.transforms.rows import Reject, Values, by_row

_NOTES = (
    "pitch_hz", "pitch_low_hz", "pitch_high_hz", "pitch_sd_hz", "pitch_range_st", "pitch_sd_st", "voiced_share",
    "energy_dbfs", "energy_sd_db", "syllable_rate_hz", "pause_share", "pause_mean_s", "jitter", "shimmer", "hnr_db",
)  # fmt: skip


@dataclass(frozen=True)
class Prosody:
    """Measures over the frames in which somebody speaks, by the rule of loudness that `speech` calls `energy`.

    `pitch_hz` is the median, low and high are the 5th and 95th percentile; range and sd are in hertz (`_hz`) and
    semitones (`_st`). Praat is under the GPL, so its package comes with an extra.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = HEARING

    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer samples are rejected, in seconds")] = 600.0

    def __post_init__(self) -> None:
        need("prosody", "affectory[audio]", "parselmouth")

    def reads(self) -> Columns:
        return {"kind": pa.string(), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {**dict.fromkeys(_NOTES, pa.float64()), "pause_count": pa.int32(), "contour": pa.string()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._measured)

    def _measured(self, row: Values) -> Values:
        from affectory.transforms.audio._prosody import prosody
        from affectory.transforms.audio._working import heard

        sound = heard(row)
        if sound is None:
            return {}
        samples = sound.samples(self.max_s)
        if not samples.size:
            raise Reject("empty", "no sample can be decoded")
        return prosody(samples)
