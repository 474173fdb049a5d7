"""The emotion-wheel score of open words: two sets agree as far as their words lie in the same classes of five wheels.

The classes of words are a table that the authors of the wheels publish (`zeroQiaoba/MERTools`, `wheel.py`) and that may
not be shipped: one row a word form (`label`), one column a wheel and level (`wheel1_level1`).
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

WHEELS = 5
_SPLIT = re.compile(r"['\",]")


@dataclass(frozen=True)
class WheelScore:
    """Means over five wheels: F of the mean precision and recall of all samples, not the mean of their F."""

    f: float
    precision: float
    recall: float
    samples: int
    """Those that have a known word in the truth; others are left out."""


@dataclass(frozen=True)
class EmotionWheels:
    """By wheel the class of each word form; forms that are in none are unknown to all of them."""

    classes: tuple[Mapping[str, str], ...]

    @classmethod
    def read(cls, path: Path, level: int = 1) -> "EmotionWheels":
        """Reads the published table."""
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = [f"wheel{number}_level{level}" for number in range(1, WHEELS + 1)]
        return cls(tuple({row["label"]: row[column] for row in rows if row[column]} for column in columns))

    def mapped(self, words: Sequence[str], wheel: int) -> frozenset[str]:
        """The classes in which these words lie; unknown words are left out."""
        known = self.classes[wheel]
        return frozenset(known[key] for word in words if (key := word.strip().lower()) in known)

    def score(self, truth: Sequence[Sequence[str]], said: Sequence[Sequence[str]]) -> WheelScore:
        """How well words that were said of samples fit their true ones."""
        wheels = [self._one(wheel, truth, said) for wheel in range(len(self.classes))]
        f, precision, recall = (fmean(score[part] for score in wheels) for part in range(3))
        return WheelScore(f, precision, recall, max(int(score[3]) for score in wheels))

    def _one(
        self, wheel: int, truth: Sequence[Sequence[str]], said: Sequence[Sequence[str]]
    ) -> tuple[float, float, float, int]:
        pairs = [(self.mapped(t, wheel), self.mapped(s, wheel)) for t, s in zip(truth, said, strict=True)]
        pairs = [(true, other) for true, other in pairs if true]
        if not pairs:
            return 0.0, 0.0, 0.0, 0
        precision = fmean(len(true & other) / len(other) if other else 0.0 for true, other in pairs)
        recall = fmean(len(true & other) / len(true) for true, other in pairs)
        both = precision + recall
        return (2 * precision * recall / both if both else 0.0), precision, recall, len(pairs)


def words_of(listed: str) -> list[str]:
    """The words of a list as models write it, `[happy, "at ease"]`, split as the authors of the score split it."""
    text = listed.strip().removeprefix("[").removesuffix("]")
    return [word for part in _SPLIT.split(text) if (word := part.strip())]
