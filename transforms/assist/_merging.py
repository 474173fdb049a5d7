"""A description from several clues: sentences, and for each the clues that it rests on."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from affectory.transforms.assist._describing import Answer
from affectory.transforms.assist._quotes import found, sentence, word_count
from affectory.transforms.models._answers import as_text
from affectory.transforms.models._talking import Unreadable


class Rest(Answer):
    """A clue by its name, and the words of it that are meant."""

    clue: str
    quote: str = ""


class Sentence(Answer):
    """What is told, and what that rests on."""

    text: str = Field(min_length=1)
    rests_on: list[Rest] = Field(default_factory=list)


class Merged(Answer):
    """The description."""

    sentences: list[Sentence] = Field(min_length=1, max_length=40)

    @property
    def text(self) -> str:
        return " ".join(" ".join(told.text.split()) for told in self.sentences)

    def traced(self, clues: Mapping[str, str]) -> list[dict[str, Any]]:
        """Each sentence with the sentences of clues that it quotes; what no clue says is left out."""
        return [{"text": " ".join(t.text.split()), "from": _clues(t, clues)} for t in self.sentences]

    def check(self, clues: Mapping[str, str], traced: bool) -> None:
        """What cannot be used of it is told as `Unreadable`."""
        if any(not word_count(told.text) for told in self.sentences):
            raise Unreadable("one of its sentences says nothing")
        if traced and (bare := next((t for t in self.traced(clues) if not t["from"]), None)):
            raise Unreadable(f"no clue says what is quoted for {bare['text'][:200]!r}: quote a clue letter by letter")

    def trace(self, clues: Mapping[str, str]) -> str:
        """All of it as a note."""
        return as_text(self.traced(clues))


def _clues(told: Sentence, clues: Mapping[str, str]) -> list[dict[str, str]]:
    places = [(r.clue, found(r.quote, clues[r.clue])) for r in told.rests_on if r.clue in clues]
    sure = [(clue, sentence(clues[clue], place)) for clue, place in places if place]
    return [{"clue": clue, "quote": clues[clue][start:end]} for clue, (start, end) in dict.fromkeys(sure)]
