"""YAML as plain data that knows where each key and value is written. Only JSON's types come out."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from affectory.schemas.recipe.problems import KeyPath, Problem, describe, format_key

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 50

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_NUMBERS = {f"{_TAG}int": "construct_yaml_int", f"{_TAG}float": "construct_yaml_float"}
_TEXT = {f"{_TAG}{name}" for name in ("str", "timestamp", "value", "merge")}
_COLLECTIONS = {f"{_TAG}map", f"{_TAG}seq"}


@dataclass(frozen=True)
class Place:
    """Where something is written; `override` is the text after `--set` where it came from there."""

    file: str
    line: int = 0
    column: int = 0
    override: str = ""


@dataclass(frozen=True)
class Item:
    """A value with its place, the place of its key, and its spelling where it is a scalar."""

    data: Any
    place: Place
    key: Place | None = None
    raw: str = ""

    def plain(self) -> Any:
        """The value as JSON data."""
        if isinstance(self.data, dict):
            return {key: item.plain() for key, item in self.data.items()}
        if isinstance(self.data, list):
            return [item.plain() for item in self.data]
        return self.data

    def child(self, part: str | int) -> "Item | None":
        """The entry of a mapping or list, if there is one."""
        if isinstance(self.data, dict) and isinstance(part, str):
            return self.data.get(part)
        if isinstance(self.data, list) and isinstance(part, int) and 0 <= part < len(self.data):
            found: Item = self.data[part]
            return found
        return None

    def entries(self) -> "Iterator[tuple[str | int, Item]]":
        """What lies right below, with the keys of a mapping or the places in a list."""
        if isinstance(self.data, dict):
            yield from self.data.items()
        elif isinstance(self.data, list):
            yield from enumerate(self.data)

    def nearest(self, path: KeyPath) -> "tuple[Item, int]":
        """The item at `path` or its nearest known ancestor, and how many parts of the path led there."""
        item, depth = self, 0
        for part in path:
            found = item.child(part)
            if found is None:
                break
            item, depth = found, depth + 1
        return item, depth

    @property
    def start(self) -> Place:
        """Where to point: at a scalar itself, or at the key above a mapping or list."""
        return self.key if self.key and isinstance(self.data, dict | list) else self.place


Where = Callable[[int, int], Place]
"""From line and column, counted from 0, to a place."""


class _Unreadable(Exception):
    """No document can be made of this; what was found before counts for nothing."""


def read_yaml(text: str, where: Where, at: KeyPath = ()) -> tuple[Item | None, list[Problem]]:
    """The document in `text`, None when it cannot be read, and everything wrong with it."""
    builder = _Builder(where, at)
    try:
        return builder.document(text), builder.problems
    except yaml.YAMLError as error:
        builder.problems.append(_syntax_problem(error, text, where, at))
    except _Unreadable:
        pass
    return None, builder.problems


@dataclass
class _Builder:
    where: Where
    at: KeyPath
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0
    open: set[int] = field(default_factory=set)
    loader: Any = None

    def document(self, text: str) -> Item | None:
        self._check_characters(text)
        self._check_size(text)
        self.loader = _Loader(text)
        try:
            node = self.loader.get_single_node()
            return None if node is None else self.item(node, self.at, 0)
        finally:
            self.loader.dispose()

    def _check_characters(self, text: str) -> None:
        bad = yaml.reader.Reader.NON_PRINTABLE.search(text)
        if bad:
            line = text.count("\n", 0, bad.start())
            column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1)
            self._stop(self.where(line, column), "unreadable YAML: a control character", describe(bad.group()))

    def _check_size(self, text: str) -> None:
        """Before the parser recurses into it: how deep and how much."""
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            self._check_limits(count // 2, depth, event.start_mark)

    def _check_limits(self, nodes: int, depth: int, mark: Any) -> None:
        if nodes > MAX_NODES:
            self._stop(self.place(mark), "too many values", allowed=f"at most {MAX_NODES}, anchors written out")
        if depth > MAX_DEPTH:
            self._stop(self.place(mark), "nested too deeply", allowed=f"at most {MAX_DEPTH} levels")

    def _stop(self, place: Place, message: str, given: str = "", allowed: str = "") -> None:
        self._add(place, self.at, message, given, allowed)
        raise _Unreadable

    def _add(
        self, place: Place, path: KeyPath, message: str, given: str = "", allowed: str = "", hint: str = ""
    ) -> None:
        key = format_key(path)
        self.problems.append(Problem(place.file, place.line, place.column, key, message, given, allowed, hint))

    def place(self, mark: Any) -> Place:
        return self.where(mark.line, mark.column)

    def item(self, node: yaml.Node, path: KeyPath, depth: int) -> Item:
        self.nodes += 1
        self._check_limits(self.nodes, depth, node.start_mark)
        place = self.place(node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            return Item(self.scalar(node, path), place, raw=node.value)
        if node.tag not in _COLLECTIONS:
            self._add(place, path, "a YAML tag that is not allowed", node.tag.replace(_TAG, "!!"), "plain YAML")
        if id(node) in self.open:
            self._stop(place, "an anchor that contains itself")
        self.open.add(id(node))
        build = self.mapping if isinstance(node, yaml.MappingNode) else self.sequence
        data = build(node, path, depth + 1)
        self.open.discard(id(node))
        return Item(data, place)

    def sequence(self, node: yaml.Node, path: KeyPath, depth: int) -> list[Item]:
        return [self.item(child, (*path, index), depth) for index, child in enumerate(node.value)]

    def mapping(self, node: yaml.Node, path: KeyPath, depth: int) -> dict[str, Item]:
        own: dict[str, Item] = {}
        merged: dict[str, Item] = {}
        for key, value in node.value:
            place = self.place(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                self._add(place, path, "a key that is not text", allowed="a name as key")
            elif key.tag == f"{_TAG}merge":
                merged = {**self.merge(value, path, depth), **merged}
            elif key.value in own:
                first = own[key.value].key
                hint = f"first written on line {first.line}" if first and first.line else ""
                self._add(place, (*path, key.value), "duplicate key", key.value, "each key once", hint)
            else:
                own[key.value] = replace(self.item(value, (*path, key.value), depth), key=place)
        return {**merged, **own}

    def merge(self, node: yaml.Node, path: KeyPath, depth: int) -> dict[str, Item]:
        """What `<<` brings in: a mapping, or several of which the earlier win."""
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Item] = {}
        for part in parts:
            if not isinstance(part, yaml.MappingNode):
                self._add(self.place(part.start_mark), (*path, "<<"), "wrong type", allowed="an alias of a mapping")
                continue
            found = {**self.item(part, path, depth).data, **found}
        return found

    def scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        try:
            return self._checked(node, path)
        except (ValueError, KeyError, IndexError, OverflowError):
            self._add(self.place(node.start_mark), path, f"not a {node.tag.removeprefix(_TAG)}", describe(node.value))
            return None

    def _checked(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        place = self.place(node.start_mark)
        if node.tag in _TEXT or (node.tag in _NUMBERS and ":" in node.value):  # 12:30 is no number in base 60
            node.value.encode()
            return node.value
        if node.tag == f"{_TAG}null":
            return None
        if node.tag == f"{_TAG}bool":
            return self.loader.construct_yaml_bool(node)
        if node.tag not in _NUMBERS:
            tag = node.tag.replace(_TAG, "!!")
            self._add(place, path, "a YAML tag that is not allowed", tag, "plain YAML")
            return node.value
        number = getattr(self.loader, _NUMBERS[node.tag])(node)
        fits = math.isfinite(number) if isinstance(number, float) else -(2**63) <= number < 2**63
        if not fits:
            self._add(place, path, "not a number that can be kept", node.value, "a finite number of 64 bits")
        return number if fits else 0


def _syntax_problem(error: yaml.YAMLError, text: str, where: Where, at: KeyPath) -> Problem:
    context, what = (getattr(error, name, None) or "" for name in ("context", "problem"))
    unclosed = "quoted scalar" in context or "flow" in context
    mark = getattr(error, "context_mark" if unclosed else "problem_mark", None) or getattr(error, "problem_mark", None)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    place = where(line, column)
    if "nesting depth" in what:  # libyaml reads ahead of our own count, and has a limit too
        allowed = f"at most {MAX_DEPTH} levels"
        return Problem(place.file, place.line, place.column, format_key(at), "nested too deeply", allowed=allowed)
    message = "unreadable YAML: " + (f"{what} {context}".strip() or str(error))
    hint = _syntax_hint(text.splitlines()[line : line + 1], context, what)
    return Problem(place.file, place.line, place.column, format_key(at), message, hint=hint)


def _syntax_hint(lines: list[str], context: str, what: str) -> str:
    line = lines[0] if lines else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces: YAML allows no tabs there"
    if "${" in line and "flow" in context:
        return 'put the reference in quotes: "${env:NAME}"'
    if "quoted scalar" in context:
        return "is the quote closed?"
    if "flow" in context:
        return "is the bracket closed, with commas between the entries?"
    if "mapping values are not allowed" in what:
        return "is the line indented like its neighbours? Text with a colon and a space in it needs quotes"
    if "another document" in what:
        return "a recipe is one document: remove the line ---"
    if "cannot start any token" in what:
        return "text that begins with @, `, % or a tab needs quotes"
    return "is the line indented like its neighbours?"
