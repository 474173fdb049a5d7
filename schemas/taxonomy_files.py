"""Reading the data files of taxonomies and their maps, with errors that name file and entry."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy_tree import expand

M = TypeVar("M", bound=BaseModel)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Strict(_Loader):  # type: ignore[misc]
    """YAML in which a key given twice is an error: the first value would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key!r} is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """A YAML text whose top is a mapping."""
    try:
        given = yaml.load(text, Loader=_Strict)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{where}{line}: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(given, dict):
        raise UserError(f"{where}: given {type(given).__name__}, expected a mapping")
    return given


@cache
def data_files(folder: str) -> tuple[str, ...]:
    """The names of the built-in YAML files of a folder, without their ending."""
    found = (files("affectory.schemas") / folder).iterdir()
    return tuple(sorted(f.name.removesuffix(".yaml") for f in found if f.name.endswith(".yaml")))


def read_data(folder: str, name: str) -> tuple[dict[str, Any], str]:
    """A built-in file's content, and what to call it in errors."""
    where = f"{folder}/{name}.yaml"
    text = (files("affectory.schemas") / folder / f"{name}.yaml").read_text(encoding="utf-8")
    return parse_yaml(text, where), where


def build(model: type[M], given: Mapping[str, Any], where: str) -> M:
    """The validated model, or an error that lists every problem with the entry that it is in."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = [_problem(given, e) for e in error.errors()]
        raise UserError(f"{where}: {problems[0]}", "\n  ".join(problems[1:])) from error


def _problem(given: Mapping[str, Any], error: Any) -> str:
    text, place = str(error["msg"]).removeprefix("Value error, "), _place(given, error["loc"])
    if error["type"] == "value_error":
        return text if text.startswith(("entry ", "link ")) else place + text
    return f"{place}{text.replace('tuple', 'list').replace('Tuple', 'List')} (given {error['input']!r:.60})"


def _place(given: Mapping[str, Any], loc: tuple[int | str, ...]) -> str:
    """`entry 'joy': vad.valence: ` for the place that pydantic gives; numbers inside an entry say nothing to a user."""
    parts = [part for part in loc if isinstance(part, str)]
    if len(loc) > 1 and loc[0] in ("entries", "links") and isinstance(loc[1], int):
        parts = [_item(given, str(loc[0]), loc[1]), ".".join(parts[1:])]
    else:
        parts = [".".join(parts)]
    return "".join(f"{part}: " for part in parts if part)


def _item(given: Mapping[str, Any], group: str, row: int) -> str:
    rows = given[group]
    item = list(expand(rows) if group == "entries" and not isinstance(rows, Mapping) else rows)[row]
    name = item.get("name") if isinstance(item, Mapping) else item if isinstance(item, str) else None
    return f"{'entry' if group == 'entries' else 'link'} {repr(name) if name is not None else row + 1}"
