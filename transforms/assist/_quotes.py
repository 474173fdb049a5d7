"""Where what a model quotes stands in a text: found here, never taken from the model."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from affectory.transforms.text._boundaries import sentences

_LONGEST = 2000
_EDGES = " \t\r\n\"'“”‘’«»„….,;:!?。，！？；：、「」『』()[]"
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SAME = {"'": "['’ʼ‘`]", "’": "['’ʼ‘`]", '"': '["“”„]', "“": '["“”„]', "”": '["“”„]'}
_NO_LETTER_BEFORE, _NO_LETTER_AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_WORD = re.compile(rf"{_UNSPACED.pattern}|[^\W_]+(?:['’-][^\W_]+)*")


def found(quote: str, text: str) -> tuple[int, int] | None:
    """The first place where a text says this: in other letters, spaces or quotation marks too, in whole words."""
    words = quote.strip(_EDGES).split()
    if not words or len(quote) > _LONGEST:
        return None
    said = r"\s+".join("".join(_SAME.get(c, re.escape(c)) for c in word) for word in words)
    before, after = _NO_LETTER_BEFORE * _edge(words[0][0]), _NO_LETTER_AFTER * _edge(words[-1][-1])
    match = re.search(before + said + after, text, re.IGNORECASE)
    return match.span() if match else None


def _edge(letter: str) -> bool:
    """Whether a word ends here that would be another one if it went on."""
    return letter.isalnum() and not _UNSPACED.match(letter)


def sentence(text: str, place: tuple[int, int]) -> tuple[int, int]:
    """The sentence, or the sentences, in which a place of a text lies."""
    around = [span for span in _sentences(text) if span[0] < place[1] and span[1] > place[0]]
    return (around[0][0], around[-1][1]) if around else place


@lru_cache(maxsize=8)
def _sentences(text: str) -> Sequence[tuple[int, int]]:
    """Of one text many places are looked for, one after the other."""
    return tuple(sentences(text))


def plain(words: Iterable[str]) -> list[str]:
    """Words in one spelling (NFC, single spaces, no marks around them), each once, in their order."""
    tidy = (" ".join(unicodedata.normalize("NFC", word).split()).strip(_EDGES) for word in words)
    first: dict[str, str] = {}
    for word in tidy:
        first.setdefault(word.casefold(), word)
    return [word for key, word in first.items() if key]


def word_count(text: str) -> int:
    """How many words there are; of scripts without spaces, how many characters."""
    return len(_WORD.findall(text))
