"""What a text is made of: characters of each sort, words, repetitions; counted for a whole column at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Codes = NDArray[np.uint32]

_PLANES = 0x40000
"""Letters and digits lie below; what is above counts as none of the sorts."""
_UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
_SORTS: Mapping[str, Callable[[str], bool]] = {
    "alnum": str.isalnum,
    "digit": str.isdecimal,
    "upper": str.isupper,
    "cased": lambda c: c.isupper() or c.islower(),
    "space": str.isspace,
    "symbol": lambda c: c.isprintable() and not (c.isalnum() or c.isspace() or _is_mark(c)),
}
_REPEATED = 3
"""A character counts as repeated from its third time in a row on: "sooo" is one, "soo" none."""


def _is_mark(character: str) -> bool:
    """Vowel signs, accents, variation selectors: they are part of a letter or an emoji."""
    import unicodedata

    return unicodedata.category(character)[0] == "M"


@cache
def _table(sort: str) -> NDArray[np.uint8]:
    return np.fromiter((_SORTS[sort](chr(c)) for c in range(_PLANES)), np.uint8, _PLANES)


@cache
def _others(sort: str) -> bytes:
    """The ASCII characters that are not of a sort."""
    return bytes(c for c in range(128) if not _SORTS[sort](chr(c)))


@dataclass(frozen=True)
class Profile:
    """Shares are those of all characters, spaces included, if nothing else is said; of an empty text they are 0."""

    texts: pa.Array

    @cached_property
    def characters(self) -> Numbers:
        return np.asarray(pc.utf8_length(self.texts), dtype=np.float64)

    def share(self, sort: str, of: str = "") -> Numbers:
        """How much of a text is of one sort, of all its characters or of those of another sort."""
        return _ratio(self.count(sort), self.count(of) if of else self.characters)

    def count(self, sort: str) -> Numbers:
        """Characters of one sort in each text."""
        counts, others = np.zeros(len(self.texts)), _others(sort)
        plain = self.texts.filter(self._is_ascii).cast(pa.binary()).to_pylist()
        counts[self._is_ascii] = [len(text.translate(None, others)) for text in plain]
        codes, starts = self._wide
        table = _table(sort)
        found = np.where(codes < _PLANES, table.take(np.minimum(codes, _PLANES - 1)), 0)
        counts[~self._is_ascii] = _sums(found, starts)
        return counts

    @cached_property
    def words(self) -> Numbers:
        """Pieces between spaces; in scripts without spaces two characters count as one word."""
        unspaced = np.zeros(len(self.texts))
        bare = pc.replace_substring_regex(self._wide_texts, _UNSPACED, "")
        unspaced[~self._is_ascii] = pc.subtract(pc.utf8_length(self._wide_texts), pc.utf8_length(bare))
        spaced = pc.replace_substring_regex(self.texts, rf"{_UNSPACED}+", " ") if unspaced.any() else self.texts
        pieces: Numbers = np.array(pc.count_substring_regex(spaced, r"[^\s\p{Z}]+"), dtype=np.float64)
        pieces += np.ceil(unspaced / 2)
        return pieces

    @cached_property
    def word_length(self) -> Numbers:
        """Characters that are no spaces for each word."""
        return _ratio(self.characters - self.count("space"), self.words)

    @cached_property
    def repeated_characters(self) -> Numbers:
        """Share of characters that repeat the two before them."""
        codes, starts = _codes(self.texts)
        again = np.zeros(len(codes), np.uint8)
        again[2:] = (codes[2:] == codes[1:-1]) & (codes[1:-1] == codes[:-2])
        for first in (0, 1):  # a run does not go on from one text to the next
            edges = starts[:-1] + first
            again[edges[edges < starts[1:]]] = 0
        return _ratio(_sums(again, starts), self.characters)

    @cached_property
    def repeated_lines(self) -> Numbers:
        """Share of the lines that say what a line before them said; blank ones are not counted."""
        lines = pc.split_pattern(self.texts, "\n")
        row, line = pc.list_parent_indices(lines), pc.utf8_trim_whitespace(pc.list_flatten(lines))
        told = pc.not_equal(line, "")
        return _repeats(np.asarray(row.filter(told)), _ids(line.filter(told)), len(self.texts))

    def repeated_phrases(self, length: int) -> Numbers:
        """Share of the phrases of so many words that occurred before in the same text."""
        words = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(pc.utf8_lower(self.texts)))
        row, word = np.asarray(pc.list_parent_indices(words)), _ids(pc.list_flatten(words))
        if len(word) < length:
            return np.zeros(len(self.texts))
        last = len(word) - length + 1
        phrase = word[:last].copy()
        for step in range(1, length):
            phrase = np.unique(phrase * (word.max() + 1) + word[step : last + step], return_inverse=True)[1]
        whole = row[:last] == row[length - 1 :]
        return _repeats(row[:last][whole], phrase[whole], len(self.texts))

    @cached_property
    def _is_ascii(self) -> NDArray[np.bool_]:
        return np.asarray(pc.string_is_ascii(self.texts), dtype=bool)

    @cached_property
    def _wide_texts(self) -> pa.Array:
        return self.texts.filter(pa.array(~self._is_ascii))

    @cached_property
    def _wide(self) -> tuple[Codes, NDArray[np.int64]]:
        return _codes(self._wide_texts)


def _codes(texts: pa.Array) -> tuple[Codes, NDArray[np.int64]]:
    """The code points of all texts in a row, and where each text starts, with the end of the last."""
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(pc.utf8_length(texts), out=starts[1:])
    return np.frombuffer("".join(texts.to_pylist()).encode("utf-32-le"), np.uint32), starts


def _sums(values: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of each stretch; an empty one has 0, which `np.add.reduceat` would not say."""
    total = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=total[1:])
    return np.diff(total[starts])


def _ids(values: pa.Array) -> NDArray[np.int64]:
    """A number for each different value."""
    return np.asarray(pc.dictionary_encode(values).indices, dtype=np.int64)


def _repeats(row: NDArray[np.int64], value: NDArray[np.int64], rows: int) -> Numbers:
    """For each row the share of its values that came before in it."""
    order = np.lexsort((value, row))
    row, value = row[order], value[order]
    again = np.zeros(len(row), bool)
    again[1:] = (row[1:] == row[:-1]) & (value[1:] == value[:-1])
    return _ratio(np.bincount(row[again], minlength=rows), np.bincount(row, minlength=rows))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Numbers:
    shares: Numbers = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return shares
