"""Broken recipes for tests: written to a folder, loaded, and what is wrong with them."""

from pathlib import Path

import pytest

from affectory.schemas.recipe import Problem, RecipeProblems, load_recipe

GOOD = """\
dataset: hello
taxonomy: ekman-7
sources:
  - {kind: folder, path: media}
"""


def problems_of(
    folder: Path, recipe: str | bytes, overrides: tuple[str, ...] = (), **files: str
) -> tuple[Problem, ...]:
    """The problems of a recipe; one that begins with + follows GOOD."""
    for name, text in files.items():
        (folder / name).write_text(text)
    content = recipe.encode() if isinstance(recipe, str) else recipe
    content = GOOD.encode() + content[1:] if content.startswith(b"+") else content
    (folder / "recipe.yaml").write_bytes(content)
    with pytest.raises(RecipeProblems) as caught:
        load_recipe(folder / "recipe.yaml", overrides)
    return caught.value.problems
