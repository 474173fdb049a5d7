"""JSON documents that are read whole: bounded in size and depth, and without a key said twice."""

import json
from collections.abc import Mapping
from typing import Any

from affectory.schemas.ids import canonical
from affectory.transforms.sources._text import opened
from affectory.transforms.sources.base import Limits, Refused, SourceFile

_OF_MEMORY = 32
"""What is read may take so many times its bytes."""
_MARK = b"\xef\xbb\xbf"


def document(file: SourceFile, limits: Limits) -> Any:
    """What a file holds, or why it is refused."""
    most = min(limits.file_bytes, limits.memory_mb * (1 << 20) // _OF_MEMORY)
    with opened(file.path) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        hint = "a JSON document is read whole; divide it into several files"
        return Refused(file.uri, "too_large", f"more than {most:,} bytes: {hint}")
    try:
        text = data.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        return Refused(file.uri, "bad_encoding", f"byte {error.start} is not utf-8: JSON is UTF-8")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return Refused(file.uri, "bad_row", f"not JSON: {error}")


def unfit(value: Any) -> tuple[str, str] | None:
    """Why a part of a document cannot be kept, with its reason: JSON can spell what no table holds."""
    try:
        canonical(value).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start].encode("unicode_escape").decode()
        return "bad_encoding", f"it holds {half}, one half of a character that is written as two"
    except ValueError:
        return "bad_row", "it holds a number that is too large for any"
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers that take the last of two would lose a whole dialogue."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} is there twice in one object")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def at(value: Any, path: str) -> Any:
    """What lies at a dotted path (`dialog`, `data.0.turns`); null where nothing does. The empty path is all of it."""
    for step in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def flattened(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Keys of objects inside with those above them: `annotation.strategy`."""
    found: dict[str, Any] = {}
    for name, inner in value.items():
        found |= flattened(inner, f"{before}{name}.") if isinstance(inner, Mapping) else {before + name: inner}
    return found
