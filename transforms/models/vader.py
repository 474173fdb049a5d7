"""VADER rater: how pleasant an English text sounds, from -1 to 1, by vaderSentiment's lexicon and rules.

A text of another language, or one in which VADER finds no word it knows, gets no opinion.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.models._opinions import Rater, column, opinions
from affectory.transforms.rows import Values, by_row
from affectory.transforms.text._codes import primary

_RATER = Rater(
    name="vader@3.3.2",
    kind="lexicon",
    perspective="expressed",
    modalities=("text",),
    question="How unpleasant (-1) or pleasant (1) is what the text expresses?",
)


@dataclass(frozen=True)
class Vader:
    """VADER's compound score as a valence."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    def reads(self) -> Columns:
        return {"text": pa.string(), "language": pa.string()}

    def writes(self) -> Columns:
        return opinions("vader")

    def setup(self) -> Step:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        analyser = SentimentIntensityAnalyzer()

        def work(row: Values) -> Values:
            if not row["text"] or (row["language"] and primary(row["language"]) != "en"):
                return {column("vader"): []}
            scores = analyser.polarity_scores(row["text"])
            known = scores["pos"] > 0 or scores["neg"] > 0
            return {column("vader"): [_RATER.valence(scores["compound"])] if known else []}

        return by_row(self.reads(), self.writes(), work)
