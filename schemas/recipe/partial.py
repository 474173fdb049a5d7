"""What can be read of a recipe with mistakes in it, so that one run tells what is wrong with the rest too."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from affectory.schemas.recipe.explain import branches, explain_each, schema_at
from affectory.schemas.recipe.model import RecipeSpec, recipe_schema
from affectory.schemas.recipe.problems import KeyPath, Problem
from affectory.schemas.recipe.yaml_positions import Item

NAMELESS = "x"
STAND_INS: dict[str, Any] = {"dataset": NAMELESS, "taxonomy": NAMELESS, "sources": [{"kind": NAMELESS}]}
"""For keys that a recipe cannot be without."""
ENTRIES: dict[str, Any] = {
    "sources": {"kind": NAMELESS},
    "ratings": {"kind": NAMELESS},
    "ingest": NAMELESS,
    "assist": NAMELESS,
}
"""Lists whose places are kept when an entry is wrong, since messages count them."""
ROUNDS = 10

Gaps = frozenset[KeyPath]


def validate_partly(tree: Item) -> tuple[RecipeSpec | None, Item, Gaps, list[Problem]]:
    """The recipe without its wrong parts, the tree of that, where those parts were, and what is wrong with them."""
    gaps: set[KeyPath] = set()
    problems: list[Problem] = []
    for _ in range(ROUNDS):
        try:
            return RecipeSpec.model_validate(tree.plain()), tree, frozenset(gaps), problems
        except ValidationError as error:
            found = explain_each(error, recipe_schema(), tree)
        problems += [problem for path, problem in found.items() if not _follows_from(path, gaps)]
        for path in filter(None, found):
            tree, gap = _without(tree, path)
            gaps.add(gap)
    return None, tree, frozenset(gaps), problems


def _follows_from(path: KeyPath, gaps: Iterable[KeyPath]) -> bool:
    """A mapping is judged anew once a key is taken out of it; a key with a default leaves nothing amiss."""
    inside = [gap for gap in gaps if gap[: len(path)] == path]
    return any(gap == path or not _is_declared(gap) for gap in inside)


def _is_declared(path: KeyPath) -> bool:
    parts = branches(schema_at(recipe_schema(), path[:-1]), recipe_schema())
    return any(path[-1] in part.get("properties", {}) for part in parts)


def _without(tree: Item, path: KeyPath) -> tuple[Item, KeyPath]:
    """The tree with a stand-in for what is wrong at `path`, or without it; and where it was."""
    top = path[0] if path else ""
    if len(path) > 1 and top in ENTRIES and isinstance(path[1], int):
        return _put(tree, path[:2], _entry(tree, path)), path[:2]
    first = next((i for i, part in enumerate(path) if isinstance(part, int)), len(path))
    gap = path[:first]
    return _put(tree, gap, STAND_INS.get(str(top)) if first == 1 else None), gap


def _entry(tree: Item, path: KeyPath) -> Any:
    """A stand-in for an entry; it keeps the name, which others may refer to, unless that is wrong."""
    stand_in = ENTRIES[str(path[0])]
    name = found.data if (found := tree.nearest(path[:2])[0].child("name")) else None
    keeps = isinstance(stand_in, dict) and isinstance(name, str) and path[2:] != ("name",)
    return {**stand_in, "name": name} if keeps else stand_in


def _put(item: Item, path: KeyPath, stand_in: Any) -> Item:
    """A copy of `item` with plain data in place of what is at `path`, or without it where that is None."""
    part, rest = path[0], path[1:]
    below = item.child(part)
    if rest:
        if below is None:
            return item
        changed = _put(below, rest, stand_in)
    else:
        changed = _plain(stand_in, below or item)
    if isinstance(item.data, list) and isinstance(part, int):
        return replace(item, data=[*item.data[:part], changed, *item.data[part + 1 :]])
    kept = {key: value for key, value in item.data.items() if key != part or rest or stand_in is not None}
    return replace(item, data={**kept, **({part: changed} if rest or stand_in is not None else {})})


def _plain(data: Any, at: Item) -> Item:
    """Plain data, all of it at the place of one item."""
    if isinstance(data, dict):
        return replace(at, data={key: _plain(value, at) for key, value in data.items()})
    return replace(at, data=[_plain(value, at) for value in data] if isinstance(data, list) else data)
