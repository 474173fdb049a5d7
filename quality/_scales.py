"""What values mean: numbers, names in an order, names without one, or lists."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.errors import UserError

_FEW = 11
"""Up to so many different whole numbers are steps of a scale."""


@dataclass(frozen=True)
class Scale:
    """Values as they are measured, with which of them are there and what puts them in order."""

    level: Any
    values: pa.Array
    there: Sequence[bool]
    keys: Sequence[Any]
    levels: tuple[str, ...] = ()


def listed(column: pa.ChunkedArray) -> list[Any]:
    """A column in Python, with NaN as a gap."""
    return [None if isinstance(v, float) and math.isnan(v) else v for v in column.to_pylist()]


def scaled(column: pa.ChunkedArray, level: str | None, levels: tuple[str, ...], name: str) -> Scale:
    """A column of values as given, on the scale that is said or that they show."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return of_lists(listed(column), level or "multi-label")
    if level in ("multi-label", "ranking", "trace", "spans"):
        raise UserError(f"{name or 'the values'}: {level} takes lists, given {column.type}", "put them into lists")
    encoded = pc.dictionary_encode(column).combine_chunks()
    words = [None if w == "" or w != w else w for w in encoded.dictionary.to_pylist()]
    numbers, names = _placed(words, levels, name)
    found = level or _shown(numbers, names, levels)
    if names and not levels and found != "nominal":
        odd = next(w for w in words if w is not None and _number(w) is None)
        raise UserError(f"{name or 'value'}: {odd!r} is no number, and {found} needs an order", "name it: levels")
    flat = pa.array(numbers, pa.float64()).take(encoded.indices)
    return of_numbers(flat.to_pylist(), found, names)


def of_numbers(values: Sequence[float | None], level: str, levels: tuple[str, ...] = ()) -> Scale:
    """Values that are numbers already; None is a gap."""
    there = [v is not None for v in values]
    return Scale(level, pa.array(values, pa.float64()), there, [v or 0.0 for v in values], levels)


def of_lists(values: Sequence[Sequence[Any] | None], level: str) -> Scale:
    """Sets of labels, rankings, traces or spans; an empty list is an answer."""
    there = [v is not None for v in values]
    given = [None if v is None else [str(x) for x in v] if level in ("multi-label", "ranking") else v for v in values]
    made = pa.array(given, pa.list_(pa.string())) if level in ("multi-label", "ranking") else pa.array(given)
    made = made.cast(pa.list_(pa.float64())) if pa.types.is_null(made.type) else made
    return Scale(level, made, there, [repr(v) for v in given])


def _placed(words: Sequence[Any], levels: tuple[str, ...], name: str) -> tuple[list[float | None], tuple[str, ...]]:
    """Each distinct word's number, and the names of the numbers where they are not themselves numbers."""
    if levels:
        return [None if w is None else _index(_plain(w), levels, name) for w in words], levels
    if all(w is None or _number(w) is not None for w in words):
        return [None if w is None else _number(w) for w in words], ()
    names = tuple(sorted({_plain(w) for w in words if w is not None}))
    return [None if w is None else float(names.index(_plain(w))) for w in words], names


def _index(word: str, levels: tuple[str, ...], name: str) -> float:
    if word not in levels:
        raise UserError(f"{name or 'value'}: {word!r} is not one of the levels", f"the levels are {', '.join(levels)}")
    return float(levels.index(word))


def _plain(word: Any) -> str:
    return str(int(word)) if isinstance(word, float) and word.is_integer() else str(word)


def _number(word: Any) -> float | None:
    try:
        number = float(word)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _shown(numbers: Sequence[float | None], names: tuple[str, ...], levels: tuple[str, ...]) -> str:
    """Names without a declared order have none; few whole numbers are steps."""
    if levels:
        return "ordinal"
    if names:
        return "nominal"
    given = [n for n in numbers if n is not None]
    return "ordinal" if len(given) <= _FEW and all(n.is_integer() for n in given) else "interval"
