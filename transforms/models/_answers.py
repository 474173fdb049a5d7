"""Reading what a model answered: what may be repaired is declared, all else is an error that says what is wrong."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from affectory.schemas.ids import canonical
from affectory.transforms.base import Reply
from affectory.transforms.models._talking import Unreadable

REPAIRS = ("fence", "outer", "case")
"""fence: JSON inside a fence of Markdown. outer: JSON with words around it. case: a label in other letters, spaces."""
MAX_CHARS, MAX_DEPTH, MAX_VALUES = 200_000, 32, 5000
_SHOWN = 80
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MISFITS = 100
"""Of so many the first in the order of places is told; an answer may have thousands."""


def text_of(reply: Reply) -> str:
    """Free text that says something."""
    text = _bounded(reply)
    if not text:
        raise Unreadable("it was empty")
    return text


def json_of(reply: Reply, schema: Mapping[str, Any], repair: Sequence[str] = ()) -> Any:
    """JSON that fits a schema, after the repairs that are allowed."""
    try:
        value = _parsed(_bounded(reply), repair)
    except Unreadable as error:
        if reply.usage.get("cut"):
            raise Unreadable("it is longer than `max_tokens` allows, and was cut before its JSON ended") from error
        raise
    _check_size(value)
    _check_characters("".join(_texts(value)))
    if "case" in repair:
        value = recased(value, schema)
    if wrong := _misfit(value, schema):
        raise Unreadable(wrong)
    return value


def _bounded(reply: Reply) -> str:
    text = (reply.text or "").strip()
    if len(text) > MAX_CHARS:
        raise Unreadable(f"it has {len(text)} characters, at most {MAX_CHARS} are read")
    _check_characters(text)
    return text


def _check_characters(text: str) -> None:
    """Half a character is none that any file could hold, and no database or XML takes a NUL; JSON can write both."""
    if wrong := _NO_TEXT.search(text):
        what = "half a character" if wrong[0] >= "\ud800" else "a control character"
        raise Unreadable(f"it holds {what}: {wrong[0]!a}")


def _texts(value: Any) -> Iterator[str]:
    """All that is said in a value, names too. It is not deep: see `_check_size`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _parsed(text: str, repair: Sequence[str]) -> Any:
    if "fence" in repair and (inside := re.fullmatch(r"```[a-zA-Z]*[^\S\n]*\n(.*?)\n?```", text, re.DOTALL)):
        text = inside[1].strip()
    try:
        try:
            return _DECODER.decode(text)
        except ValueError:
            if "outer" not in repair or "{" not in text:
                raise
            return _DECODER.raw_decode(text[text.index("{") :])[0]
    except ValueError as error:
        raise Unreadable(f"it is not JSON: {error}") from error
    except RecursionError as error:
        raise Unreadable("it is nested too deep") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is too large for a number")
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"it gives {name[:_SHOWN]!r} twice")
        found[name] = value
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_once)


def _check_size(value: Any) -> None:
    """Answers are short: what goes on for ever is none, and would be checked for ever."""
    level, deep, count = [value], 0, 1
    while level:
        if deep > MAX_DEPTH:
            raise Unreadable(f"it is nested deeper than {MAX_DEPTH} levels")
        if count > MAX_VALUES:
            raise Unreadable(f"it holds more than {MAX_VALUES} values")
        inner = (x.values() if isinstance(x, dict) else x for x in level if isinstance(x, dict | list))
        level, deep = [y for values in inner for y in values], deep + 1
        count += len(level)


def _misfit(value: Any, schema: Mapping[str, Any]) -> str:
    """What is wrong first, in words that a model can mend its answer by."""
    found = islice(_validator(json.dumps(schema)).iter_errors(value), _MISFITS)
    errors = sorted(found, key=lambda e: (list(map(str, e.path)), e.message))
    if not errors:
        return ""
    place, message = ".".join(map(str, errors[0].path)), _shortly(errors[0])
    return f"{place}: {message}"[:500] if place else message[:500]


def _shortly(error: Any) -> str:
    """Without what was answered, where that is long and not what is wrong with it."""
    message: str = error.message
    given = repr(error.instance)
    return message.replace(given, f"{given[:_SHOWN]}...", 1) if len(given) > _SHOWN else message


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    quick = extend(Draft202012Validator, {"uniqueItems": _unique})
    return quick(json.loads(schema), registry=Registry())


def _unique(_: Any, wanted: bool, value: Any, schema: Any) -> Iterator[Exception]:
    """As jsonschema checks it, which compares each with each."""
    from jsonschema import ValidationError

    if wanted and isinstance(value, list) and len({json.dumps(x, sort_keys=True) for x in value}) < len(value):
        yield ValidationError(f"{value!r} has non-unique elements")


def recased(value: Any, schema: Any) -> Any:
    """Labels of an enum in the enum's own spelling, wherever the schema has one."""
    if not isinstance(schema, Mapping):  # `true` and `false` are schemas, too
        return value
    if isinstance(value, str) and isinstance(schema.get("enum"), list):
        labels = tuple(label for label in schema["enum"] if isinstance(label, str))
        return value if value in labels else _spellings(labels).get(_plain(value), value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: recased(x, known.get(key, {})) for key, x in value.items()}
    if isinstance(value, list):
        return [recased(x, schema.get("items", {})) for x in value]
    return value


@lru_cache(maxsize=64)
def _spellings(labels: tuple[str, ...]) -> Mapping[str, str]:
    """Labels by what they are but for letters and spaces; of two that are alike the first."""
    return {_plain(label): label for label in reversed(labels)}


def _plain(label: str) -> str:
    return " ".join(re.sub(r"[\s_-]+", " ", label).split()).casefold().rstrip(".!")


def as_text(value: Any) -> str:
    """JSON with one spelling, for a note."""
    return canonical(value)
