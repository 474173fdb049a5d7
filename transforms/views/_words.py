"""What open words mean in a taxonomy: its own words, forms of them, and what is near them in meaning."""

import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from affectory.schemas.taxonomy import Taxonomy, word_key
from affectory.transforms.views._word_forms import negated, plain, positives, stems
from affectory.transforms.views._word_vectors import similarities

How = Literal["name", "form", "meaning"]


@dataclass(frozen=True)
class Meaning:
    """The label of a word and how it was found; without one, the label that is nearest, where that was looked for."""

    label: str | None
    how: How | None = None
    nearest: str | None = None
    similarity: float | None = None


def spelled(word: str) -> str:
    """A word as it is looked up and counted: caseless, without what stands around it."""
    return word_key(word).strip(string.punctuation + string.whitespace + "“”‘’«»…¿¡、。")


@lru_cache(maxsize=64)
def lexicon(taxonomy: Taxonomy, forms: bool = True, embeddings: float | None = None) -> "Lexicon":
    """What knows the words of a taxonomy; made once, since it reads them all."""
    return Lexicon(taxonomy, forms, embeddings)


@dataclass(frozen=True)
class Lexicon:
    """Looks words up in a taxonomy. `embeddings` is how similar a word must be that is known in no other way."""

    taxonomy: Taxonomy
    forms: bool = True
    embeddings: float | None = None

    def meanings(self, words: Iterable[str]) -> dict[str, Meaning]:
        """The meaning of each word."""
        return {word: self.meaning(word) for word in words}

    def meaning(self, word: str) -> Meaning:
        """A name, synonym or translation; else a form of one; else the nearest of them that is near enough."""
        word = spelled(word)
        if label := self.taxonomy.resolve(word):
            return Meaning(label, "name")
        if not word or negated(word):
            return Meaning(None)
        if self.forms and (label := self._form(word)):
            return Meaning(label, "form")
        return Meaning(None) if self.embeddings is None else self._near(word, self.embeddings)

    def _form(self, word: str) -> str | None:
        for spelling in dict.fromkeys(_spellings(word)):
            if label := self.taxonomy.resolve(spelling) or self._by_stem(spelling):
                return label
        return None

    def _by_stem(self, word: str) -> str | None:
        known = next((labels for stem in stems(word) if (labels := self._stems.get(stem))), frozenset[str]())
        return next(iter(known)) if len(known) == 1 else None

    def _near(self, word: str, least: float) -> Meaning:
        """The label of the most similar word, but never what the word is the opposite of."""
        opposed = {label for base in positives(word) if (label := self.taxonomy.resolve(base) or self._form(base))}
        known = {other: label for other, label in self._spoken.items() if label not in opposed}
        alike = similarities(plain(word), tuple(known))
        if not len(alike):
            return Meaning(None)
        first = int(alike.argmax())
        nearest, similarity = list(known.values())[first], float(alike[first])
        if similarity >= least:
            return Meaning(nearest, "meaning", nearest, similarity)
        return Meaning(None, None, nearest, similarity)

    @cached_property
    def _spoken(self) -> Mapping[str, str]:
        """The words of the taxonomy's own language, sorted, with their labels."""
        return dict(sorted(self.taxonomy.words(self.taxonomy.language).items()))

    @cached_property
    def _stems(self) -> Mapping[str, frozenset[str]]:
        """What is left of each English word, with the labels that it may mean."""
        found: dict[str, frozenset[str]] = {}
        for word, label in self.taxonomy.words("en").items():
            for stem in stems(word):
                found[stem] = found.get(stem, frozenset()) | {label}
        return found


def _spellings(word: str) -> Iterator[str]:
    """A phrase, and what is left of it without words that say how much, with its parts apart or as one word."""
    for phrase in (word, plain(word)):
        yield phrase
        if "-" in phrase:
            yield phrase.replace("-", " ")
            yield phrase.replace("-", "")
