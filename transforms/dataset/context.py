"""Notes what was said before each turn of a dialogue, wherever its other turns lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, PLACES
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Result, Step
from affectory.transforms.dataset._before import REMEMBERED, SIGNS, TOLD, Before, as_they_are, signed
from affectory.transforms.fitting import Fitted, Ground, Rows
from affectory.transforms.rows import set_column


@dataclass(frozen=True)
class Context:
    """Writes the note `context`: who said what in the turns before, the oldest first, as texts are at this step.

    A turn has a dialogue and a position in it; a dialogue of one source is not that of another. New turns change the
    context of those after them.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=4096)

    turns: Annotated[int, Field(ge=1, le=100, description="how many turns before are noted at most")] = 3

    def reads(self) -> Columns:
        texts = dict.fromkeys(("source", "dialogue", "speaker", "text", "sample_id"), pa.string())
        return {**texts, "position": pa.int32(), "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"context": PLACES}

    def signs(self) -> Columns:
        return SIGNS

    def signer(self) -> Step:
        return lambda batch: Result.keep_all(signed(batch))

    def told(self) -> Columns:
        return TOLD

    def memory(self) -> pa.Schema:
        return REMEMBERED

    def fit(self, ground: Ground, memory: Sequence[Rows]) -> Fitted:
        met = ground.meet("dialogues", ground.signs, "_talk", as_they_are, Before(self.turns))
        return Fitted(met.rows("context"), ground.held("nothing", REMEMBERED.empty_table()))

    def setup(self) -> Step:
        return lambda batch: Result.keep_all(set_column(batch, "context", batch.column("_context")))
