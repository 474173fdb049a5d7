"""Paths in a recipe: relative to the file they are written in, and never out of its folder unless a root allows it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from affectory.schemas.recipe.explain import locate
from affectory.schemas.recipe.problems import KeyPath, Problem, describe, did_you_mean
from affectory.schemas.recipe.yaml_positions import Item


@dataclass(frozen=True)
class Refused:
    """Why a path may not be used."""

    message: str
    given: str
    allowed: str
    hint: str = ""


@dataclass(frozen=True)
class Bounds:
    """The folder of a recipe and the further roots that the user allows."""

    folder: Path
    roots: tuple[Path, ...] = ()

    @classmethod
    def of(cls, recipe: Path, roots: Sequence[Path] = ()) -> "Bounds":
        return cls(Path(os.path.realpath(recipe.parent)), tuple(Path(os.path.realpath(root)) for root in roots))

    def find(self, value: str, base: Path, must_exist: bool = True) -> Path | Refused:
        """`value` as written in a file of folder `base`, with `..` and symlinks resolved; or why not."""
        try:
            found = Path(os.path.realpath(base / value))
            exists = found.exists()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return Refused(f"not a usable path: {reason}", describe(value), "a path")
        places = " or ".join(str(root) for root in (self.folder, *self.roots))
        if not any(found.is_relative_to(root) for root in (self.folder, *self.roots)):
            hint = f"allow it with --root {found if found.is_dir() else found.parent}"
            return Refused("leaves the recipe's folder", describe(value), f"a path below {places}", hint)
        if must_exist and not exists:
            near = did_you_mean(found.name, _neighbours(found))
            return Refused("no such file or folder", describe(value), f"an existing path below {places}", near)
        return found


def find_path(tree: Item, bounds: Bounds, path: KeyPath, value: str, must_exist: bool) -> Path | Problem:
    """`value` as a path in the file that key `path` is written in; from the command line, in the recipe itself."""
    place = tree.nearest(path)[0].place
    base = Path((tree.place if place.override else place).file).parent
    found = bounds.find(value, base, must_exist)
    if isinstance(found, Path):
        return found
    return locate(tree, path, found.message, found.given, found.allowed, found.hint)


def _neighbours(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in islice(path.parent.iterdir(), 1000))
    except OSError:
        return []
