"""How alike texts are among themselves: by pairs of words that they share, by near repetitions, by how they begin."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from affectory.quality.audits._chance import Floats, Ints, generator
from affectory.quality.audits._shares import interval
from affectory.quality.audits._words import words_of
from affectory.transforms.dataset._shingles import EMPTY, filled_up, signatures

_DRAWS, _AT_ONCE, _PAIRED, _OPENING = 200, 128, 2000, 3
NEAR = 0.8
"""Of the stretches of five words that two texts have, the share in common from which one repeats the other."""


@dataclass(frozen=True)
class Likeness:
    """Texts as the pairs of neighbouring words in each, weighed so that each text counts alike."""

    texts: int
    text: Ints
    pair: Ints
    weight: Floats

    @classmethod
    def of(cls, words: Sequence[Sequence[str]]) -> "Likeness":
        known: dict[tuple[str, str], int] = {}
        found = [sorted({known.setdefault(x, len(known)) for x in pairwise(of)}) for of in words]
        sizes = np.array([len(of) for of in found], np.int64)
        pair = np.array([place for of in found for place in of], np.int64)
        return cls(len(words), np.repeat(np.arange(len(words)), sizes), pair, np.repeat(_root(sizes), sizes))

    def among(self, weights: Floats) -> float:
        """The mean likeness (cosine) of two different texts, each counted as often as its weight says."""
        has = np.bincount(self.text, minlength=self.texts) > 0
        weights = weights * has
        sums = np.bincount(self.pair, self.weight * weights[self.text]) if len(self.pair) else np.zeros(1)
        own = float((weights**2).sum())
        others = float(weights.sum()) ** 2 - own
        return (float((sums**2).sum()) - own) / others if others > 0 else 0.0

    def drawn(self, weights: Floats, *names: object) -> tuple[float, float]:
        """The interval of `among`, by drawing texts again."""
        random, mine = generator("likeness", *names), np.flatnonzero(weights)
        found = np.empty(_DRAWS)
        for draw in range(_DRAWS):
            again = np.bincount(random.choice(mine, len(mine)), minlength=self.texts)
            found[draw] = self.among(again.astype(np.float64))
        return interval(found)

    def farther(self, mine: Floats, times: int, *names: object) -> tuple[float, float]:
        """By how much some are more alike than the others are, and how often chance gives as much."""
        random, observed = generator("likeness", "chance", *names), self.among(mine) - self.among(1 - mine)
        reached = 0
        for _ in range(times):
            dealt = random.permutation(mine)
            reached += self.among(dealt) - self.among(1 - dealt) >= observed - 1e-12
        return observed, float((1 + reached) / (1 + times))


def _root(sizes: Ints) -> Floats:
    return np.asarray(1 / np.sqrt(np.maximum(sizes, 1)))


def repeating(texts: Sequence[str], languages: Sequence[str | None]) -> Ints:
    """Which of the first texts nearly repeat another of them; of more than can be paired, the first ones."""
    some = pa.array(texts[:_PAIRED], pa.string()), pa.array(languages[:_PAIRED], pa.string())
    found = filled_up(signatures(*some))
    there = np.flatnonzero((found != EMPTY).any(axis=1))
    found, marks = found[there], np.zeros(len(there), bool)
    for start in range(0, len(there), _AT_ONCE):
        alike = (found[start : start + _AT_ONCE, None] == found[None]).mean(axis=2) >= NEAR
        alike[np.arange(len(alike)), np.arange(len(alike)) + start] = False
        marks[start : start + _AT_ONCE] = alike.any(axis=1)
    return np.asarray(there[marks], np.int64)


def paired(texts: int) -> int:
    """Of how many texts `repeating` tells."""
    return min(texts, _PAIRED)


def openings(words: Sequence[Sequence[str]]) -> tuple[str, Ints]:
    """The words with which most texts begin, and which do."""
    begins = [" ".join(of[:_OPENING]) if len(of) > _OPENING else "" for of in words]
    often = sorted(((-count, opening) for opening, count in Counter(begins).items() if opening))
    opening = often[0][1] if often else ""
    return opening, np.flatnonzero([bool(opening) and x == opening for x in begins]).astype(np.int64)


def distinct(words: Sequence[Sequence[str]], size: int, most: int) -> float:
    """The share of different stretches of so many words, of the first ones up to so many: of fewer more differ."""
    runs = [tuple(of[at : at + size]) for of in words for at in range(len(of) - size + 1)][:most]
    return len(set(runs)) / len(runs) if runs else 0.0


def split(texts: Sequence[str | None]) -> list[list[str]]:
    """The words of each."""
    return [words_of(text or "") for text in texts]
