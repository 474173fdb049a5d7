"""Reading what a model answered: what may be repaired is declared, anything else is an error that says what is wrong."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from affectory.schemas.ids import canonical
from affectory.transforms.base import Reply
from affectory.transforms.models._talking import Unreadable

REPAIRS = ("fence", "outer", "case")
"""fence: JSON inside a fence of Markdown. outer: JSON with words around it. case: a label in other letters or spaces."""


def text_of(reply: Reply) -> str:
    """Free text that says something."""
    text = (reply.text or "").strip()
    if not text:
        raise Unreadable("it was empty")
    return text


def json_of(reply: Reply, schema: Mapping[str, Any], repair: Sequence[str] = ()) -> Any:
    """JSON that fits a schema, after the repairs that are allowed."""
    value = _parsed((reply.text or "").strip(), repair)
    if "case" in repair:
        value = recased(value, schema)
    if wrong := _misfit(value, schema):
        raise Unreadable(wrong)
    return value


def _parsed(text: str, repair: Sequence[str]) -> Any:
    if "fence" in repair and (inside := re.fullmatch(r"```[a-zA-Z]*\s*\n(.*?)\n?```", text, re.DOTALL)):
        text = inside[1].strip()
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        wrong = error
    if "outer" in repair and (start := text.find("{")) >= 0:
        try:
            return json.JSONDecoder(parse_constant=_no_constant).raw_decode(text[start:])[0]
        except ValueError as error:
            wrong = error
    raise Unreadable(f"it is not JSON: {wrong}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _misfit(value: Any, schema: Mapping[str, Any]) -> str:
    """What is wrong first, in words that a model can mend its answer by."""
    from jsonschema import Draft202012Validator

    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda e: (list(map(str, e.path)), e.message))
    if not errors:
        return ""
    place = ".".join(map(str, errors[0].path))
    return f"{place}: {errors[0].message}"[:500] if place else errors[0].message[:500]


def recased(value: Any, schema: Mapping[str, Any]) -> Any:
    """Labels of an enum in the enum's own spelling, wherever the schema has one."""
    if isinstance(value, str) and isinstance(schema.get("enum"), list):
        return next(
            (label for label in schema["enum"] if isinstance(label, str) and _plain(label) == _plain(value)), value
        )
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: recased(x, known.get(key, {})) for key, x in value.items()}
    if isinstance(value, list):
        return [recased(x, schema.get("items", {})) for x in value]
    return value


def _plain(label: str) -> str:
    return " ".join(re.sub(r"[\s_-]+", " ", label).split()).casefold().rstrip(".!")


def as_text(value: Any) -> str:
    """JSON with one spelling, for a note."""
    return canonical(value)
