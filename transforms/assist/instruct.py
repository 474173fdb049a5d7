"""Writes chat messages from samples by a template, for training models to follow instructions; no model is asked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.assist._describing import NoteName, as_column
from affectory.transforms.assist._instructing import MOST_OPTIONS, Option, check_answer, check_parse, offered
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._answers import as_text
from affectory.transforms.models._conversing import reads_of
from affectory.transforms.models._opinions import required
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import held, said
from affectory.transforms.rows import Values, by_row


@dataclass(frozen=True)
class Instruct:
    """Writes a note named by `as`: messages as JSON, a list of `role` and `content`.

    The template is a prompt file whose @assistant gives the answer. With `answer` it is read back from what the
    assistant says, and a row where it is another fails; a sample without an answer has no messages. Options stand in
    an order that hangs on the sample and the seed alone, so that no place is right more often than others.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    prompt: Annotated[RecipePrompt, Field(description="the template: a .jinja file with @user and @assistant")]
    as_: Annotated[NoteName, as_column("the note's name")] = "messages"
    answer: Annotated[str | None, Field(description="the column with the answer, as extra.label")] = None
    parse: Annotated[
        str | None,
        Field(description="where the answer stands in what the assistant says: a regular expression with "
              "(?P<answer>...) or, of options, (?P<letter>...); by default all that it says"),
    ] = None  # fmt: skip
    options: Annotated[tuple[str, ...], Field(description="what is offered, or [labels]: those of the taxonomy")] = ()
    options_of: Annotated[tuple[str, ...], Field(description="columns whose values are offered, one each")] = ()
    count: Annotated[int | None, Field(ge=2, le=MOST_OPTIONS, description="how many are offered at most")] = None
    seed: Annotated[int, Field(description="of the order of options")] = 0
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        if self.answer is not None:
            check_parse(self.prompt, self.parse, bool(self.options or self.options_of))
        elif self.parse is not None or self.count is not None:
            raise ValueError("parse and count are about an answer: name its column as `answer`")

    def reads(self) -> Columns:
        answer = [self.answer] if self.answer else []
        return {**reads_of((), [*self.prompt.inputs, *answer, *self.options_of]), "sample_id": pa.string()}

    def writes(self) -> Columns:
        return {self.as_: pa.string()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._written)

    def _written(self, row: Values) -> Values:
        answer = said(held(row, self.answer)) if self.answer else None
        if self.answer and not answer:
            return {}
        options = self._options(row, answer)
        letter = next((option.letter for option in options if option.text == answer), None)
        told = self.prompt.unfenced(row, options=list(map(asdict, options)), answer=answer, letter=letter)
        if answer:
            check_answer(answer, told[-1][1], self.parse, options)
        return {self.as_: as_text([{"role": role, "content": words} for role, words in told])}

    def _options(self, row: Values, answer: str | None) -> Sequence[Option]:
        own = [text for column in self.options_of if (text := said(held(row, column)))]
        named = required(self.taxonomy, "instruct").labels if self.options == ("labels",) else self.options
        seed = f"{self.seed}/{row['sample_id']}"
        return offered([*named, *own], answer, self.count, seed) if self.options or self.options_of else []
