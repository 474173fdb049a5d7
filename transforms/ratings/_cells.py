"""What a cell says: a word, a yes or no, a step on a scale."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from affectory.transforms.sources import _columns as columns

_YES_NO = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}


def chosen(value: Any) -> float | None:
    """1 for yes and 0 for no."""
    if value is None or value == "":
        return None
    found = _YES_NO.get(str(value).strip().lower())
    if found is None:
        raise ValueError(f"{columns.quoted(value)} is neither 0 nor 1; for a scale give `intensity_max` or `levels`")
    return found


def scale(highest: float | None, levels: tuple[str, ...]) -> Callable[[Any], float | None]:
    """How strong: a number from 0, or one of `levels`, the first of which is 0."""
    if not levels:
        return columns.within(columns.number, 0, highest or math.inf)
    steps = {plain(level): float(step) for step, level in enumerate(levels)}

    def step_of(value: Any) -> float | None:
        word = columns.name(value)
        if word is None:
            return None
        if plain(word) not in steps:
            raise ValueError(f"{columns.quoted(value)} is none of the levels {', '.join(levels)}")
        return steps[plain(word)]

    return step_of


def plain(word: str) -> str:
    """A word as words of the data are compared: without regard to case and spaces around it."""
    return word.strip().casefold()


@dataclass(frozen=True)
class Words:
    """How the data's words are read: some are spelled as the taxonomy knows them, some are no answer."""

    spelled: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    separator: str | None = None
    lists: bool = False

    @classmethod
    def of(
        cls, labels: Mapping[str, str] | None, ignore: tuple[str, ...], separator: str | None, lists: bool
    ) -> "Words":
        spelled = {plain(word): label for word, label in (labels or {}).items()}
        return cls(spelled, frozenset(map(plain, ignore)), separator, lists or separator is not None)

    def is_no_answer(self, word: str) -> bool:
        return plain(word) in self.ignored

    def read(self, cell: Any) -> list[str] | None:
        """The labels that a cell names, without those that are no answer; None where it is empty."""
        words = self._parts(cell)
        if words is None:
            return None
        return list(dict.fromkeys(self.spelled.get(plain(w), w) for w in words if not self.is_no_answer(w)))

    def _parts(self, cell: Any) -> list[str] | None:
        if self.lists and isinstance(cell, list):
            return [word for part in cell if (word := columns.name(part))] or None
        word = columns.word(cell)
        if word is None or self.separator is None:
            return None if word is None else [word]
        return [part.strip() for part in word.split(self.separator) if part.strip()] or None
