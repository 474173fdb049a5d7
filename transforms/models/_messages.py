"""What is said to a model and how it may answer: one form, whichever backend carries it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from affectory.schemas.ids import canonical
from affectory.transforms.asking import text_hash
from affectory.transforms.base import Failed, Reply, Sent

Kind = Literal["text", "image", "audio", "video"]


@dataclass(frozen=True)
class Part:
    """A piece of a message: text, or a medium by its asset. `path` is where a backend reads it, and no part of what
    is asked."""

    kind: Kind
    text: str = ""
    asset: str = ""
    format: str = ""
    path: str = ""

    def plain(self) -> list[str]:
        """What tells it from other parts."""
        return [self.kind, self.text if self.kind == "text" else self.asset]


@dataclass(frozen=True)
class Message:
    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its text alone."""
        return "".join(part.text for part in self.parts if part.kind == "text")


@dataclass(frozen=True)
class Ask:
    """One question to one model of the recipe, complete: it knows no row.

    The answer is free text, JSON by `schema`, speech where `speaks`, or one of `choices`: then a backend gives the
    log-probability of each choice as the first token of the answer, as far as it can see it. `sample` is what the
    messages are about, by name, for raters that take no prompts. `repeat` numbers several draws of one question, and
    `again` counts the answers to it that could not be read.
    """

    model: str
    messages: tuple[Message, ...]
    prompt: str
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] = ()
    speaks: bool = False
    temperature: float | None = None
    max_tokens: int | None = None
    repeat: int = 0
    sample: Mapping[str, Any] = field(default_factory=dict)
    again: int = 0

    @property
    def media(self) -> list[Part]:
        """Every medium in it, as often as it occurs."""
        return [part for message in self.messages for part in message.parts if part.kind != "text"]

    def sent(self) -> Sent:
        """What stands for it in the ledger, beside the model, the prompt and the repeat."""
        said = [[message.role, [part.plain() for part in message.parts]] for message in self.messages]
        how = [self.schema, list(self.choices), self.speaks, self.temperature, self.max_tokens]
        sample = {name: value for name, value in self.sample.items() if value is not None}
        return (text_hash(canonical([said, how, sample])), *dict.fromkeys(part.asset for part in self.media))

    def after(self, answer: str, objection: str) -> "Ask":
        """The same once more, with an answer that could not be read and what was wrong with it."""
        said = (Message("assistant", (Part("text", answer),)), Message("user", (Part("text", objection),)))
        return replace(self, messages=(*self.messages, *said), again=self.again + 1)


Chat = Callable[[Sequence[Ask]], Iterator[tuple[int, Reply | Failed]]]
"""A loaded model: which of the questions is answered, and how, in whatever order answers come; each question once."""
