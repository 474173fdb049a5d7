"""`affectory new`: a starter recipe with comments, beside the schema that lets an editor complete it."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from affectory.pipelines.recipe_schema import recipe_schema
from affectory.schemas.errors import UserError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


STARTER = "starter"
_SCHEMA = "# yaml-language-server: $schema=recipe.schema.json\n"


def recipe_names() -> tuple[str, ...]:
    """The recipes that one may begin with."""
    shipped = (files("affectory.pipelines") / "recipes").iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in shipped if file.name.endswith(".yaml")))


def write_starter(name: str, folder: Path, begin_with: str = STARTER) -> Iterator[Path]:
    """Write a recipe to begin with, and its schema; nothing that exists is overwritten."""
    if begin_with not in recipe_names():
        raise UserError(f"there is no recipe {begin_with!r} to begin with", f"there are: {', '.join(recipe_names())}")
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot name a dataset", "use small letters, digits and hyphens, such as my-dataset")
    recipe, schema = folder / "recipe.yaml", folder / "recipe.schema.json"
    taken = [path for path in (recipe, schema) if path.exists()]
    if taken:
        raise UserError(f"{taken[0]} exists already", "choose another name, or another folder with --in")
    (folder / "media" if begin_with == STARTER else folder).mkdir(parents=True, exist_ok=True)
    template = (files("affectory.pipelines") / "recipes" / f"{begin_with}.yaml").read_text(encoding="utf-8")
    recipe.write_text(_named(template, name), encoding="utf-8")
    yield recipe
    schema.write_text(json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    yield schema


def _named(template: str, name: str) -> str:
    """The recipe as one of a dataset of this name, known to editors."""
    named = re.sub(r"(?m)^dataset: .*$", f"dataset: {name}", template.replace("NAME", name), count=1)
    return named if named.startswith(_SCHEMA) else _SCHEMA + named
