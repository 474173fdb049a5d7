"""Cuts recordings into windows of one length, such as 200 ms each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.media._parts import PART, part_of, stretch
from affectory.transforms.rows import Reject, Values, by_row


@dataclass(frozen=True)
class Windows:
    """One sample per window. Without `step_s` windows follow each other without gap or overlap, to the microsecond."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video", "audio", "signal"})
    resources: ClassVar[Resources] = Resources(batch_rows=16)

    length_s: Annotated[float, Field(ge=0.001, le=MAX_S, description="length of a window in seconds")] = 10.0
    step_s: Annotated[
        float | None,
        Field(ge=0.001, le=MAX_S, description="from one window's start to the next; its length where null"),
    ] = None
    remainder: Annotated[
        Literal["keep", "drop"], Field(description="what to do with a last window that would be shorter")
    ] = "keep"

    def reads(self) -> Columns:
        return {"anchor": ANCHOR, "sample_id": pa.string(), "duration_s": pa.float64()}

    def writes(self) -> Columns:
        return PART

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._windows)

    def _windows(self, row: Values) -> list[Values]:
        start_us, end_us = stretch(row)
        found = list(tiles(start_us, end_us, round(self.length_s * 1e6), round((self.step_s or self.length_s) * 1e6)))
        if self.remainder == "drop" and found and found[-1][1] - found[-1][0] < round(self.length_s * 1e6):
            found.pop()
        if not found:
            raise Reject("too_short", f"{(end_us - start_us) / 1e6:g} s hold no window of {self.length_s:g} s")
        return [part_of(row, *window) for window in found]


def tiles(start_us: int, end_us: int, length_us: int, step_us: int) -> Iterator[tuple[int, int]]:
    """Windows from the start until one reaches the end, the last one cut short by it."""
    for at in range(start_us, end_us, step_us):
        yield at, min(at + length_us, end_us)
        if at + length_us >= end_us:
            return
