"""Where a text names emotions: the taxonomy's words for its labels, and more words if somebody gives them."""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.models._words import Hit, Vocabulary
from affectory.transforms.text._codes import primary

OTHER = "other"
"""The meaning of words that were given by themselves."""


class Naming:
    """Finds words for labels, also where they are denied: a text that says "not angry" names anger."""

    def __init__(self, taxonomy: Taxonomy, more: Sequence[str] = ()) -> None:
        self._taxonomy = taxonomy
        self._more: Mapping[str, str] = dict.fromkeys(more, OTHER)
        self._of = cache(self._vocabulary)

    def _vocabulary(self, language: str | None) -> Vocabulary:
        return Vocabulary({**self._more, **self._taxonomy.words(language)})

    def find(self, text: str, language: str | None = None) -> list[Hit]:
        """Every word that names an emotion, from left to right."""
        return list(self._of(language and primary(language)).find(text, english=False))

    @cached_property
    def labels(self) -> frozenset[str]:
        return frozenset(self._taxonomy.labels)
