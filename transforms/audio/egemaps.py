"""Notes the 88 features of eGeMAPS of each sample, by openSMILE: for research only, says its licence."""

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

_LEAST_SAMPLES = 1600
_DIGITS = 6


@dataclass(frozen=True)
class Egemaps:
    """Notes `egemaps`, the functionals of eGeMAPSv02 in openSMILE's order; a sound under a tenth of a second has none.

    openSMILE may be used for private, research and teaching purposes; products need a licence of audEERING's.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = HEARING

    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer samples are rejected, in seconds")] = 600.0

    def __post_init__(self) -> None:
        need("egemaps", "affectory[egemaps]", "opensmile")

    def reads(self) -> Columns:
        return {"kind": pa.string(), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"egemaps": pa.list_(pa.float32())}

    def setup(self) -> Step:
        import opensmile

        from affectory.transforms.audio._working import RATE, heard

        level = opensmile.FeatureLevel.Functionals
        smile = opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=level, num_workers=1)

        def work(row: Values) -> Values:
            sound = heard(row)
            if sound is None:
                return {}
            samples = sound.samples(self.max_s)
            if not samples.size:
                raise Reject("empty", "no sample can be decoded")
            if samples.size < _LEAST_SAMPLES:
                return {}
            found = smile.process_signal(samples, RATE).iloc[0]
            return {"egemaps": [round(float(value), _DIGITS) for value in found]}

        return by_row(self.reads(), self.writes(), work)
