"""What a rater among the stages hands over: one list of opinions for each sample, all of them built here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affectory.schemas.errors import UserError
from affectory.schemas.opinion import OPINIONS
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import Columns

DIGITS = 6
Weights = Sequence[float | None]


def column(step: str) -> str:
    """The column that a rater writes."""
    return f"opinions_{step}"


def opinions(step: str) -> Columns:
    """What a rater declares to write."""
    return {column(step): OPINIONS}


def span(start: int, end: int) -> dict[str, Any]:
    """Evidence: characters of the sample's text, the last one excluded."""
    return {"kind": "span", "char_start": start, "char_end": end}


def box(x: float, y: float, width: float, height: float, at_us: int | None = None) -> dict[str, Any]:
    """Evidence: a part of the picture, in pixels of the picture as it is shown; of a frame where a time is given."""
    return {"kind": "face", "start_us": at_us, "end_us": at_us, "box": [x, y, width, height]}


@dataclass(frozen=True)
class Rater:
    """Who judges, from which side, by what they perceive; every judgement of it is an answer to its question."""

    name: str
    kind: str
    perspective: str
    modalities: tuple[str, ...]
    question: str
    whose: str | None = None
    shown: Mapping[str, Any] | None = None
    """What it was told and shown, where that is not the same for all it judges."""

    def votes(
        self,
        taxonomy: Taxonomy,
        weights: Weights | None,
        evidence: Sequence[Mapping[str, Any]] = (),
        response: str = "simplex",
        words: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Weights of the taxonomy's labels; null for a label that the rater cannot give. `words` are no labels."""
        asked = {
            "labels": list(taxonomy.labels),
            "response": response,
            "taxonomy": taxonomy.name,
            "taxonomy_hash": taxonomy.hash,
        }
        answer: dict[str, Any] = {"words": list(words)} if words else {}
        if weights is not None:
            answer["weights"] = [None if w is None else round(float(w), DIGITS) for w in weights]
        return self._opinion(asked, answer, evidence)

    def scores(self, labels: Sequence[str], scores: Sequence[float], named: str, known: str) -> dict[str, Any]:
        """A score of each label; `named` is what the labels are called together, `known` a hash of what they mean."""
        asked = {"labels": list(labels), "response": "ordinal", "taxonomy": named, "taxonomy_hash": known}
        return self._opinion(asked, {"intensities": [float(score) for score in scores]}, ())

    def valence(self, value: float) -> dict[str, Any]:
        """A place on the axis from unpleasant (-1) to pleasant (1); arousal and dominance stay unanswered."""
        asked = {"labels": ["valence"], "response": "continuous", "taxonomy": "vad"}
        return self._opinion(asked, {"vad": {"valence": round(float(value), DIGITS)}}, ())

    def _opinion(
        self, asked: Mapping[str, Any], answer: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        return {
            "rater": self.name,
            "rater_kind": self.kind,
            "perspective": self.perspective,
            "whose": self.whose,
            "modalities": list(self.modalities),
            "asked": {"question": self.question, **asked},
            "shown": None if self.shown is None else dict(self.shown),
            "answer": dict(answer),
            "evidence": [dict(e) for e in evidence],
        }


def required(taxonomy: Taxonomy | None, step: str) -> Taxonomy:
    """The taxonomy, which a recipe gives to all its raters."""
    if taxonomy is None:
        raise UserError(f"{step} needs a taxonomy", "name one in the recipe, as `taxonomy: ekman-7`")
    return taxonomy
