"""Texts in a language that is asked for, and how near a text that was translated back comes to what it was."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache

from affectory.transforms.base import Reply
from affectory.transforms.models._answers import text_of
from affectory.transforms.models._talking import Unreadable
from affectory.transforms.text._codes import primary
from affectory.transforms.text._detecting import Detect, detector

_SURE, _ENOUGH = 0.5, 12
"""Score and letters from which the language of a text is believed to be known."""
_LONGEST_GRAM = 6
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\u0e00-\u0eff]")
_ALIKE = ({"zh", "wuu", "yue"}, {"no", "nb", "nn"}, {"sr", "hr", "bs", "sh"}, {"id", "ms"}, {"tl", "fil"})
"""Languages that so small a model does not tell apart."""


@cache
def _detector() -> Detect:
    return detector()


def language_of(text: str) -> str | None:
    """The language of a text, None where that is not sure."""
    letters = sum(map(str.isalpha, text))
    told = _detector()(text) if letters + 2 * len(_UNSPACED.findall(text)) >= _ENOUGH else None
    return primary(told[0]) if told and told[1] >= _SURE else None


def written_in(language: str | None, original: str, may_stay: bool = False) -> Callable[[Reply], str]:
    """Reads text that is in a language, as far as that can be told, and, unless it may stay, not the original."""
    wanted = primary(language) if language else None
    alike = next((group for group in _ALIKE if wanted in group), {wanted})

    def read(reply: Reply) -> str:
        text = text_of(reply)
        if not may_stay and text.split() == original.split() and any(map(str.isalpha, text)):
            raise Unreadable("it is the text unchanged")
        if wanted and (told := language_of(text)) and told not in alike:
            raise Unreadable(f"it is in the language {told}, and {language} is asked for")
        return text

    return read


def characters(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1: F1 of their runs of 1 to 6 characters, without spaces and case (as chrF)."""
    a, b = ("".join(text.casefold().split()) for text in (one, other))
    sizes = range(1, min(_LONGEST_GRAM, len(a), len(b)) + 1)
    pairs = [(_grams(a, n), _grams(b, n)) for n in sizes]
    scores = [2 * (x & y).total() / (x.total() + y.total()) for x, y in pairs]
    return round(sum(scores) / len(scores), 4) if scores else float(a == b)


def words(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1: F1 of their words, without case; of scripts without spaces, of characters."""
    a, b = (Counter(_words(text.casefold())) for text in (one, other))
    count = a.total() + b.total()
    return round(2 * (a & b).total() / count, 4) if count else 1.0


MEASURES: dict[str, Callable[[str, str], float]] = {"characters": characters, "words": words}


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[i : i + size] for i in range(len(text) - size + 1))


def _words(text: str) -> Iterable[str]:
    return re.findall(rf"{_UNSPACED.pattern}|[^\W_]+", text)
