"""Cuts recordings where their segments say: stretches of speech, turns, marked episodes; or at given times."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.media._parts import PART
from affectory.transforms.rows import Values, by_row

Seconds = Annotated[float, Field(ge=0, le=MAX_S)]


@dataclass(frozen=True)
class Cut:
    """One sample per entry of `segments`, or per stretch of `at`. Who speaks and what is said come along."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video", "audio", "signal"})
    resources: ClassVar[Resources] = Resources(batch_rows=16)

    at: Annotated[
        tuple[tuple[Seconds, Seconds], ...] | None,
        Field(description="[start, end] pairs in seconds of the record, the same for all; the segments' where null"),
    ] = None
    kinds: Annotated[
        tuple[str, ...] | None, Field(description="kinds of segment to cut by, such as speech or turn; all where null")
    ] = None
    pad_s: Annotated[Seconds, Field(description="added on both sides, within the sample")] = 0.0
    merge_gap_s: Annotated[
        Seconds | None,
        Field(description="segments of one speaker that lie no further apart become one; none where null"),
    ] = None
    min_s: Annotated[Seconds, Field(description="shorter ones are left out")] = 0.0
    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer ones are split evenly")] = MAX_S

    def __post_init__(self) -> None:
        for start, end in self.at or ():
            if end <= start:
                raise ValueError(f"at: [{start:g}, {end:g}] ends before it begins")
        if self.at is not None and self.kinds is not None:
            raise ValueError("kinds chooses among segments: leave it out where `at` says where to cut")
        if self.max_s < self.min_s:
            raise ValueError(f"max_s {self.max_s:g} is less than min_s {self.min_s:g}")

    def reads(self) -> Columns:
        own = {"speaker": pa.string(), "text": pa.string(), "segments": PLACES}
        return {"anchor": ANCHOR, "sample_id": pa.string(), "duration_s": pa.float64(), **own}

    def writes(self) -> Columns:
        return {**PART, "segments": PLACES, "speaker": pa.string(), "text": pa.string()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._cut)

    def _cut(self, row: Values) -> list[Values]:
        from affectory.transforms.media._segments import parts_of

        return parts_of(row, self)
