"""Has a model rewrite a text to an aim: with another emotion, without words of emotion, in another voice."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.assist._describing import By, Language, NoteName, as_column, by, quoted, text_column
from affectory.transforms.assist._translating import language_of, written_in
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk, held
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Rewrite:
    """Writes a note named by `as`, `<as>_origin`, which is `rewritten`, and `<as>_by`.

    The sample's own text stays as it is, since that is what people judged. A text that comes back unchanged, or in
    another language, is asked for again. A sample without text is not asked about.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    imitates: ClassVar[bool] = True

    model: Annotated[RecipeModel, Field(description="who writes: a name under `models`")]
    aim: Annotated[str, Field(min_length=1, max_length=2000, description="what the new text is to be like")]
    of: Annotated[str, Field(description="the column that is rewritten")] = "text"
    prompt: Annotated[RecipePrompt, Field(description="what is asked")] = "rewrite"  # type: ignore[assignment]
    as_: Annotated[NoteName, as_column("the notes' name")] = "rewritten"
    language: Annotated[Language | None, Field(description="of the new text; else as before")] = None

    def __post_init__(self) -> None:
        By(self.model, self.prompt).check("rewrite", tells=["given", "aim"], answer=False)

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        return {**reads_of((), self.prompt.inputs), **text_column(self.of)}

    def writes(self) -> Columns:
        return dict.fromkeys((self.as_, f"{self.as_}_origin", by(self.as_)), pa.string())

    def talk(self, row: Values) -> Talk:
        text, who = held(row, self.of), By(self.model, self.prompt)
        if not text:
            return {}
        read = written_in(self.language or language_of(text), text)
        given = quoted(row, [self.of])
        made = yield from who.text_about(row, read=read, given=given, aim=self.aim, language=self.language)
        return {self.as_: made, f"{self.as_}_origin": "rewritten", by(self.as_): who.text}

    def setup(self) -> Step:
        return plainly(self)
