"""Has a model write texts that are still to be written: the cells of a source of the kind `generate`."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.assist import _writing as writing
from affectory.transforms.assist._describing import By, Language, as_column, by
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._opinions import column
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Generate:
    """Writes `text`, `language`, and the notes `origin` (synthetic, or found where there was a text) and `text_by`.

    With `twin` each text gets a second sample whose `parent` it is, by that prompt, with the note `variant`: the same
    feeling without the context, or a control. What a grid asks to express is an opinion on what is intended.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})

    model: Annotated[RecipeModel, Field(description="who writes: a name under `models`")]
    prompt: Annotated[RecipePrompt, Field(description="what is asked: a prompt's name, or a .jinja file")] = "generate"  # type: ignore[assignment]
    as_: Annotated[str, as_column("`text`, or the name of a note beside a text that is there")] = "text"
    language: Annotated[Language, Field(description="of the texts, where the grid has no axis `language`")] = "en"
    intends: Annotated[str | None, Field(min_length=1, description="the axis with the emotion to be expressed")] = None
    twin: Annotated[RecipePrompt | None, Field(description="the prompt for a second sample without context")] = None
    twin_intends: Annotated[str | None, Field(min_length=1, description="what it expresses, if something else")] = None
    alike: Annotated[float | None, Field(gt=0, le=1, description="share of words by which its length differs")] = None
    unnamed: Annotated[bool, Field(description="ask again where a text names an emotion of the taxonomy")] = False
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        By(self.model, self.prompt).check("generate")
        writing.check_intends(self.taxonomy, self.intends, "generate")
        writing.check_pairs(self, self.as_, self.twin is not None)

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        inputs = [*self.prompt.inputs, *(self.twin.inputs if self.twin else ()), "text", "language", "extra"]
        return {**reads_of((), inputs), **(writing.PLACED if self.twin else {})}

    def writes(self) -> Columns:
        more = ("language", "origin") if self.as_ == "text" else ()
        twins = ("sample_id", "parent", "variant") if self.twin else ()
        told = dict.fromkeys((self.as_, by(self.as_), *more, *twins), pa.string())
        return {**told, **writing.opinions_where(self.intends, column("generate"))}

    def talk(self, row: Values) -> Talk:
        own = {name: row[name] for name in ("sample_id", "parent", "language") if name in row}
        if self.as_ == "text" and row["text"]:
            return {**own, "text": row["text"], "origin": writing.FOUND}
        language, who = writing.language_of(row, self.language), By(self.model, self.prompt)
        told = {"given": writing.cell(row), "language": language}
        text = yield from writing.written(who, row, writing.unnamed(self, language), **told)
        made = {**own, self.as_: text, by(self.as_): who.text, "language": language, "origin": writing.SYNTHETIC}
        made |= writing.intention(self, "generate", who, row, "text")
        if self.twin is None:
            return made
        return [made, (yield from writing.twin(self, By(self.model, self.twin), row, made, **told))]

    def setup(self) -> Step:
        return plainly(self)
