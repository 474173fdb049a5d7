"""Has a text checked by a rubric and rewritten, in turns, until it passes or the rounds are over."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.assist import _parameters as the
from affectory.transforms.assist._describing import NoteName, as_column, by, text_column
from affectory.transforms.assist._refining import Refiner
from affectory.transforms.assist._rubrics import Of, Rubric
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._talking import Talk, held
from affectory.transforms.rows import Reject, Values


@dataclass(frozen=True)
class Refine:
    """Writes the last text as a note named by `as`, `<as>_passed`, `<as>_history` (JSON: every text with its critique)
    and `<as>_by`. A sample without the text is not asked about.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    of: Of
    rubric: Rubric
    writer: Annotated[RecipeModel, Field(description="who rewrites: a name under `models`")]
    critic: Annotated[RecipeModel, Field(description="who checks: a name under `models`")]
    rounds: Annotated[int, Field(ge=1, le=20, description="how often the text may be rewritten")] = 3
    given_up: Annotated[Literal["keep", "reject"], Field(description="what of a text that never passes")] = "keep"
    prompt: the.AskedBy = "refine"  # type: ignore[assignment]
    critique: the.AskedBy = "critique"  # type: ignore[assignment]
    as_: Annotated[NoteName, as_column("the note's name")] = "refined"

    def __post_init__(self) -> None:
        self._refiner.check()

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.writer,) if self.writer == self.critic else (self.writer, self.critic)

    def reads(self) -> Columns:
        return {**reads_of((), (*self.prompt.inputs, *self.critique.inputs)), **text_column(self.of)}

    def writes(self) -> Columns:
        texts = dict.fromkeys((self.as_, f"{self.as_}_history", by(self.as_)), pa.string())
        return {**texts, f"{self.as_}_passed": pa.bool_()}

    @cached_property
    def _refiner(self) -> Refiner:
        return Refiner.of(self)

    def talk(self, row: Values) -> Talk:
        if not held(row, self.of):
            return {}
        found = yield from self._refiner.refined(row, self.of, self.rounds)
        if not found.passed and self.given_up == "reject":
            raise Reject("filtered", f"{self.of} fails {found.failing} after {self.rounds} rounds")
        note = self.as_
        told = {note: found.last, f"{note}_passed": found.passed, f"{note}_history": found.history}
        return {**told, by(note): self._refiner.called(found.rewritten)}

    def setup(self) -> Step:
        return plainly(self)
