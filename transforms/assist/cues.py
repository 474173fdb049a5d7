"""Has a model name what tells of emotion in a sample, cue by cue: what is seen, heard and said, and where."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.types import ANCHOR, PLACES
from affectory.transforms.assist import _cues
from affectory.transforms.assist._describing import By, NoteName, as_column, by, quoted, text_column
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, RecipeModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of, shown
from affectory.transforms.models._prompts import RecipePrompt
from affectory.transforms.models._talking import Talk, held
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Cues:
    """Writes places named by `as`, of kind visual, acoustic or textual, and `<as>_by`.

    Textual cues are words of the text, found in it; those that are not there are dropped. With `of`, a description is
    taken apart instead, by a prompt such as `split_cues`, into the same and emotional cues, all of them quoted.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = ALL_KINDS

    model: Annotated[RecipeModel, Field(description="who looks: a name under `models`")]
    prompt: Annotated[RecipePrompt, Field(description="what is asked")] = "cues"  # type: ignore[assignment]
    see: Annotated[
        tuple[Literal["image", "frames", "audio", "video"], ...],
        Field(strict=False, description="media that the model is shown"),
    ] = ()
    of: Annotated[str | None, Field(description="column of a description that is taken apart")] = None
    as_: Annotated[NoteName, as_column("the notes' name")] = "cues"
    times: Annotated[bool, Field(description="note when what is seen or heard is; `probe` has to come before")] = False

    def __post_init__(self) -> None:
        tells = ["kinds", *(["seconds"] if self.times else []), *(["description"] if self.of else [])]
        By(self.model, self.prompt).check("cues", self.see, tells, answer=True)

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        where = {"anchor": ANCHOR, **({"duration_s": pa.null()} if self.times else {})}
        return {**reads_of(self.see, self.prompt.inputs), **where, **text_column(self.of or "text")}

    def writes(self) -> Columns:
        return {self.as_: PLACES, by(self.as_): pa.string()}

    def talk(self, row: Values) -> Talk:
        media, text, who = shown(row, self.see), held(row, self.of or "text"), By(self.model, self.prompt)
        kinds = _cues.SPLIT if self.of else _cues.shows(media, text)
        if not kinds or (self.of and not text):
            return {}
        stretch = _cues.stretch_of(row) if self.times else None
        told: dict[str, Any] = {"description": quoted(row, [self.of])} if self.of else {}
        told |= {"kinds": list(kinds), "seconds": stretch and (stretch[1] - stretch[0]) / 1e6}
        said = yield from who.answer_about(row, _cues.Cues, media, **told)
        return {self.as_: said.places(kinds, text, self.of, stretch), by(self.as_): who.text}

    def setup(self) -> Step:
        return plainly(self)
