"""Has a model describe what it is shown of each sample."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.assist._describing import By, Language, NoteName, as_column, by, nothing
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of, shown
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Caption:
    """Writes a note named by `as`, and `<as>_by`: which model wrote it, asked by which prompt.

    A sample of which there is nothing to see and nothing to tell is not asked about.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    model: Annotated[RecipeModel, Field(description="who describes: a name under `models`")]
    prompt: Annotated[RecipePrompt, Field(description="what is asked: a prompt's name, or a .jinja file")] = "caption"  # type: ignore[assignment]
    see: Annotated[
        tuple[Literal["image", "frames", "audio", "video"], ...],
        Field(strict=False, description="media that the model is shown"),
    ] = ()
    as_: Annotated[NoteName, as_column("the note's name")] = "caption"
    language: Annotated[Language, Field(description="language of the description, as a code")] = "en"

    def __post_init__(self) -> None:
        By(self.model, self.prompt).check("caption", self.see, answer=False)
        if not self.see and not self.prompt.inputs:
            told = "say what it is to `see`, or take a prompt with `inputs`"
            raise ValueError(f"with prompt {self.prompt.header.id} the model is told nothing: {told}")

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        return reads_of(self.see, self.prompt.inputs)

    def writes(self) -> Columns:
        return {self.as_: pa.string(), by(self.as_): pa.string()}

    def talk(self, row: Values) -> Talk:
        media = shown(row, self.see)
        if not media and nothing(row, self.prompt.inputs):
            return {self.as_: None, by(self.as_): None}
        who = By(self.model, self.prompt)
        text = yield from who.text_about(row, media, language=self.language)
        return {self.as_: text, by(self.as_): who.text}

    def setup(self) -> Step:
        return plainly(self)
