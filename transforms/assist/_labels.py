"""Words of emotion that a model takes from a text: which they are, and in which sentence each stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from affectory.transforms.assist._describing import Answer, By
from affectory.transforms.assist._quotes import found, plain, sentence
from affectory.transforms.models._opinions import span
from affectory.transforms.models._talking import Unreadable

LONGEST = 60
Place = Mapping[str, Any]


class Word(Answer):
    """A word, and the words of the text that it is taken from."""

    word: str
    quote: str = ""


class Words(Answer):
    """All words of a text."""

    labels: list[Word] = Field(max_length=100)

    @property
    def plain(self) -> list[str]:
        return plain(label.word for label in self.labels)

    def places(self, text: str) -> dict[str, tuple[int, int]]:
        """The sentence of each word whose quote stands in the text; the first one that does counts."""
        at: dict[str, tuple[int, int]] = {}
        for label in self.labels:
            for word in plain([label.word]):
                place = found(label.quote, text)
                if place:
                    at.setdefault(word.casefold(), sentence(text, place))
        return {word: at[word.casefold()] for word in self.plain if word.casefold() in at}

    def check(self, text: str, traced: bool) -> None:
        """What cannot be used of it is told as `Unreadable`."""
        if long := next((word for word in self.plain if len(word) > LONGEST), None):
            raise Unreadable(f"{long[:LONGEST]!r}... is longer than a word or two")
        there = self.places(text) if traced else {}
        if traced and (lost := [word for word in self.plain if word not in there]):
            raise Unreadable(f"what is quoted for {', '.join(lost)} is not in the text: quote it letter by letter")


def evidence(text: str, places: Mapping[str, tuple[int, int]], own: bool) -> list[Place]:
    """Words with their sentences, as a note; characters count only in the text that is the sample's own."""
    return [
        {"kind": word, "text": text[start:end], **({"char_start": start, "char_end": end} if own else {})}
        for word, (start, end) in places.items()
    ]


def opinion(who: By, said: Mapping[str, Any], words: Sequence[str], of: str, places: Sequence[Place]) -> dict[str, Any]:
    """Open words as an opinion: offered were none."""
    spans = [span(p["char_start"], p["char_end"]) for p in places if "char_start" in p]
    return {
        "rater": who.rater,
        "rater_kind": "model",
        **said,
        "asked": {"question": f"{who.prompt.header.question} ({of})", "labels": [], "response": "words"},
        "shown": {"instructions": f"prompt {who.prompt.called}"},
        "answer": {"words": list(words)},
        "evidence": list({tuple(s.items()): s for s in spans}.values()),
    }
