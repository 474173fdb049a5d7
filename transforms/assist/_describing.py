"""What steps have in common whose answers become notes: names of notes, who wrote them, and what is asked for them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from affectory.schemas.derived import SAMPLES
from affectory.transforms.base import Columns, Reply
from affectory.transforms.models._answers import json_of, text_of
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._conversing import SEEN
from affectory.transforms.models._messages import Part
from affectory.transforms.models._prompts import Prompt, Quoted
from affectory.transforms.models._rating import UNPROMPTED
from affectory.transforms.models._talking import Heard, Unreadable, answered, held
from affectory.transforms.rows import Values

NAME = r"^[a-z][a-z0-9_]{0,62}$"
A = TypeVar("A", bound=BaseModel)


def as_column(description: str) -> Any:
    """The field of a parameter `as`: what a note is called."""
    return Field(alias="as", pattern=NAME, description=description)


def _no_column(name: str) -> str:
    if name in SAMPLES.schema.names:
        said = f"`{name}` is a column of samples, which stays as it is: a note needs a name of its own"
        raise PydanticCustomError("column_of_samples", "{said}", {"said": said, "allowed": "any other name"})
    return name


NoteName = Annotated[str, Field(pattern=NAME), AfterValidator(_no_column)]
"""A name under which something is noted beside what samples have."""
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$")]
"""A code of a language, as `en` or `zh-Hans`."""


def by(note: str) -> str:
    """The note that says who wrote another one."""
    return f"{note}_by"


class Answer(BaseModel):
    """A JSON answer as a step reads it; what else a prompt asks for is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


@dataclass(frozen=True)
class By:
    """Who answers, asked by what."""

    model: AskedModel
    prompt: Prompt

    @property
    def rater(self) -> str:
        """The model with its revision, as opinions name it."""
        return self.model.rater[0]

    @property
    def text(self) -> str:
        return f"{self.rater}, asked by {self.prompt.called}"

    def check(self, step: str, see: Sequence[str] = (), tells: Sequence[str] = (), answer: bool | None = None) -> None:
        """A `ValueError` where the model cannot do what is wanted, or the prompt leaves out what it is to tell."""
        header = self.prompt.header
        json = () if header.answer is None else ("json",)
        self.model.need(step, *dict.fromkeys(SEEN[name] for name in see), *json)
        if UNPROMPTED in self.model.can:
            self._check_unprompted(step, see)
        if missing := [name for name in tells if name not in header.settings]:
            put = " and ".join(f"{{{{ {name} }}}}" for name in missing)
            what = ", ".join(missing)
            raise ValueError(f"{step} tells {what}, and prompt {header.id} does not: add it to `settings`, and {put}")
        if answer is not None and answer != (header.answer is not None):
            wanted = "JSON: give its schema as `answer`" if answer else "text: leave out `answer`"
            raise ValueError(f"{step} reads {wanted} in the header of prompt {header.id}")

    def _check_unprompted(self, step: str, see: Sequence[str]) -> None:
        """A small rater says what it measures, whatever it is asked."""
        if step != "caption":
            raise ValueError(f"{step} needs a model that takes a prompt, and {self.model.name} takes none")
        if "image" in self.model.can and not see:
            raise ValueError(f"{self.model.name} looks at pictures: caption has to `see` image or frames")

    def text_about(
        self, row: Values, media: Sequence[Part] = (), read: Callable[[Reply], str] = text_of, **settings: Any
    ) -> Heard[str]:
        """Text, asked for until it can be read."""
        ask = self.prompt.ask(self.model, row, media, **settings)
        return (yield from answered(ask, read, self.model.spec.tries))

    def answer_about(
        self,
        row: Values,
        form: type[A],
        media: Sequence[Part] = (),
        check: Callable[[A], None] = lambda _: None,
        **settings: Any,
    ) -> Heard[A]:
        """JSON of this form, asked for until it fits; `check` raises `Unreadable` at what else is wrong with it."""
        ask = self.prompt.ask(self.model, row, media, **settings)

        def read(reply: Reply) -> A:
            value = _formed(form, json_of(reply, ask.schema or {}, self.prompt.header.repair))
            check(value)
            return value

        return (yield from answered(ask, read, self.model.spec.tries))


def _formed(form: type[A], value: Any) -> A:
    try:
        return form.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Unreadable(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def text_column(name: str) -> Columns:
    """The column that a text comes from; kept columns are named `extra.NAME`."""
    column, _, inside = name.partition(".")
    return {column: pa.null() if inside else pa.string()}


def quoted(row: Values, names: Iterable[str]) -> Quoted:
    """What a row says under these names, as a prompt quotes it."""
    return Quoted({name.rpartition(".")[2]: held(row, name) for name in names})


def nothing(row: Values, inputs: Iterable[str]) -> bool:
    """Whether a sample has nothing to tell under any of these names."""
    return all(held(row, name) in (None, "", []) for name in inputs)
