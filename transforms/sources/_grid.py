"""Grids of what texts are to be written about: axes and their values, crossed, and cells that are listed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from affectory.schemas.ids import canonical, digest
from affectory.schemas.recipe.yaml_positions import MAX_BYTES, Place, read_yaml
from affectory.transforms.rows import Reject
from affectory.transforms.sources._text import READ_ERRORS, checked, opened
from affectory.transforms.sources.base import Limits, SourceFile

NUMBER = "number"
"""Which of several texts about one cell it is, beside the axes."""
MOST = 1_000_000
"""Most cells that one row may be crossed to."""
_LONGEST = 64
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class Value:
    """What an axis says: a text, and the name it is known by, which stays when the text is worded anew."""

    text: str
    id: str | None = None

    @property
    def coordinate(self) -> str:
        """What stands for it in keys: its name, or its text, of which long ones are hashed."""
        if self.id is not None or (len(self.text) <= _LONGEST and "\n" not in self.text):
            given = self.text if self.id is None else self.id
            return given.replace("%", "%25").replace("/", "%2F").replace("=", "%3D")
        return f"~{digest('value', self.text)[:16]}"


Cell = Mapping[str, Value]
Axes = Mapping[str, Sequence[Value]]


def value_of(given: Any) -> Value:
    """A word, a number, or `{id: ..., text: ...}`."""
    if isinstance(given, Mapping):
        if set(given) != {"id", "text"}:
            raise ValueError(f"a value is a word, a number or {{id: ..., text: ...}}, not one with {', '.join(given)}")
        return Value(_word(given["text"]), _word(given["id"]))
    return Value(_word(given))


def _word(given: Any) -> str:
    if isinstance(given, str) and given.strip():
        return given.strip()
    if isinstance(given, bool | int | float):
        return canonical(given)
    raise ValueError(f"{canonical(given)[:80]} is no value of an axis: give a word, a number or {{id: ..., text: ...}}")


def cell_of(row: Mapping[str, Any]) -> Cell:
    """A listed cell; what is null in it is not there."""
    return {_name(name): value_of(given) for name, given in row.items() if given is not None}


def axes_of(given: Any) -> Axes:
    """Axes with all their values, each named once."""
    if not isinstance(given, Mapping):
        raise ValueError("axes are a mapping of names to lists of values")
    return {_name(name): _values(name, values) for name, values in given.items()}


def _name(name: str) -> str:
    if not _NAME.fullmatch(name) or name == NUMBER:
        why = "it tells which text about a cell one is" if name == NUMBER else "use letters, digits and _"
        raise ValueError(f"an axis cannot be named {name!r}: {why}")
    return name


def _values(name: str, given: Any) -> list[Value]:
    if not isinstance(given, list | tuple) or not given:
        raise ValueError(f"axis {name} has no list of values")
    values = [value_of(value) for value in given]
    coordinates = [value.coordinate for value in values]
    if twice := [c for c in coordinates if coordinates.count(c) > 1]:
        raise ValueError(f"axis {name} has {twice[0]!r} twice")
    return values


def check_size(axes: Axes, each: int) -> None:
    """A `ValueError` where axes cross to more than anybody means."""
    if (count := prod(map(len, axes.values())) * each) > MOST:
        raise ValueError(f"the axes cross to {count:,} texts, at most {MOST:,} are written")


def crossed(listed: Cell, axes: Axes) -> Iterator[Cell]:
    """A listed cell with every combination of values."""
    if both := sorted(set(listed) & set(axes)):
        raise ValueError(f"{', '.join(both)} is an axis and in the cell as well")
    names = {*listed, *axes}
    if not names:
        raise ValueError("the cell says nothing, and there are no axes")
    if taken := sorted(name for name in names if f"{name}_id" in names):
        raise ValueError(
            f"{taken[0]}_id is what the name of a value of {taken[0]} is kept as: call that axis otherwise"
        )
    for values in product(*axes.values()):
        yield {**listed, **dict(zip(axes, values, strict=True))}


def key_of(cell: Cell, named: Sequence[str] | None, number: int) -> str:
    """The coordinates of a text, in the order of their names: it stays when an axis gets further values."""
    names = sorted(cell) if named is None else sorted(named)
    if missing := [name for name in names if name not in cell]:
        raise ValueError(f"the cell has no {' and no '.join(missing)}, which its key is made of")
    return "/".join([*(f"{name}={cell[name].coordinate}" for name in names), str(number)])


def extra_of(cell: Cell, number: int) -> dict[str, str]:
    """What is told of a cell: its axes, the names of values that have one, and the number."""
    ids = {f"{name}_id": value.id for name, value in cell.items() if value.id is not None}
    return dict(sorted({**{name: value.text for name, value in cell.items()}, **ids, NUMBER: str(number)}.items()))


def grid_in(file: SourceFile, limits: Limits) -> tuple[Axes, list[Mapping[str, Any]]]:
    """The axes and listed cells of a grid in YAML; `Reject`, or a `ValueError` that says where it is wrong."""
    tree, problems = read_yaml(_text(file, limits), lambda line, column: Place("", line + 1, column + 1))
    if problems:
        raise ValueError(f"line {problems[0].line}: {problems[0].message} {problems[0].given}".strip())
    given = tree.plain() if tree else None
    if not isinstance(given, Mapping) or not given or set(given) - {"axes", "cells"}:
        raise ValueError("a grid has `axes`, names with lists of values, or `cells`, a list of mappings, or both")
    cells = given.get("cells", [{}])
    if not isinstance(cells, list) or not all(isinstance(cell, Mapping) for cell in cells):
        raise ValueError("`cells` is a list of mappings of axes to values")
    return axes_of(given.get("axes", {})), cells


def _text(file: SourceFile, limits: Limits) -> str:
    if file.size > MAX_BYTES:
        more = "list cells as JSON lines, which may be many"
        raise Reject("too_large", f"{file.size:,} bytes, at most {MAX_BYTES:,} are read of a grid: {more}")
    try:
        if refused := checked(file, limits, "utf-8", "a grid is UTF-8: convert the file (it may be {})"):
            raise Reject(refused.reason, refused.detail)
        with opened(file.path) as stream:
            return stream.read(MAX_BYTES + 1).decode()
    except READ_ERRORS as error:
        raise Reject("unreadable", str(error)) from error
