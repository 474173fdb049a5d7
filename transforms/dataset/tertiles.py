"""Says of a note whether it is low, normal or high among those of the whole dataset, or of a group of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Result, Step
from affectory.transforms.dataset._tertiles import CUTS, SIGNS, TOLD, fit, signed
from affectory.transforms.fitting import Fitted, Ground, Rows
from affectory.transforms.rows import set_column

_NOTE, _EXTRA = "note.", "extra."
_WITHIN = r"^(speaker|language|source|session|dialogue|kind|note\.[a-z0-9_]+|extra\..+)$"


@dataclass(frozen=True)
class Tertiles:
    """Writes `<of>_level`: low, normal or high. The cuts are fitted once; new samples go by the same ones."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=4096)

    of: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="the note, a number: `pitch_hz`")]
    within: Annotated[
        str | None,
        Field(pattern=_WITHIN, description="a group with cuts of its own: speaker, language, note.NAME, extra.NAME"),
    ] = None
    least: Annotated[int, Field(ge=3, description="smaller groups go by the cuts of the whole dataset")] = 50

    def reads(self) -> Columns:
        read: dict[str, pa.DataType] = {self.of: pa.null()}
        if self.within is None:
            return read
        if self.within.startswith(_EXTRA):
            return {**read, "extra": pa.map_(pa.string(), pa.string())}
        return {**read, self.within.removeprefix(_NOTE): pa.string()}

    def writes(self) -> Columns:
        return {f"{self.of}_level": pa.string()}

    def signs(self) -> Columns:
        return SIGNS

    def signer(self) -> Step:
        return lambda batch: Result.keep_all(signed(batch, self.of, self.within))

    def told(self) -> Columns:
        return TOLD

    def memory(self) -> pa.Schema:
        return CUTS

    def fit(self, ground: Ground, memory: Sequence[Rows]) -> Fitted:
        return fit(ground, memory, self.least)

    def setup(self) -> Step:
        return lambda batch: Result.keep_all(set_column(batch, f"{self.of}_level", batch.column("_level")))
