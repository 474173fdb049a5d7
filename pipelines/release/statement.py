"""The data statement: what makers of a dataset say about what cannot be counted, and what they have not said yet."""

from collections.abc import Mapping

from affectory.schemas.recipe.publishing import Statement

TITLES: Mapping[str, str] = {
    "curation_rationale": "Why these data",
    "language_variety": "Languages and varieties",
    "speaker_demographics": "Who speaks or is shown",
    "annotator_demographics": "Who judged",
    "speech_situation": "In which situation",
    "text_characteristics": "What the texts are like",
    "recording_quality": "How it was recorded",
    "intended_uses": "What it is for",
    "misuses": "What it is not for",
    "ethical_review": "Ethical review and consent",
    "compensation": "Compensation",
    "maintenance": "Maintenance",
    "contact": "Contact",
}


def said(statement: Statement) -> dict[str, str]:
    """What is stated, by field, in the order of the fields."""
    given = ((name, getattr(statement, name)) for name in Statement.model_fields)
    return {name: text.strip() for name, text in given if text and text.strip()}


def missing(statement: Statement) -> tuple[str, ...]:
    """The fields that say nothing, as the recipe names them."""
    return tuple(name for name in Statement.model_fields if name not in said(statement))
