"""Has a model translate a text, and translate it back, to see what became of it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.assist._describing import By, Language, NoteName, as_column, by, text_column
from affectory.transforms.assist._translating import MEASURES, language_of, written_in
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._prompts import Quoted, RecipePrompt
from affectory.transforms.models._talking import Heard, Talk, held
from affectory.transforms.rows import Reject, Values


@dataclass(frozen=True)
class Translate:
    """Writes a note named by `as`, `<as>_by`, and of the check `<as>_back` and `<as>_check`: how alike both are.

    An answer in another language than was asked for is asked for again. A sample without the text is not asked about.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    model: Annotated[RecipeModel, Field(description="who translates: a name under `models`")]
    to: Annotated[Language, Field(description="the language to translate into, as a code")]
    from_: Annotated[Language, Field(alias="from", description="the language of the text")] = "en"
    of: Annotated[str, Field(description="the column that is translated")] = "description"
    prompt: Annotated[RecipePrompt, Field(description="what is asked")] = "translate"  # type: ignore[assignment]
    as_: Annotated[NoteName, as_column("the notes' name")] = "translation"
    check: Annotated[bool, Field(description="whether it is translated back and compared")] = True
    back: Annotated[RecipeModel | None, Field(description="who translates back; else the same model")] = None
    measure: Annotated[Literal["characters", "words"], Field(description="what is compared")] = "characters"
    min_similarity: Annotated[float | None, Field(ge=0, le=1, description="samples below are rejected")] = None

    def __post_init__(self) -> None:
        for model in self.models():
            By(model, self.prompt).check("translate", tells=["given", "language"], answer=False)
        if self.min_similarity is not None and not self.check:
            raise ValueError("min_similarity is that of the check: leave `check` on")

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model, self.back) if self.check and self.back else (self.model,)

    def reads(self) -> Columns:
        return {**reads_of((), self.prompt.inputs), **text_column(self.of)}

    def writes(self) -> Columns:
        checked = {f"{self.as_}_back": pa.string(), f"{self.as_}_check": pa.float64()} if self.check else {}
        return {self.as_: pa.string(), by(self.as_): pa.string(), **checked}

    def talk(self, row: Values) -> Talk:
        if not (given := held(row, self.of)):
            return {}
        text = yield from self._said(row, self.model, self.of, given, self.from_, self.to)
        made = {self.as_: text, by(self.as_): By(self.model, self.prompt).text}
        if not self.check:
            return made
        back = yield from self._said(row, self.back or self.model, self.as_, text, self.to, self.from_)
        score = MEASURES[self.measure](given, back)
        if score < (self.min_similarity or 0):
            raise Reject("filtered", f"translated back, {score:g} of it is alike, and {self.min_similarity:g} is asked")
        return {**made, f"{self.as_}_back": back, f"{self.as_}_check": score}

    def _said(self, row: Values, model: AskedModel, name: str, text: str, from_: str, to: str) -> Heard[str]:
        given = Quoted({name.rpartition(".")[2]: text})
        read = written_in(to, text, may_stay=language_of(text) is None)  # names and interjections are the same in many
        return (yield from By(model, self.prompt).text_about(row, read=read, given=given, source=from_, language=to))

    def setup(self) -> Step:
        return plainly(self)
