"""Has a model reason about a sample from given facts alone: measures, action units, attributes, words."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.assist._describing import By, Language, NoteName, as_column, by
from affectory.transforms.assist._facts import Reasoning, check_bound, check_form, facts_of, listed
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._prompts import Quoted, RecipePrompt
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Explain:
    """Writes a note named by `as`, `<as>_facts`, which is each step with the facts that it cites, and `<as>_by`.

    Findings with a strength are facts by their kind (AU12), other columns by their name. An answer that cites a fact
    or names an action unit that is not there is asked for again. A sample without facts is not asked about.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    model: Annotated[RecipeModel, Field(description="who reasons: a name under `models`")]
    facts: Annotated[tuple[str, ...], Field(strict=False, min_length=1, description="columns with the facts")]
    prompt: Annotated[RecipePrompt, Field(description="what is asked")] = "explain"  # type: ignore[assignment]
    as_: Annotated[NoteName, as_column("the notes' name")] = "explanation"
    language: Annotated[Language, Field(description="language of the explanation, as a code")] = "en"
    min_words: Annotated[int, Field(ge=1, description="fewest words of it")] = 1
    max_words: Annotated[int, Field(ge=1, description="most words of it")] = 300
    label_first: Annotated[bool, Field(description="whether it may begin with a label of the taxonomy")] = True
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        By(self.model, self.prompt).check("explain", tells=["facts", "names"], answer=True)
        if self.min_words > self.max_words:
            raise ValueError(f"min_words is {self.min_words} and max_words {self.max_words}: nothing is between them")

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        return reads_of((), (*self.prompt.inputs, *self.facts))

    def writes(self) -> Columns:
        return dict.fromkeys((self.as_, f"{self.as_}_facts", by(self.as_)), pa.string())

    def talk(self, row: Values) -> Talk:
        facts, who = facts_of(row, self.facts), By(self.model, self.prompt)
        if not facts:
            return {}

        def check(made: Reasoning) -> None:
            check_bound(made, facts)
            check_form(made.text, self.min_words, self.max_words, None if self.label_first else self.taxonomy)

        told: dict[str, Any] = {"facts": Quoted({"facts": listed(facts)}), "names": list(facts)}
        told |= {"language": self.language, "min_words": self.min_words, "max_words": self.max_words}
        said = yield from who.answer_about(row, Reasoning, check=check, **told)
        return {self.as_: said.text, f"{self.as_}_facts": said.cited, by(self.as_): who.text}

    def setup(self) -> Step:
        return plainly(self)
