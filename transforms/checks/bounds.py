"""Rejects samples of which a note, a number or the length of a text, lies outside bounds."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Rejected, Resources, Result, Step
from affectory.transforms.checks._noted import measured


@dataclass(frozen=True)
class Bounds:
    """Rejects as `filtered` what is below `min` or above `max`; what is not there passes, unless it is `required`."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=4096)

    of: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="a note: `caption`, `face_share`")]
    unit: Annotated[
        Literal["value", "words", "characters"], Field(description="the number itself, or how long the text is")
    ] = "value"
    min: Annotated[float | None, Field(description="least that is kept")] = None
    max: Annotated[float | None, Field(description="most that is kept")] = None
    required: Annotated[bool, Field(description="reject samples without it")] = False

    def __post_init__(self) -> None:
        if self.min is None and self.max is None and not self.required:
            raise ValueError("give `min`, `max` or both, or `required: true`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"nothing is at least {self.min:g} and at most {self.max:g}")

    def reads(self) -> Columns:
        return {self.of: pa.null()}

    def writes(self) -> Columns:
        return {}

    def setup(self) -> Step:
        return self._apply

    def _apply(self, batch: pa.Table) -> Result:
        found = measured(batch, self.of, self.unit)
        wrong = pc.fill_null(self._outside(found), False)
        if self.required:
            wrong = pc.or_(wrong, pc.is_null(found))
        mask, values = np.asarray(wrong, dtype=bool), found.to_pylist()
        lost = tuple(Rejected(int(row), "filtered", self._why(values[row])) for row in np.flatnonzero(mask))
        kept = np.flatnonzero(~mask).astype(np.int64)
        return Result(batch.take(pa.array(kept)), kept, lost)

    def _outside(self, found: pa.ChunkedArray) -> pa.ChunkedArray:
        low, high = -np.inf if self.min is None else self.min, np.inf if self.max is None else self.max
        return pc.or_(pc.less(found, low), pc.greater(found, high))

    def _why(self, value: float | None) -> str:
        if value is None:
            return f"it has no {self.of}"
        unit = "" if self.unit == "value" else f" {self.unit}"
        bound = f"at least {self.min:g}" if self.min is not None and value < self.min else f"at most {self.max:g}"
        return f"{self.of}: {value:g}{unit}, {bound} asked"
