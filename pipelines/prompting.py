"""Prompts by the names that recipes give them: ours by their id, those of a recipe by their file."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.problems import did_you_mean
from affectory.transforms.models._prompts import Prompt, parse_prompt

MAX_BYTES = 200_000


@cache
def prompt_names() -> tuple[str, ...]:
    """The prompts that come with the package."""
    found = files("affectory.pipelines").joinpath("prompts").iterdir()
    return tuple(sorted(file.name.removesuffix(".jinja") for file in found if file.name.endswith(".jinja")))


@cache
def prompt(name: str) -> Prompt:
    """One of ours, or a `UserError` that says which there are."""
    if name not in prompt_names():
        known = ", ".join(prompt_names())
        hint = did_you_mean(str(name), prompt_names()) or f"ours: {known}; your own as a path that ends in .jinja"
        raise UserError(f"no prompt is named {name!r}", hint)
    file = files("affectory.pipelines").joinpath("prompts", f"{name}.jinja")
    return parse_prompt(file.read_text(encoding="utf-8"), f"prompt {name}")


def prompt_at(path: Path) -> Prompt:
    """A recipe's own."""
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path.name} is larger than a prompt may be", f"at most {MAX_BYTES} bytes")
    try:
        return parse_prompt(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8", "save it as UTF-8") from error
