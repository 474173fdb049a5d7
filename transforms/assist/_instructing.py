"""Chat messages by template: options in an order drawn for each sample, and answers that read back as what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.ids import fractions
from affectory.transforms.models._prompts import Prompt
from affectory.transforms.rows import Reject

MOST_OPTIONS = len(ascii_uppercase)
_GROUPS = ("answer", "letter")


class ReadsOtherwise(Exception):
    """What the template makes of an answer does not read back as that answer."""

    def __init__(self, given: str, found: str | None, message: str) -> None:
        super().__init__(given, found, message)
        self.given, self.found, self.message = given, found, message

    def __str__(self) -> str:
        read = "nothing" if self.found is None else repr(self.found)
        return f"the answer {self.given!r} reads back as {read} from what the assistant says: {self.message[:500]!r}"


@dataclass(frozen=True)
class Option:
    """A choice with its letter."""

    letter: str
    text: str


def offered(options: Sequence[str], answer: str | None, count: int | None, seed: str) -> list[Option]:
    """The options in an order of their own, so many of them, the answer among them."""
    texts = list(dict.fromkeys(options))
    if answer is not None and answer not in texts:
        raise Reject("unknown_label", f"{answer!r} is none of the options: {', '.join(texts)}"[:500])
    first = [] if answer is None else [answer]
    chosen = [*first, *_drawn("options", seed, [x for x in texts if x not in first])][:count]
    if len(chosen) > MOST_OPTIONS:
        raise ValueError(f"{len(chosen)} options, at most {MOST_OPTIONS} have letters: offer fewer of them by `count`")
    return [Option(letter, text) for letter, text in zip(ascii_uppercase, _drawn("order", seed, chosen), strict=False)]


def _drawn(what: str, seed: str, texts: Sequence[str]) -> list[str]:
    """In an order that hangs on the seed and on nothing else."""
    at = fractions(what, [f"{seed}/{text}" for text in texts])
    return [text for _, text in sorted(zip(at.tolist(), texts, strict=True))]


def check_parse(prompt: Prompt, parse: str | None, options: bool) -> None:
    """A `ValueError` where the answer of this template cannot be read back, or not by this expression."""
    if not prompt.answers:
        raise ValueError(f"the answer is to be read back, and {prompt.header.id} has no @assistant that gives it")
    if parse is None:
        return
    try:
        names = [field.name for field in pc.extract_regex(pa.array([""]), parse).type]
    except pa.ArrowInvalid as error:
        raise ValueError(f"parse is no regular expression of RE2: {error}") from error
    if len(names) != 1 or names[0] not in _GROUPS[: 1 + options]:
        allowed = " or ".join(f"(?P<{name}>...)" for name in _GROUPS[: 1 + options])
        raise ValueError(f"parse has to have one group with a name, {allowed}")


def check_answer(answer: str, message: str, parse: str | None, options: Sequence[Option]) -> None:
    """Raise `ReadsOtherwise` where the last message does not say exactly this."""
    found: Any = {"answer": message} if parse is None else _read(message, parse)
    text = found and found.get("answer")
    if found and "letter" in found:
        text = next((option.text for option in options if option.letter == found["letter"]), None)
    if text != answer:
        raise ReadsOtherwise(answer, text, message)


def _read(message: str, parse: str) -> Any:
    """RE2 takes time that grows with the message alone, whatever the expression of a stranger."""
    return pc.extract_regex(pa.array([message]), parse)[0].as_py()
