"""Words of any script in running text, and the longest phrases of a vocabulary among them."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

from affectory.schemas.taxonomy import word_key

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)
"""Scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han. Each character stands alone."""
_SHAPES = re.compile("a|w+(?:'w+)*")
_HANGUL = re.compile("[\uac00-\ud7a3]{3,}")
_GAP = re.compile(r"[\s\-‐‑]*")
_CLAUSE_END = re.compile(r"[.!?;:,…\n]|\bbut\b", re.IGNORECASE)
_DENIAL = re.compile(
    r"not|no|never|nor|neither|without|hardly|barely|cannot|\w+n't|"
    r"(?:ca|do|does|did|is|are|was|were|wo|would|should|could|ai|has|have|had)nt"
)
_WINDOW = 3


@dataclass(frozen=True)
class Hit:
    """A phrase found: its characters in the text and what it means."""

    start: int
    end: int
    meaning: str


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    key: str


@dataclass(frozen=True)
class Vocabulary:
    """Phrases with their meanings; spelling is compared caseless and in NFC."""

    meanings: Mapping[str, str]

    @cached_property
    def _phrases(self) -> dict[tuple[str, ...], str]:
        keyed = ((tuple(w.key for w in _words(phrase)), meaning) for phrase, meaning in self.meanings.items())
        return {words: meaning for words, meaning in keyed if words}

    @cached_property
    def _longest(self) -> dict[str, int]:
        """By first word: how many words the longest phrase has."""
        longest: dict[str, int] = {}
        for words in self._phrases:
            longest[words[0]] = max(longest.get(words[0], 0), len(words))
        return longest

    def find(self, text: str, english: bool) -> Iterator[Hit]:
        """Phrases from left to right, the longest first; `english` leaves out those that are negated."""
        words = _words(text)
        place = 0
        while place < len(words):
            count, hit = self._at(text, words, place)
            if hit and not (english and _negated(text, words, place)):
                yield hit
            place += count

    def _at(self, text: str, words: list[_Word], place: int) -> tuple[int, Hit | None]:
        """The longest phrase that begins at a word, and how many words it takes up."""
        first = words[place]
        for count in range(min(self._longest.get(first.key, 0), len(words) - place), 0, -1):
            phrase = words[place : place + count]
            meaning = self._phrases.get(tuple(w.key for w in phrase))
            if meaning is not None and _adjoining(text, phrase):
                return count, Hit(first.start, phrase[-1].end, meaning)
        return 1, self._stem(first) if _HANGUL.fullmatch(first.key) else None

    def _stem(self, word: _Word) -> Hit | None:
        """A Korean word without the endings that are written onto it."""
        for length in range(len(word.key) - 1, 1, -1):
            meaning = self._phrases.get((word.key[:length],))
            if meaning is not None:
                return Hit(word.start, word.start + length, meaning)
        return None


def _words(text: str) -> list[_Word]:
    shapes = "".join(map(_shape, text))
    return [
        _Word(m.start(), m.end(), word_key(text[m.start() : m.end()].replace("’", "'")))
        for m in _SHAPES.finditer(shapes)
    ]


@cache
def _shape(character: str) -> str:
    """`a` stands alone, `w` is part of a word, `'` may join two parts, `.` is none of these."""
    if character in "'’":
        return "'"
    category = unicodedata.category(character)
    if category == "So" or _UNSPACED.match(character):
        return "a"
    return "w" if category[0] in "LMN" or character in "\u200c\u200d" else "."


def _adjoining(text: str, phrase: list[_Word]) -> bool:
    """Whether nothing but spaces and hyphens lies between the words."""
    return all(_GAP.fullmatch(text, a.end, b.start) for a, b in pairwise(phrase))


def _negated(text: str, words: list[_Word], place: int) -> bool:
    """Whether one of the last three words of the clause denies what follows."""
    before = words[max(0, place - _WINDOW) : place]
    return any(_DENIAL.fullmatch(w.key) and not _CLAUSE_END.search(text, w.end, words[place].start) for w in before)
