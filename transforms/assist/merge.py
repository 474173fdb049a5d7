"""Has a model make one description of several clues about a sample: of captions, measures and the subtitle."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.assist._describing import By, Language, NoteName, as_column, by, quoted
from affectory.transforms.assist._merging import Merged
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Merge:
    """Writes a note named by `as`, `<as>_by`, and `<as>_from`: each sentence with the sentences of clues it rests on.

    Clues that a sample lacks are left out; a sample without any is not asked about. A prompt whose answer is text gives
    a description that cannot be traced, and no `<as>_from`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    model: Annotated[RecipeModel, Field(description="who writes: a name under `models`")]
    from_: Annotated[
        tuple[str, ...], Field(alias="from", strict=False, min_length=1, description="columns with the clues")
    ]
    prompt: Annotated[RecipePrompt, Field(description="what is asked")] = "merge"  # type: ignore[assignment]
    as_: Annotated[NoteName, as_column("the note's name")] = "description"
    language: Annotated[Language, Field(description="language of the description, as a code")] = "en"
    traced: Annotated[bool, Field(description="ask again until every sentence quotes a clue")] = False

    def __post_init__(self) -> None:
        By(self.model, self.prompt).check("merge", tells=["clues"], answer=True if self.traced else None)

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        return reads_of((), (*self.prompt.inputs, *self.from_))

    def writes(self) -> Columns:
        return dict.fromkeys((self.as_, f"{self.as_}_from", by(self.as_)), pa.string())

    def talk(self, row: Values) -> Talk:
        told, who = quoted(row, self.from_), By(self.model, self.prompt)
        clues, note = told.said, self.as_
        if not clues:
            return {}
        asked: dict[str, Any] = {"clues": told, "names": list(clues), "language": self.language}
        if self.prompt.header.answer is None:
            return {note: (yield from who.text_about(row, **asked)), by(note): who.text}
        merged = yield from who.answer_about(row, Merged, check=lambda m: m.check(clues, self.traced), **asked)
        return {note: merged.text, f"{note}_from": merged.trace(clues), by(note): who.text}

    def setup(self) -> Step:
        return plainly(self)
