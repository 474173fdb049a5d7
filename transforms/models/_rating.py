"""How small models that take no prompt are asked for an opinion: by what a sample holds, and by the taxonomy."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from affectory.schemas.ids import canonical
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import Reply
from affectory.transforms.models._answers import json_of
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._conversing import shown
from affectory.transforms.models._messages import Ask, Message
from affectory.transforms.models._opinions import Rater
from affectory.transforms.rows import Values

UNPROMPTED = "unprompted"
"""A capability: the model reads no prompt, but the sample itself (`Ask.sample`), in the taxonomy it is given."""
_NUMBERS = {"type": ["array", "null"], "items": {"type": ["number", "null"]}}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "weights": _NUMBERS,
        "valence": {"type": ["number", "null"]},
        "evidence": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["weights", "valence", "evidence"],
}
"""Weights of the taxonomy's labels, or a valence, or neither: then there is no opinion."""


@dataclass(frozen=True)
class Rating:
    """What such a model made of a sample."""

    weights: Sequence[float | None] | None = None
    valence: float | None = None
    evidence: Sequence[Mapping[str, Any]] = ()

    @property
    def text(self) -> str:
        """As a reply has it."""
        return canonical({"weights": self.weights, "valence": self.valence, "evidence": list(self.evidence)})

    def opinions(self, rater: Rater, taxonomy: Taxonomy) -> Iterator[dict[str, Any]]:
        if self.weights is not None:
            yield rater.votes(taxonomy, self.weights, self.evidence)
        if self.valence is not None:
            yield rater.valence(self.valence)


def rating_ask(model: AskedModel, taxonomy: str, row: Values, see: Sequence[str]) -> Ask | None:
    """The question to such a model about the labels of a taxonomy (`as_text`): what media show where it sees, else the
    text says. None where there is nothing of that."""
    media = shown(row, see)
    given: dict[str, Any] = {"taxonomy": taxonomy}
    if see:
        given["at_us"] = [picture.get("at_us") for picture in _pictures(row, see)]
    else:
        given |= {"text": row["text"], "language": row["language"]}
    if not (media if see else row["text"]):
        return None
    return Ask(model.name, (Message("user", tuple(media)),), "", schema=SCHEMA, sample=given)


def ratings_of(reply: Reply) -> Rating:
    """The rating that a reply holds."""
    return Rating(**json_of(reply, SCHEMA))


def taxonomy_of(ask: Ask) -> Taxonomy | None:
    """The taxonomy in which an opinion is asked for, if one is."""
    written = ask.sample.get("taxonomy")
    return _read(written) if isinstance(written, str) else None


def _pictures(row: Values, see: Sequence[str]) -> list[Mapping[str, Any]]:
    """In the order in which they are shown."""
    found = [picture for column in see for picture in ((row[column] or []) if column == "frames" else [row[column]])]
    return [picture for picture in found if picture and picture["asset"]]


def as_text(taxonomy: Taxonomy) -> str:
    """A taxonomy as such a question has it."""
    return canonical(taxonomy.model_dump(mode="json"))


@cache
def _read(written: str) -> Taxonomy:
    return Taxonomy.model_validate(json.loads(written))
