"""What of a recipe travels to a cluster: its own files, and small data that it names with relative paths."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from affectory.pipelines.events import size
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.load import load_recipe_partly
from affectory.schemas.recipe.problems import KeyPath, Problem, RecipeProblems, describe
from affectory.schemas.recipe.recipe import Recipe

_HOLDERS = ("video", "audio", "image", "media")
"""Parameters that say that a table names media, which lie below its folder."""
LARGEST = 50_000_000
_ADVICE = (
    "data belong on storage that every node sees: put them on a shared volume or object storage, and name them by an"
    " absolute path or a URL (or set deploy.storage.recipe, where the recipe lies beside its data)"
)


def read(path: Path, overrides: Sequence[str] = (), roots: Sequence[Path | str] = ()) -> Recipe:
    """A recipe without looking at its data, which may lie where only a cluster sees them."""
    recipe, problems = load_recipe_partly(path, overrides, roots)
    problems = tuple(p for p in problems if p.key not in ("workspace", "publish.to"))
    if recipe is None or problems:
        raise RecipeProblems(problems)
    return recipe


@dataclass(frozen=True)
class Input:
    """One source or set of ratings, and how it says where its data are."""

    path: KeyPath
    given: str

    @property
    def is_url(self) -> bool:
        return "://" in self.given

    @property
    def travels(self) -> bool:
        return not self.is_url and not Path(self.given).is_absolute()

    def is_below(self, folders: tuple[str, ...]) -> bool:
        return is_below(self.given, folders)


@dataclass(frozen=True)
class Bundle:
    """Files to send, all below `root`, and the recipe among them."""

    recipe: Recipe
    data: bool = True

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        specs = (*self.recipe.source_specs(), *self.recipe.rating_specs())
        found = [((*spec.path, *keys), given) for spec in specs for keys, given in _places(spec.params)]
        return tuple(Input(path, given) for path, given in found)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every file that travels, with symlinks resolved."""
        found = {Path(os.path.realpath(file)) for file in (*self.recipe.files, *self._taxonomy())}
        if self.data:
            found |= {file for at in self.inputs if at.travels for file in _below(self._resolved(at))}
        return tuple(sorted(found))

    @cached_property
    def root(self) -> Path:
        return Path(os.path.commonpath([file.parent for file in self.files]))

    @property
    def main(self) -> str:
        """The recipe's path inside the bundle."""
        return Path(os.path.realpath(self.recipe.file)).relative_to(self.root).as_posix()

    @property
    def size(self) -> int:
        return sum(file.stat().st_size for file in self.files)

    def stays(self, seen: tuple[str, ...]) -> list[str]:
        """Local places that the recipe names, that do not travel and are not in folders that a cluster sees anyway."""
        return [at.given for at in self.inputs if not at.is_url and not at.travels and not at.is_below(seen)]

    def check_size(self, largest: int = LARGEST) -> None:
        if self.size > largest:
            what = f"the recipe and the data beside it are {size(self.size)}; at most {size(largest)} travel with a job"
            raise UserError(what, _ADVICE)

    def copy(self, folder: Path) -> None:
        """Lay the files out below a folder as they lie below `root`."""
        for file in self.files:
            target = folder / file.relative_to(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)

    def refuse_unseen(self, folders: tuple[str, ...]) -> None:
        """Raise where data are neither below those folders nor at an address that a root allows."""
        unseen = [at for at in self.inputs if not at.is_url and not at.is_below(folders)]
        found = [self.recipe.check_path(at.path, at.given) for at in self.inputs if at.is_url]
        if problems := (*map(self._problem, unseen), *filter(None, found)):
            raise RecipeProblems(problems)

    def _problem(self, at: Input) -> Problem:
        allowed = "an absolute path on the storage of the cluster, or a URL"
        return self.recipe.problem(at.path, "the cluster does not see it", describe(at.given), allowed, _ADVICE)

    def _taxonomy(self) -> Iterator[Path]:
        given = self.recipe.spec.taxonomy
        if isinstance(given, dict) and set(given) == {"file"}:
            yield Path(self.recipe.resolve(str(given["file"]), ("taxonomy", "file")))

    def _resolved(self, at: Input) -> Path:
        return Path(self.recipe.resolve(at.given, at.path))


def _places(params: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """What a source or ratings name with `path`, also inside, as a sidecar; and where the media of a table lie."""
    for key, value in params.items():
        if key in ("path", "media_root") and isinstance(value, str):
            yield (key,), value
        elif isinstance(value, Mapping) and isinstance(inner := value.get("path"), str):
            yield (key, "path"), inner
    table = params.get("path")
    if isinstance(table, str) and any(params.get(key) for key in _HOLDERS) and "media_root" not in params:
        folder = str(PurePosixPath(table).parent) if "://" not in table else table.rpartition("/")[0]
        if folder != ".":  # all that lies beside a recipe is more than it meant: name a `media_root`
            yield ("path",), folder


def is_below(place: str, folders: tuple[str, ...]) -> bool:
    """Whether a path lies in one of some folders; an address never does."""
    return any(PurePosixPath(place).is_relative_to(folder) for folder in folders)


def _below(path: Path) -> Iterator[Path]:
    """A file, or those in a folder; hidden ones stay, as they do when a folder is scanned."""
    if path.is_file():
        yield path
    for folder, below, names in os.walk(path):
        below[:] = [name for name in below if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))
