"""`affectory new`: a starter recipe with comments, beside the schema that lets an editor complete it."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from affectory.pipelines.recipe_schema import recipe_schema
from affectory.schemas.errors import UserError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def write_starter(name: str, folder: Path) -> Iterator[Path]:
    """Write the starter files; nothing that exists is overwritten."""
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot name a dataset", "use small letters, digits and hyphens, such as my-dataset")
    recipe, schema = folder / "recipe.yaml", folder / "recipe.schema.json"
    taken = [path for path in (recipe, schema) if path.exists()]
    if taken:
        raise UserError(f"{taken[0]} exists already", "choose another name, or another folder with --in")
    (folder / "media").mkdir(parents=True, exist_ok=True)
    template = (files("affectory.pipelines") / "recipes" / "starter.yaml").read_text(encoding="utf-8")
    recipe.write_text(template.replace("NAME", name), encoding="utf-8")
    yield recipe
    schema.write_text(json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    yield schema
