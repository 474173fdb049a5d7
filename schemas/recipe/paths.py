"""Paths and addresses in a recipe: never out of the folder of the file they are written in unless a root allows it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from affectory.schemas.recipe.explain import locate
from affectory.schemas.recipe.problems import KeyPath, Problem, describe, did_you_mean
from affectory.schemas.recipe.yaml_positions import Item
from affectory.schemas.urls import FORMS, BadUrl, Location, Url, is_url, masked, read_location, read_url

REMOTE: Mapping[str, tuple[str, ...]] = {
    "sources": tuple(FORMS),
    "ratings": tuple(FORMS),
    "publish": ("s3", "hf"),
    "workspace": ("s3",),
}
"""Which kinds of address a key takes instead of a path; those of others are refused."""


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
    urls: tuple[Url, ...] = ()

    @classmethod
    def of(cls, recipe: Path, roots: Sequence[Path | str] = ()) -> "Bounds":
        found = [read_location(root, "--root", tuple(FORMS)) for root in roots]
        folders = tuple(Path(os.path.realpath(root)) for root in found if isinstance(root, Path))
        return cls(Path(os.path.realpath(recipe.parent)), folders, tuple(u for u in found if isinstance(u, Url)))

    def find(
        self, value: str, base: Path, must_exist: bool = True, schemes: tuple[str, ...] = ()
    ) -> Location | Refused:
        """`value` as written in a file of folder `base`, with `..` and symlinks resolved; or why not."""
        if is_url(value):
            return self._find_url(value, schemes)
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

    def _find_url(self, value: str, schemes: tuple[str, ...]) -> Url | Refused:
        """Whether there is anything at an address is seen when it is read: looking would ask the network."""
        try:
            found = read_url(value, schemes)
        except BadUrl as error:
            wrong, allowed = error.args
            return Refused(wrong, describe(masked(value)), allowed)
        if not any(found.is_below(root) for root in self.urls):
            places = " or ".join((str(self.folder), *map(str, (*self.roots, *self.urls))))
            message = "leaves the recipe's folder for a place that was not allowed"
            return Refused(message, describe(value), f"what lies below {places}", f"allow it with --root {found}")
        return found


def find_path(tree: Item, bounds: Bounds, path: KeyPath, value: str, must_exist: bool) -> Location | Problem:
    """`value` as a path in the file that key `path` is written in; from the command line, in the recipe itself."""
    place = tree.nearest(path)[0].place
    base = Path((tree.place if place.override else place).file).parent
    found = bounds.find(value, base, must_exist, REMOTE.get(str(path[0]), ()) if path else ())
    if isinstance(found, Refused):
        return locate(tree, path, found.message, found.given, found.allowed, found.hint)
    return found


def _neighbours(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in islice(path.parent.iterdir(), 1000))
    except OSError:
        return []
