"""`--set key.path=value`: one value put into a recipe before it is checked."""

import re
from dataclasses import replace

from affectory.schemas.recipe.problems import COMMAND_LINE, KeyPath, Problem, describe, format_key
from affectory.schemas.recipe.yaml_positions import Item, Place, read_yaml

_PART = r"[^.\[\]=\s]+"
_KEY = re.compile(rf"{_PART}(\[\d+\])*(\.{_PART}(\[\d+\])*)*")
_FORM = "key.path=value, such as publish.splits.train=0.7 or sources[0].path=media"


class _Misplaced(Exception):
    """The path leads nowhere: (how far it went, what is wrong, what is allowed)."""


def apply_override(tree: Item, text: str) -> tuple[Item, list[Problem]]:
    """`tree` with the value of one override in it, or unchanged with what is wrong with the override."""
    key, equals, value = text.partition("=")
    place = Place(COMMAND_LINE, override=text)
    if not equals or not _KEY.fullmatch(key.strip()):
        return tree, [Problem(COMMAND_LINE, 0, 0, "", "not an override", text, _FORM)]
    path = tuple(re.findall(r"[^.\[\]]+", key.strip()))
    if path[0] == "include":
        return tree, [Problem(COMMAND_LINE, 0, 0, "include", "cannot be overridden", text, "includes in the file")]
    read, problems = read_yaml(value, lambda line, column: place, path)
    if problems:
        return tree, [replace(problem, given=text) for problem in problems]
    new = replace(read or Item(None, place), key=place)
    try:
        return _put(tree, path, (), new), []
    except _Misplaced as stop:
        at, message, allowed = stop.args
        return tree, [Problem(COMMAND_LINE, 0, 0, format_key(at), message, text, allowed)]


def _put(item: Item, parts: tuple[str, ...], at: KeyPath, new: Item) -> Item:
    """A copy of `item` with `new` at `parts`; mappings that are absent on the way are made."""
    if not parts:
        return new
    part, rest = parts[0], parts[1:]
    if isinstance(item.data, list):
        index = _index(part, item.data, at)
        entries = [*item.data]
        entries[index] = replace(_put(entries[index], rest, (*at, index), new), key=None)
        return replace(item, data=entries)
    if item.data is not None and not isinstance(item.data, dict):
        raise _Misplaced((*at, part), f"{format_key(at)} has no keys: it is {describe(item.data)}", "a mapping or list")
    below = item.child(part) or Item(None, new.place, key=new.place)
    return replace(item, data={**(item.data or {}), part: _put(below, rest, (*at, part), new)})


def _index(part: str, entries: list[Item], at: KeyPath) -> int:
    if part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(entries):
        return int(part)
    allowed = f"0 to {len(entries) - 1}" if entries else "nothing: the list is empty"
    raise _Misplaced(at, f"no entry {part} in this list", allowed)
