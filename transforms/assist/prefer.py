"""Makes pairs to prefer by: an answer, and the same made worse in one named way."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.assist import _corrupting as corrupting
from affectory.transforms.assist._describing import By, NoteName, as_column
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk, held
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Prefer:
    """Writes `<as>_chosen`, `<as>_rejected`, `<as>_corruption`, `<as>_change` and `<as>_by`.

    A cue is put in by changing words of the answer: spurious ones were observed and say nothing of it, hallucinated
    ones were not. `text_prior` is the answer of a model that was told the words alone, `swapped_modality` takes what
    was heard for seen, and asks nobody. A sample that lacks the answer, or a side, has no pair.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    corruption: Annotated[corrupting.Corruption, Field(description="in which way the rejected answer is worse")]
    model: Annotated[RecipeModel | None, Field(description="who makes it worse: a name under `models`")] = None
    of: Annotated[str, Field(description="the column with the answer that is right")] = "description"
    evidence: Annotated[tuple[str, ...], Field(description="columns with what was observed, for cues")] = ()
    between: Annotated[tuple[str, str] | None, Field(description="columns of what was heard and what was seen")] = None
    called: Annotated[tuple[str, str], Field(description="what is said before the two")] = ("Heard", "Seen")
    prompt: Annotated[RecipePrompt, Field(description="how cues are asked for")] = "prefer"  # type: ignore[assignment]
    prior: Annotated[RecipePrompt, Field(description="how words alone are asked about")] = "prefer_prior"  # type: ignore[assignment]
    most: Annotated[float, Field(gt=0, le=1, description="share of the answer that a cue may replace")] = 0.6
    alike: Annotated[float, Field(ge=0, le=1, description="text_prior: words it may share with the answer")] = 0.8
    as_: Annotated[NoteName, as_column("the notes' name")] = "preference"

    def __post_init__(self) -> None:
        corrupting.check(self)

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,) if self.model else ()

    def reads(self) -> Columns:
        if self.between:
            return reads_of((), self.between)
        prompt = self.prior if self.corruption == "text_prior" else self.prompt
        return reads_of((), [self.of, *self.evidence, *prompt.inputs])

    def writes(self) -> Columns:
        return dict.fromkeys(corrupting.notes_of(self.as_), pa.string())

    def talk(self, row: Values) -> Talk:
        given = [held(row, column) for column in self.between or (self.of,)]
        if not all(given) or len(set(given)) < len(given):
            return {}
        if self.model is None:
            return corrupting.swapped(given[0], given[1], self.called).notes(self.as_, self.corruption, None)
        who = By(self.model, self.prior if self.corruption == "text_prior" else self.prompt)
        pair = yield from corrupting.made_worse(self, who, row, given[0])
        return pair.notes(self.as_, self.corruption, who.text)

    def setup(self) -> Step:
        return plainly(self)
