"""Commands that write files for people and editors: schema, new."""

import json as json_format
from pathlib import Path
from typing import Annotated

import typer


def schema() -> None:
    """Print the JSON Schema of recipes, with every step and its parameters, for editors to complete."""
    from affectory.pipelines.recipe_schema import recipe_schema

    print(json_format.dumps(recipe_schema(), indent=2, ensure_ascii=False))


def new(
    name: Annotated[str, typer.Argument(help="Name of the dataset: small letters, digits and hyphens.")],
    folder: Annotated[Path | None, typer.Option("--in", help="Folder to make. Default: the name.")] = None,
    begin_with: Annotated[
        str, typer.Option("--from", help="Recipe to begin with; a name that is none is answered with all there are.")
    ] = "starter",
) -> None:
    """Write a starter recipe with comments, and the schema that lets an editor complete it."""
    from affectory.pipelines.starter import STARTER, write_starter

    target = folder or Path(name)
    for path in write_starter(name, target, begin_with):
        print(f"wrote {path}")
    files = f"files into {target / 'media'}" if begin_with == STARTER else f"what its comments name into {target}"
    print(f"next: put {files}, then: affectory build {target / 'recipe.yaml'}")


COMMANDS = (schema, new)
