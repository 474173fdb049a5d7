"""Steps that judge, asked of parrots and of the models that come with the package: all of them in a recipe."""

from typing import Any

from affectory.schemas.taxonomy import load_taxonomy

_LABELS = load_taxonomy("ekman-7").labels
_WEIGHTS = {"weights": {label: place + 1 for place, label in enumerate(_LABELS)}, "confidence": 0.5}
RUBRIC = {"line": "Does it say line?", "sorry": "Does it say sorry?"}


def _scores(line: int, sorry: int) -> dict[str, Any]:
    return {"reason": "It is so.", "scores": {"line": line, "sorry": sorry}}


MODELS: dict[str, Any] = {
    "likely": {"backend": "parrot", "model": "likely"},
    "weighing": {"backend": "parrot", "options": {"says": ["no JSON", _WEIGHTS]}},
    "drawing": {"backend": "parrot", "temperature": 1.0, "options": {"says": {"label": "awe"}}},
    "small": {"backend": "bundled", "model": "text_emotion"},
    "words": {"backend": "bundled", "model": "lexicon"},
    "mild": {"backend": "parrot", "model": "mild", "options": {"says": _scores(5, 4)}},
    "harsh": {"backend": "parrot", "model": "harsh", "options": {"says": _scores(2, 1)}},
    "stickler": {"backend": "stickler"},
    "polite": {"backend": "parrot", "options": {"says": "Sorry, that was the line."}},
}
"""Whom these steps ask."""
STEPS: list[dict[str, Any]] = [
    {"opine": {"panel": ["likely", "small", "words"], "orders": 2}},
    {"opine": {"panel": ["weighing"], "method": "verbalised", "as": "weighed", "perspective": "felt"}},
    {"opine": {"panel": ["drawing"], "method": "samples", "samples": 2, "as": "drawn"}},
    {"opine": {"panel": ["likely"], "response": "multi-label", "as": "several"}},
    {"judge": {"of": "text", "rubric": RUBRIC, "judges": ["mild", "harsh"]}},
    {"critique": {"of": "text", "rubric": RUBRIC, "model": "stickler"}},
    {"refine": {"of": "text", "rubric": RUBRIC, "writer": "polite", "critic": "stickler"}},
]
"""All that judge, each by itself."""
