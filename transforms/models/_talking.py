"""Conversations of a step with models about one row, written as if answers came at once.

A talk is a generator: it yields questions and is given their replies, in that order, as often as it likes; what it
returns is what the step writes. Talks of many rows run side by side, and are played again from the ledger, so a talk
may depend on its row, its parameters and the replies, and on nothing else.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from affectory.transforms.base import Reply
from affectory.transforms.models._fencing import defanged, repeats
from affectory.transforms.models._messages import Ask
from affectory.transforms.rows import Values

_TOLD_AGAIN = 4000
"""Of an answer that could not be read, how much the model is told when it is asked again."""
T = TypeVar("T")
Asks = list[Ask]
Replies = list[Reply]
Heard = Generator[Asks, Replies, T]
"""A part of a talk that ends in something heard: for `yield from`."""
Talk = Heard[Values | list[Values]]


class Unreadable(Exception):
    """A reply is not what was agreed; the message is told to the model with the question when it is asked again."""


class Told(Unreadable):
    """A reply tells the instructions: it is shown to nobody."""


class UnreadableAnswer(Exception):
    """A model's answers could not be read, however often it was asked; the raw answers are in the ledger."""

    def __init__(self, model: str, tries: int, why: str, answer: str) -> None:
        super().__init__(model, tries, why, answer)
        self.model, self.tries, self.why, self.answer = model, tries, why, answer

    def __str__(self) -> str:
        often = "once" if self.tries == 1 else f"{self.tries} times"
        return f"{self.model} was asked {often} and answered what cannot be read ({self.why}): {self.answer[:1000]!r}"


class NotAnswered(Exception):
    """A question got no reply: the error's type and message."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(error, detail)
        self.failed_as, self.detail = error, detail

    def __str__(self) -> str:
        return self.detail


def answered(ask: Ask, read: Callable[[Reply], T], tries: int) -> Heard[T]:
    """Ask until the reply can be read, each time saying what was wrong before.

    An answer that tells the instructions is none, whatever made the model tell them.
    """
    for left in range(tries, 0, -1):
        (reply,) = yield [ask]
        try:
            heard = read(reply)
            _check_own(reply, ask)
            return heard
        except Unreadable as error:
            if left == 1:
                answer = "" if isinstance(error, Told) else reply.text or ""
                raise UnreadableAnswer(ask.model, tries, str(error), answer) from error
            again = f"That answer cannot be used: {error}. Answer once more, as you were asked to."
            # What samples make a model say is no less theirs than what they say themselves.
            ask = ask.after(defanged((reply.text or "")[:_TOLD_AGAIN]), defanged(again))
    raise AssertionError("no tries")


def _check_own(reply: Reply, ask: Ask) -> None:
    instructions = "\n".join(message.text for message in ask.messages if message.role == "system")
    if run := repeats(reply.text or "", instructions):
        raise Told(f"it repeats your instructions: {run!r}")


def together(talks: Sequence[Heard[T]]) -> Heard[list[T]]:
    """Several parts of a talk side by side: each round holds the questions of all that still ask."""
    ends = yield from each(talks)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    return ends  # type: ignore[return-value]


def each(talks: Sequence[Heard[T]]) -> Heard[list[T | Exception]]:
    """The same, where one part may fail without the others: its end is then the error that ended it."""
    ends: list[Any] = [None] * len(talks)
    waiting: dict[int, Asks] = {}
    for index, talk in enumerate(talks):
        _step(talk, None, index, waiting, ends)
    while waiting:
        asked = dict(waiting)
        replies: Iterator[Reply | Exception]
        try:
            replies = iter((yield [ask for asks in asked.values() for ask in asks]))
        except Exception as lost:
            if (among := getattr(lost, "among", None)) is None:
                raise
            replies = iter(among)
        for index, asks in asked.items():
            _step(talks[index], [next(replies) for _ in asks], index, waiting, ends)
    return ends


def lost_among(replies: Sequence[Reply | Exception]) -> Exception | None:
    """The first error among what came for several questions, which knows the others' replies: see `each`."""
    for lost in replies:
        if isinstance(lost, Exception):
            lost.among = list(replies)  # type: ignore[attr-defined]
            return lost
    return None


def _step(
    talk: Heard[Any],
    replies: Sequence[Reply | Exception] | None,
    index: int,
    waiting: dict[int, Asks],
    ends: list[Any],
) -> None:
    waiting.pop(index, None)
    try:
        if replies is None:
            waiting[index] = next(talk)
        elif lost := lost_among(replies):
            waiting[index] = talk.throw(lost)
        else:
            waiting[index] = talk.send([reply for reply in replies if isinstance(reply, Reply)])
    except StopIteration as end:
        ends[index] = end.value
    except Exception as error:
        ends[index] = error


def held(row: Values, name: str) -> Any:
    """What a row holds under a column's name, or, as `extra.persona`, under a name inside a column."""
    column, _, inside = name.partition(".")
    value = row[column]
    return (value or {}).get(inside) if inside else value


def said(value: Any) -> str | None:
    """A column's value as a prompt says it: stretches and findings one a line, with who and what."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return _place(value)
    if isinstance(value, Sequence):
        return "\n".join(filter(None, map(said, value))) or None
    return str(value)


def _place(place: Mapping[str, Any]) -> str:
    who, text = place.get("who"), place.get("text") or place.get("kind") or ""
    score = place.get("score")
    told = f"{text} {score:.3g}" if score is not None and not place.get("text") else text
    return f"{who}: {told}" if who else told
