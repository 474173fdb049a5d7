"""Rejects notes and texts that are unusually short or long among those of the whole dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Rejected, Resources, Result, Step
from affectory.transforms.checks._noted import measured
from affectory.transforms.checks._outliers import fit
from affectory.transforms.dataset._tertiles import CUTS, SIGNS, TOLD
from affectory.transforms.fitting import Fitted, Ground, Rows
from affectory.transforms.rows import set_column

_SIDES = {"low": ("too_short", "short"), "high": ("too_long", "long")}


@dataclass(frozen=True)
class LengthOutliers:
    """Writes `<of>_length`, and rejects what lies beyond Tukey's fences. These are fitted once; new samples go by
    them too. What is not there is not measured and passes.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=4096)

    of: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="a note or column of text: `description`")]
    unit: Annotated[Literal["words", "characters"], Field(description="how length is measured")] = "words"
    spread: Annotated[float, Field(gt=0, description="how many quartile ranges beyond the quartiles are usual")] = 1.5

    def reads(self) -> Columns:
        return {self.of: pa.string()}

    def writes(self) -> Columns:
        return {f"{self.of}_length": pa.float64()}

    def signs(self) -> Columns:
        return SIGNS

    def signer(self) -> Step:
        def sign(batch: pa.Table) -> Result:
            groups = pa.array([""] * batch.num_rows, pa.string())
            length = measured(batch, self.of, self.unit)
            return Result.keep_all(batch.append_column("_group", groups).append_column("_value", length))

        return sign

    def told(self) -> Columns:
        return TOLD

    def memory(self) -> pa.Schema:
        return CUTS

    def fit(self, ground: Ground, memory: Sequence[Rows]) -> Fitted:
        return fit(ground, memory, self.spread)

    def setup(self) -> Step:
        return self._apply

    def _apply(self, batch: pa.Table) -> Result:
        length = measured(batch, self.of, self.unit)
        sides = list(enumerate(zip(batch.column("_level").to_pylist(), length.to_pylist(), strict=True)))
        lost = tuple(
            Rejected(row, _SIDES[side][0], f"{self.of} has {value:g} {self.unit}, unusually {_SIDES[side][1]} here")
            for row, (side, value) in sides
            if side in _SIDES
        )
        kept = np.setdiff1d(np.arange(batch.num_rows), [x.row for x in lost]).astype(np.int64)
        return Result(set_column(batch, f"{self.of}_length", length).take(pa.array(kept)), kept, lost)
