"""Turning the values of a column into what a record or rating holds, row by row only where something is wrong."""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from affectory.schemas.ids import canonical

T = TypeVar("T")
Problems = dict[int, tuple[str, str]]
"""Rows that do not fit, each with a reason and detail; of several the first."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0{1,18})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_NUMBER_CHARS = 100


def converted(
    values: Sequence[Any], convert: Callable[[Any], T | None], name: str, problems: Problems, reason: str = "bad_row"
) -> list[T | None]:
    """Every value converted; where that is a `ValueError`, null and the row among the `problems`."""
    try:
        return [convert(value) for value in values]
    except ValueError:
        return [_one(value, convert, name, problems, reason, index) for index, value in enumerate(values)]


def _one(
    value: Any, convert: Callable[[Any], T | None], name: str, problems: Problems, reason: str, index: int
) -> T | None:
    try:
        return convert(value)
    except ValueError as error:
        problems.setdefault(index, (reason, f"column {name!r}: {error}"))
        return None


def required(convert: Callable[[Any], T | None]) -> Callable[[Any], T]:
    """The same conversion for a column in which every row must have a value."""

    def convert_required(value: Any) -> T:
        found = convert(value)
        if found is None:
            raise ValueError("no value")
        return found

    return convert_required


def text(value: Any) -> str:
    """Text as it is, empty or not; nothing is converted to it."""
    if type(value) is str:
        return value
    raise ValueError("no value" if value is None else f"{_kind(value)}, not text")


def word(value: Any) -> str | None:
    """Text, where empty means that nothing is given."""
    return None if value is None else text(value) or None


def name(value: Any) -> str | None:
    """Text or a whole number that names something."""
    if type(value) is int:
        return str(value)
    return word(value)


def whole(value: Any) -> int | None:
    """A whole number, also written as text or with a zero fraction, as programs do whose columns hold floats."""
    if value is None or value == "":
        return None
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise ValueError(f"{quoted(value)} is not a whole number")


def number(value: Any) -> float | None:
    """A finite number, also written as text."""
    if value is None or value == "":
        return None
    is_number = type(value) in (int, float, Decimal)
    if is_number or (type(value) is str and len(value) <= _NUMBER_CHARS and _NUMBER.fullmatch(value.strip())):
        with suppress(OverflowError):  # an integer beyond all floats
            if math.isfinite(found := float(value)):
                return found
    raise ValueError(f"{quoted(value)} is not a number")


def within(
    convert: Callable[[Any], T | None], low: float = -math.inf, high: float = math.inf
) -> Callable[[Any], T | None]:
    """The same conversion for numbers that must lie between bounds, both included."""

    def convert_within(value: Any) -> T | None:
        found = convert(value)
        if found is not None and not low <= found <= high:  # type: ignore[operator]
            raise ValueError(f"{found} is not between {low:g} and {high:g}")
        return found

    return convert_within


def plain(value: Any) -> str | None:
    """Any value as text to keep beside a record: words as they are, all else as JSON."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (timedelta, Decimal)):
        return str(value)
    try:
        return canonical(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"can't be kept as text: {error}") from None


def _kind(value: Any) -> str:
    return {"dict": "an object", "list": "a list", "bool": "a truth value"}.get(
        type(value).__name__, f"a value of type {type(value).__name__}"
    )


def quoted(value: Any) -> str:
    """A value as messages show it, shortened."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
