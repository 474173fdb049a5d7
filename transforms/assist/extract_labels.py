"""Has a model read words of emotion from a description: an opinion in open vocabulary, with the sentences behind it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.types import PLACES
from affectory.transforms.assist._describing import By, NoteName, as_column, quoted, text_column
from affectory.transforms.assist._labels import Words, evidence, opinion
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._opinions import column, opinions
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk, held
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class ExtractLabels:
    """Writes the words as an opinion, and `<as>_evidence`: for each word the sentence of the description it is from.

    `<as>` is the same words in one line, for prompts of later steps. A sample without a description has no opinion.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    model: Annotated[RecipeModel, Field(description="who reads: a name under `models`")]
    of: Annotated[str, Field(description="the column that is read")] = "description"
    prompt: Annotated[RecipePrompt, Field(description="what is asked")] = "extract_labels"  # type: ignore[assignment]
    as_: Annotated[NoteName, as_column("the notes' name")] = "open_labels"
    perspective: Annotated[
        Literal["expressed", "perceived", "elicited", "felt", "intended"], Field(description="whose side is meant")
    ] = "expressed"
    modalities: Annotated[
        tuple[str, ...], Field(strict=False, description="what the description was made of, as [audio, video, text]")
    ] = ()
    traced: Annotated[bool, Field(description="ask again until every word quotes the description")] = False

    def __post_init__(self) -> None:
        By(self.model, self.prompt).check("extract_labels", tells=["description"], answer=True)

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        return {**reads_of((), self.prompt.inputs), **text_column(self.of)}

    def writes(self) -> Columns:
        return {self.as_: pa.string(), f"{self.as_}_evidence": PLACES, **opinions(self.as_)}

    def talk(self, row: Values) -> Talk:
        text, who = held(row, self.of), By(self.model, self.prompt)
        if not text:
            return {column(self.as_): []}
        told = quoted(row, [self.of])
        words = yield from who.answer_about(row, Words, check=lambda w: w.check(text, self.traced), description=told)
        places = evidence(text, words.places(text), self.of == "text")
        said = {"perspective": self.perspective, "modalities": list(self.modalities)}
        made = opinion(who, said, words.plain, self.of, places)
        return {self.as_: ", ".join(words.plain), f"{self.as_}_evidence": places, column(self.as_): [made]}

    def setup(self) -> Step:
        return plainly(self)
