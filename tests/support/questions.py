"""Questions to models, for tests of backends."""

from collections.abc import Iterable
from typing import Any

from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Message, Part

LABELS = ["joy", "sadness", "anger"]
SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": LABELS}, "confidence": {"type": "number"}},
    "required": ["label", "confidence"],
    "additionalProperties": False,
}


def ask(text: str = "How are you?", *media: Part, system: str = "", **more: Any) -> Ask:
    """A question in one message, after what the system says."""
    told = (Message("system", (Part("text", system),)),) if system else ()
    return Ask("writer", (*told, Message("user", (*media, Part("text", text)))), "hash", **more)


def replies(model: AskedModel, asks: Iterable[Ask]) -> list[Reply | Failed]:
    """What a model, loaded for it, says to each question."""
    asks = list(asks)
    said = dict(model.load()(asks))
    return [said[index] for index in range(len(asks))]


def reply(model: AskedModel, question: Ask) -> Reply | Failed:
    """What a model says to one question."""
    return replies(model, [question])[0]
