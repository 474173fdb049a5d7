"""Reads a recipe with its includes and overrides, and finds everything that is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from affectory.schemas.recipe.checks import check
from affectory.schemas.recipe.explain import MISSING
from affectory.schemas.recipe.overrides import apply_override
from affectory.schemas.recipe.partial import validate_partly
from affectory.schemas.recipe.paths import Bounds, Refused
from affectory.schemas.recipe.problems import Problem, RecipeProblems, describe, in_order
from affectory.schemas.recipe.recipe import Recipe
from affectory.schemas.recipe.yaml_positions import MAX_BYTES, Item, Place, read_yaml
from affectory.schemas.urls import Url

MAPPING = "a mapping with dataset, taxonomy, sources, ..."
MAX_INCLUDES = 100


def load_recipe(path: Path, overrides: Sequence[str] = (), allowed_roots: Sequence[Path | str] = ()) -> Recipe:
    """The recipe in a YAML file; raises `RecipeProblems` with every mistake in it, in its includes and overrides.

    Args:
        path: the recipe.
        overrides: `key.path=value` each, applied in order after the includes; paths in them are relative to the recipe.
        allowed_roots: folders and addresses besides the recipe's own folder that paths may lead into.
    """
    recipe, problems = load_recipe_partly(path, overrides, allowed_roots)
    if problems or recipe is None:
        raise RecipeProblems(problems)
    return recipe


def load_recipe_partly(
    path: Path, overrides: Sequence[str] = (), allowed_roots: Sequence[Path | str] = ()
) -> tuple[Recipe | None, tuple[Problem, ...]]:
    """As `load_recipe`, with what is right of the recipe beside its mistakes; None where nothing of it can be read."""
    file = path.absolute()
    reading = _Reading(Bounds.of(file, allowed_roots))
    tree = reading.recipe(file, ())
    if tree is None:
        return None, in_order(reading.problems)
    for override in overrides:
        tree, problems = apply_override(tree, override)
        reading.problems += problems
    spec, kept, gaps, problems = validate_partly(tree)
    wrong = in_order((*reading.problems, *reading.news(problems), *check(tree, reading.bounds)))
    if spec is None:
        return None, wrong
    gaps = gaps if reading.complete else gaps | {()}
    return Recipe(file, spec, kept, reading.bounds, gaps, tuple(dict.fromkeys(reading.files))), wrong


@dataclass
class _Reading:
    """Files read so far; not `complete` once one could not be used, so that what is missing may stand in it."""

    bounds: Bounds
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
    includes: int = 0
    files: list[Path] = field(default_factory=list)

    def news(self, problems: Sequence[Problem]) -> list[Problem]:
        """Those that do not merely follow from a file or value that could not be read."""
        told = {(p.file, p.line, p.key) for p in self.problems}
        new = [p for p in problems if (p.file, p.line, p.key) not in told]
        return [p for p in new if self.complete or p.message != MISSING]

    def recipe(self, file: Path, chain: tuple[Path, ...]) -> Item | None:
        """A file with what it includes merged below it."""
        try:
            tree = self._document(file)
        except RecipeProblems as error:
            self.problems += error.problems
            self.complete = False
            return None
        below: Item | None = None
        for entry, key in self._includes(tree):
            included = self._included(entry, key, file, (*chain, file.resolve()))
            below = _merge(below, included) if below and included else included or below
        own = replace(tree, data={key: item for key, item in tree.data.items() if key != "include"})
        return _merge(below, own) if below else own

    def _document(self, file: Path) -> Item:
        text = _decoded(*_content(file))
        tree, problems = read_yaml(text, lambda line, column: Place(str(file), line + 1, column + 1))
        if tree is None and problems:
            raise RecipeProblems(tuple(problems))
        self.problems += problems
        self.files.append(file)
        if tree is None or tree.data is None:
            raise _refused(Place(str(file), 1, 1), "the recipe is empty", "", MAPPING)
        if not isinstance(tree.data, dict):
            given = "a list" if isinstance(tree.data, list) else "one value"
            raise _refused(tree.place, "the recipe is not a mapping", given, MAPPING)
        return tree

    def _includes(self, tree: Item) -> Iterator[tuple[Item, str]]:
        """The files to include, with the keys they stand at."""
        item = tree.child("include")
        if item and item.data is not None and not isinstance(item.data, list):
            hint = f"write a list: [{item.raw}]" if item.raw else ""
            wrong = _refused(item.start, "wrong type", describe(item.plain()), "a list of files", hint, "include")
            self.problems += wrong.problems
        elif item:
            yield from ((entry, f"include[{index}]") for index, entry in item.entries())

    def _included(self, entry: Item, key: str, by: Path, chain: tuple[Path, ...]) -> Item | None:
        found = self._checked(entry.data, by.parent, chain)
        if isinstance(found, Path):
            return self.recipe(found, chain)
        wrong = _refused(entry.place, found.message, found.given, found.allowed, found.hint, key)
        self.problems += wrong.problems
        self.complete = False
        return None

    def _checked(self, value: object, base: Path, chain: tuple[Path, ...]) -> Path | Refused:
        if not isinstance(value, str):
            return Refused("wrong type", describe(value), "the path of a file")
        found = self.bounds.find(value, base)
        self.includes += 1
        if isinstance(found, Refused):
            return found
        if isinstance(found, Url) or not found.is_file():
            return Refused("not a file", describe(value), "a YAML file")
        if found in chain:
            loop = " -> ".join(file.name for file in (*chain[chain.index(found) :], found))
            return Refused("include cycle", loop, "files that do not include each other")
        if self.includes > MAX_INCLUDES:
            return Refused("too many includes", describe(value), f"at most {MAX_INCLUDES} in all")
        return found


def _refused(place: Place, message: str, given: str, allowed: str, hint: str = "", key: str = "") -> RecipeProblems:
    return RecipeProblems((Problem(place.file, place.line, place.column, key, message, given, allowed, hint),))


def _content(file: Path) -> tuple[bytes, Place]:
    place = Place(str(file))
    try:
        if not file.is_file():
            raise _refused(place, "not a file" if file.exists() else "no such file", "", "a YAML file")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(place, f"cannot be read: {reason}", "", "a YAML file") from error
    if len(content) > MAX_BYTES:
        raise _refused(place, "too large for a recipe", "", f"at most {MAX_BYTES} bytes")
    return content, place


def _decoded(content: bytes, place: Place) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        at = replace(place, line=before.count(b"\n") + 1, column=error.start - before.rfind(b"\n"))
        given = f"byte 0x{content[error.start]:02x}"
        raise _refused(at, "unreadable YAML: not UTF-8", given, "UTF-8", "save the file as UTF-8") from error


def _merge(below: Item, above: Item) -> Item:
    """Mappings key by key, anything else replaced."""
    if not isinstance(below.data, dict) or not isinstance(above.data, dict):
        return above
    both = {key: _merge(below.data[key], item) if key in below.data else item for key, item in above.data.items()}
    return replace(above, data={**below.data, **both})
