"""Reading the data files of taxonomies and their maps, with errors that name file and entry."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy_tree import expand

M = TypeVar("M", bound=BaseModel)


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """A YAML text whose top is a mapping, read as strictly and within the same limits as a recipe."""
    from affectory.schemas.recipe.yaml_positions import Place, read_yaml  # workers only unpickle, and do without it

    item, problems = read_yaml(text, lambda line, column: Place(where, line + 1, column + 1))
    if problems:
        raise UserError(str(problems[0]), "\n  ".join(map(str, problems[1:])))
    given = item.plain() if item else None
    if not isinstance(given, dict):
        raise UserError(f"{where}: given {type(given).__name__}, expected a mapping")
    return given


def read_text(path: Path) -> str:
    """A user's file, unless it is too large to be what it should be."""
    from affectory.schemas.recipe.yaml_positions import MAX_BYTES

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read", str(error)) from error
    if len(data) > MAX_BYTES:
        raise UserError(f"{path}: over {MAX_BYTES} bytes, too large for a taxonomy")
    return text


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
    return f"{place}{text.replace('tuple', 'list').replace('Tuple', 'List')} (given {shortened(error['input'])})"


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
