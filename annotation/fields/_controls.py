"""The controls of an interface: how each answer stands in Label Studio, read with all doubt and written for tests."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from affectory.annotation.fields._xml import plain, token
from affectory.annotation.shown import Shown

LONGEST = 20_000
"""Characters of one text; more is a mistake, or an attempt to fill the disk."""


class Wrong(ValueError):
    """What is wrong with an answer, in words."""


@dataclass(frozen=True)
class Control(ABC):
    """One control by its name, and what it is about."""

    name: str
    to: str
    type: ClassVar[str] = ""
    marks: ClassVar[bool] = False
    """Whether it marks places, of which there may be several."""

    @abstractmethod
    def read(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> Any:
        """What was answered; `Wrong` where that cannot be."""

    @abstractmethod
    def written(self, said: Any, shown: Shown) -> dict[str, Any]:
        """The `value` in which Label Studio keeps an answer."""

    def result(self, said: Any, shown: Shown, number: int = 0) -> dict[str, Any]:
        """A whole result, with an id that is the same each time."""
        named = {"id": f"{self.name}-{number}", "from_name": self.name, "to_name": self.to, "type": self.type}
        return {**named, "value": self.written(said, shown)}


def chosen(given: Any, labels: Sequence[str], what: str = "label") -> list[str]:
    """The labels that a list of tokens means."""
    known = {token(label): label for label in labels}
    if not isinstance(given, list) or not given:
        raise Wrong(f"no list of {what}s")
    if odd := [one for one in given if not isinstance(one, str) or one not in known]:
        raise Wrong(f"no {what} {_short(odd[0])}")
    if len(set(given)) < len(given):
        raise Wrong(f"a {what} is given twice")
    return [known[one] for one in given]


def number(given: Any, low: float, high: float, what: str) -> float:
    """A number of a scale."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not isfinite(given):
        raise Wrong(f"{what} is {_short(given)}, which is no number")
    if not low <= given <= high:
        raise Wrong(f"{what} is {_short(given)}, and its scale goes from {low:g} to {high:g}")
    return float(given)


def _short(given: Any) -> str:
    text = plain(repr(given)[:80])
    return text if len(text) <= 40 else f"{text[:39]}…"


@dataclass(frozen=True)
class Choices(Control):
    """One label of some, or several."""

    labels: tuple[str, ...]
    many: bool = False
    type: ClassVar[str] = "choices"

    def read(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[str]:
        found = chosen(value.get("choices"), self.labels)
        if len(found) > 1 and not self.many:
            raise Wrong(f"{len(found)} labels are chosen where one is asked for")
        return found

    def written(self, said: Any, shown: Shown) -> dict[str, Any]:
        return {"choices": [token(label) for label in said]}


@dataclass(frozen=True)
class Stars(Control):
    """A step from 1 upwards."""

    most: int
    type: ClassVar[str] = "rating"

    def read(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> float:
        found = number(value.get("rating"), 1, self.most, "the step")
        if found % 1:
            raise Wrong(f"the step is {found:g}, which is not whole")
        return found

    def written(self, said: Any, shown: Shown) -> dict[str, Any]:
        return {"rating": int(said)}


@dataclass(frozen=True)
class Slider(Control):
    """A place on a scale."""

    low: float
    high: float
    type: ClassVar[str] = "number"

    def read(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> float:
        return number(value.get("number"), self.low, self.high, "the value")

    def written(self, said: Any, shown: Shown) -> dict[str, Any]:
        return {"number": said}


@dataclass(frozen=True)
class Typed(Control):
    """Some texts that were typed."""

    most: int = 1
    longest: int = LONGEST
    type: ClassVar[str] = "textarea"

    def read(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[str]:
        given = value.get("text")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise Wrong("no text")
        if len(texts) > self.most:
            raise Wrong(f"{len(texts)} texts, and at most {self.most} are asked for")
        if any(len(text) > self.longest for text in texts):
            raise Wrong(f"a text of more than {self.longest} characters")
        if any("\0" in text or not _encodes(text) for text in texts):
            raise Wrong("a text with what is no character")
        return [text.strip() for text in texts if text.strip()]

    def written(self, said: Any, shown: Shown) -> dict[str, Any]:
        return {"text": list(said)}


def _encodes(text: str) -> bool:
    """Half of a pair of surrogates is no character, and no file takes it."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


@dataclass(frozen=True)
class Branches(Control):
    """Ends of branches of a tree, each with the way to it."""

    paths: Mapping[str, tuple[str, ...]]
    many: bool = False
    type: ClassVar[str] = "taxonomy"

    def read(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[str]:
        ends = {tuple(map(token, path)): label for label, path in self.paths.items()}
        given = value.get("taxonomy")
        if not isinstance(given, list) or not given:
            raise Wrong("no list of branches")
        ways = [tuple(way) if isinstance(way, list) and all(isinstance(s, str) for s in way) else () for way in given]
        if odd := [one for one, way in zip(given, ways, strict=True) if way not in ends]:
            raise Wrong(f"no branch {_short(odd[0])} that ends there")
        if len(set(ways)) < len(ways):
            raise Wrong("a branch is given twice")
        if len(ways) > 1 and not self.many:
            raise Wrong(f"{len(ways)} branches are chosen where one is asked for")
        return [ends[way] for way in ways]

    def written(self, said: Any, shown: Shown) -> dict[str, Any]:
        return {"taxonomy": [[token(name) for name in self.paths[label]] for label in said]}
