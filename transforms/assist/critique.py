"""Has a model check a text by a rubric: whether each criterion passes, why, and what to change."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.assist import _parameters as the
from affectory.transforms.assist._describing import By, NoteName, as_column, by, text_column
from affectory.transforms.assist._rubrics import Critic, Of, Rubric
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of, shown
from affectory.transforms.models._talking import Talk, held
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Critique:
    """Writes a note named by `as` (JSON: verdicts by criterion, advice), `<as>_passed`, whether all of them pass, and
    `<as>_by`. A sample without the text is not asked about.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    of: Of
    rubric: Rubric
    model: Annotated[RecipeModel, Field(description="who checks: a name under `models`")]
    prompt: the.AskedBy = "critique"  # type: ignore[assignment]
    see: the.See = ()
    as_: Annotated[NoteName, as_column("the note's name")] = "critique"

    def __post_init__(self) -> None:
        self._critic.check("critique", self.see)

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        return {**reads_of(self.see, self.prompt.inputs), **text_column(self.of)}

    def writes(self) -> Columns:
        return {self.as_: pa.string(), f"{self.as_}_passed": pa.bool_(), by(self.as_): pa.string()}

    @cached_property
    def _critic(self) -> Critic:
        return Critic(By(self.model, self.prompt), self.rubric)

    def talk(self, row: Values) -> Talk:
        text = held(row, self.of)
        if not text:
            return {}
        found = yield from self._critic.critique(row, self.of, text, shown(row, self.see))
        return {self.as_: found.text, f"{self.as_}_passed": found.passed, by(self.as_): self._critic.by.text}

    def setup(self) -> Step:
        return plainly(self)
