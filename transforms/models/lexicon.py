"""Lexicon rater: counts the words by which the taxonomy itself calls its labels.

No word found is no opinion. Where the language is known, only words of that language count.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.models._opinions import Rater, column, opinions, required, span
from affectory.transforms.models._words import Hit, Vocabulary
from affectory.transforms.rows import Values, by_row
from affectory.transforms.text._codes import primary

_RATER = Rater(
    name="lexicon@1",
    kind="lexicon",
    perspective="expressed",
    modalities=("text",),
    question="Which emotions are named in the text?",
)


@dataclass(frozen=True)
class Lexicon:
    """Looks the taxonomy's names, synonyms and translations up in each text."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    taxonomy: Taxonomy | None = None

    def reads(self) -> Columns:
        return {"text": pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        return opinions("lexicon")

    def setup(self) -> Step:
        taxonomy = required(self.taxonomy, "lexicon")

        @cache
        def vocabulary(language: str | None) -> Vocabulary:
            return Vocabulary(taxonomy.words(language))

        def work(row: Values) -> Values:
            language = row["language"] and primary(row["language"])
            hits = list(vocabulary(language).find(row["text"] or "", english=language in (None, "en")))
            return {column("lexicon"): [_opinion(taxonomy, hits)] if hits else []}

        return by_row(self.reads(), self.writes(), work)


def _opinion(taxonomy: Taxonomy, hits: list[Hit]) -> dict[str, Any]:
    """Each label's share of the hits."""
    counts = Counter(hit.meaning for hit in hits)
    weights = [counts[label] / len(hits) for label in taxonomy.labels]
    return _RATER.votes(taxonomy, weights, [span(hit.start, hit.end) for hit in hits])
