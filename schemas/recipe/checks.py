"""What is wrong with a recipe beyond the types of its values."""

from collections.abc import Iterator

from affectory.schemas.recipe.explain import is_secret, locate, schema_at
from affectory.schemas.recipe.model import recipe_schema
from affectory.schemas.recipe.paths import Bounds, find_path
from affectory.schemas.recipe.problems import KeyPath, Problem, describe
from affectory.schemas.recipe.secrets import REFERENCE_START
from affectory.schemas.recipe.yaml_positions import Item

WRITTEN: tuple[KeyPath, ...] = (("workspace",), ("publish", "to"))
"""Places that a build writes to: they lie inside the bounds as what it reads does, but need not exist yet."""


def check(tree: Item, bounds: Bounds) -> Iterator[Problem]:
    yield from _misplaced_references(tree)
    for key in ("sources", "ratings"):
        yield from _same_names(tree, key)
    for path in WRITTEN:
        item, depth = tree.nearest(path)
        if depth == len(path) and isinstance(item.data, str) and item.data:
            found = find_path(tree, bounds, path, item.data, must_exist=False)
            if isinstance(found, Problem):
                yield found


def _misplaced_references(tree: Item) -> Iterator[Problem]:
    for path, item in _walk(tree, ()):
        key = path[-1] if path and isinstance(path[-1], str) else ""
        text = item.data if isinstance(item.data, str) and not _takes_secret(path, item.data) else ""
        for given in (key, text):
            if REFERENCE_START in given:
                hint = "write the value itself: a recipe means the same on every machine"
                message = "an environment reference where no secret is wanted"
                yield locate(tree, path, message, describe(given), "${env:NAME} in secrets only", hint)


def _takes_secret(path: KeyPath, text: str) -> bool:
    schema = recipe_schema() if REFERENCE_START in text else {}
    return is_secret(schema_at(schema, path), schema)


def _walk(item: Item, path: KeyPath) -> Iterator[tuple[KeyPath, Item]]:
    yield path, item
    for part, child in item.entries():
        yield from _walk(child, (*path, part))


def _same_names(tree: Item, key: str) -> Iterator[Problem]:
    """Inputs are told apart by name, or by kind where they have none."""
    item = tree.child(key)
    seen: dict[str, KeyPath] = {}
    for part, entry in item.entries() if item else ():
        name, kind = (found.data if (found := entry.child(k)) else None for k in ("name", "kind"))
        called = kind if name is None else name
        path: KeyPath = (key, part) if name is None else (key, part, "name")
        if not isinstance(called, str) or seen.setdefault(called, path) == path:
            continue
        first = seen[called][1]
        hint = "without a name an input is called like its kind: name it" if name is None else ""
        allowed = "a name of its own for each"
        yield locate(tree, path, f"the same name as {key}[{first}]", describe(called), allowed, hint)
