"""Templates of prompts. They come with recipes of others: they put values in their places, and can do nothing else.

What a template may say is a list, not what it may not: no calls, no arithmetic, no definitions, no other files. What is
left takes time only by loops in loops and by filters, and memory only by what is said: all of these are counted.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

from affectory.schemas.errors import UserError

MAX_CHARS = 200_000
"""Of all messages of a question together."""
MAX_ROUNDS = 20_000
"""Of all loops of a message together."""
MAX_WORK = 10_000_000
"""Characters and elements that filters of a message may be given."""
_NODES = {
    "Output", "TemplateData", "Name", "Const", "If", "CondExpr", "For", "Compare", "Operand", "And", "Or", "Not", "Neg",
    "Filter", "Test", "Getattr", "Getitem", "Slice", "List", "Tuple", "Dict", "Pair",
}  # fmt: skip
_LOOP = {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}
_COUNT = "_count"
_ROLE = re.compile(r"^@(system|user|assistant)[ \t]*$", re.MULTILINE)


class TooLong(ValueError):
    """A message grew beyond what is sent, or took too much work."""


class _Count:
    """Counts the work on one message."""

    def __init__(self) -> None:
        self._rounds, self._work = MAX_ROUNDS, MAX_WORK

    def each(self, values: Iterable[Any], inside: int) -> Iterator[Any]:
        """The values; a round counts as many times as there are comparisons in it."""
        for value in values:
            self._rounds -= inside
            if self._rounds < 0:
                raise TooLong(f"its loops go round and compare more than {MAX_ROUNDS} times")
            yield value

    def work(self, value: Any) -> None:
        self._work -= _size(value)
        if self._work < 0:
            raise TooLong(f"its filters are given more than {MAX_WORK} characters")


def _size(value: Any) -> int:
    """Characters and elements, also of lists in lists: one text may stand in them many times."""
    if isinstance(value, Mapping):
        return 1 + sum(_size(key) + _size(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return 1 + sum(map(_size, value))
    return len(value) if hasattr(value, "__len__") else 1


def rendered(body: str, known: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Roles and words of all messages that say something."""
    left, told = MAX_CHARS, []
    for role, template in _compiled(body):
        pieces = []
        for piece in template.generate({**known, _COUNT: _Count()}):
            left -= len(piece)
            if left < 0:
                raise TooLong(f"it has more than {MAX_CHARS} characters")
            pieces.append(piece)
        if words := "".join(pieces).strip():
            told.append((role, words))
    return told


def roles(body: str) -> list[str]:
    """Whose messages these are, in their order."""
    return [role for role, _ in _sections(body)]


def check(body: str, inputs: Sequence[str], settings: Sequence[str], where: str) -> None:
    """Complain of what is wrong with the messages of a prompt, as `UserError`."""
    if before := _ROLE.split(body)[0].strip():
        raise UserError(f"{where} says {before[:60]!r} before its first message", "begin it with @system or @user")
    if "user" not in [role for role, _ in _sections(body)]:
        raise UserError(f"{where} says nothing to the model", "begin what the user says with a line @user")
    used = set[str]().union(*(_used(words, f"under @{role} of {where}") for role, words in _sections(body)))
    columns = {name.partition(".")[0] for name in inputs}
    if unknown := sorted(used - {*inputs, *settings, *columns}):
        hint = "name what comes of the sample under `inputs`, what comes of the recipe under `settings`"
        raise UserError(f"{where} uses {', '.join(unknown)}, which its header does not name", hint)


def _used(words: str, where: str) -> set[str]:
    """The values that a message names; a `UserError` where it says what it may not."""
    from jinja2 import TemplateSyntaxError, meta

    try:
        parsed = _environment().parse(words)
        _check_nodes(parsed, where)
        _environment().from_string(_counted(_environment().parse(words)))
        return meta.find_undeclared_variables(parsed) | _inside(parsed)
    except TemplateSyntaxError as error:
        raise UserError(
            f"{(error.message or '').rstrip('.')}, in line {error.lineno - 1} {where}", f"a prompt may use {_allowed()}"
        ) from error
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise UserError(f"what stands {where} is nested too deep", "write it flatter") from error


def _check_nodes(parsed: Any, where: str) -> None:
    from jinja2 import nodes

    for node in parsed.find_all(nodes.Node):
        if type(node).__name__ not in _NODES:
            what = type(node).__name__.lower()
            raise UserError(
                f"a prompt may say no {what}, in line {node.lineno - 1} {where}", f"it may use {_allowed()}"
            )
        if isinstance(node, nodes.Name) and node.name == _COUNT:
            raise UserError(f"{_COUNT} is no name for a value, in line {node.lineno - 1} {where}", "call it otherwise")


def _allowed() -> str:
    return f"values, if, for, comparisons, tests, and the filters {', '.join(sorted(_filters()))}"


def _inside(parsed: Any) -> set[str]:
    """What is said of names inside the column that has such."""
    from jinja2 import nodes

    found = parsed.find_all(nodes.Getattr)
    return {f"extra.{x.attr}" for x in found if isinstance(x.node, nodes.Name) and x.node.name == "extra"}


def _counted(parsed: Any) -> Any:
    """The template with loops that count."""
    from jinja2 import nodes

    for loop in parsed.find_all(nodes.For):
        counts = nodes.Getattr(nodes.Name(_COUNT, "load"), "each", "load")
        inside = 1 + sum(1 for _ in loop.find_all((nodes.Operand, nodes.Slice)))
        loop.iter = nodes.Call(counts, [loop.iter, nodes.Const(inside)], [], None, None)
    return parsed


def _sections(body: str) -> list[tuple[str, str]]:
    """Roles and their templates: cut before anything of a sample is in it, which so can begin no message."""
    parts = _ROLE.split(body)
    return list(zip(parts[1::2], parts[2::2], strict=True))


@cache
def _compiled(body: str) -> list[tuple[str, Any]]:
    made = _environment()
    return [(role, made.from_string(_counted(made.parse(words)))) for role, words in _sections(body)]


@cache
def _environment() -> Any:
    """No code, no files, no attributes of Python's objects, and an error for what is not there."""
    from jinja2 import StrictUndefined, pass_context
    from jinja2.runtime import LoopContext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        def getitem(self, obj: Any, argument: Any) -> Any:
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(obj=obj, name=argument)

        def getattr(self, obj: Any, attribute: str) -> Any:
            known = isinstance(obj, LoopContext) and attribute in _LOOP
            if known or isinstance(obj, SimpleNamespace | _Count):
                return super().getattr(obj, attribute)
            return self.getitem(obj, attribute) if isinstance(obj, Mapping) else self.undefined(obj=obj, name=attribute)

    def counting(work: Callable[..., Any]) -> Callable[..., Any]:
        @pass_context
        def filtered(context: Any, value: Any, *given: Any) -> Any:
            context[_COUNT].work(value)
            return work(value, *given)

        return filtered

    @pass_context
    def weighed(context: Any, value: Any) -> Any:
        if isinstance(value, Mapping | list | tuple) and _size(value) > MAX_CHARS:
            raise TooLong(f"it has more than {MAX_CHARS} characters")
        return value

    made = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=weighed)
    made.globals.clear()
    made.filters = {name: counting(work) for name, work in _filters().items()}
    return made


@cache
def _filters() -> Mapping[str, Callable[..., Any]]:
    return {
        "capitalize": lambda value: str(value).capitalize(),
        "count": len,
        "default": _default,
        "first": lambda values: next(iter(values), ""),
        "items": lambda values: list(values.items()),
        "join": _joined,
        "last": lambda values: values[-1] if values else "",
        "length": len,
        "list": list,
        "lower": lambda value: str(value).lower(),
        "sort": sorted,
        "title": lambda value: str(value).title(),
        "tojson": lambda value: json.dumps(value, ensure_ascii=False),
        "trim": lambda value: str(value).strip(),
        "unique": lambda values: list(dict.fromkeys(values)),
        "upper": lambda value: str(value).upper(),
    }


def _default(value: Any, other: Any = "") -> Any:
    from jinja2 import Undefined

    return other if value is None or isinstance(value, Undefined) else value


def _joined(values: Sequence[Any], between: str = "") -> str:
    words = [str(value) for value in values]
    if sum(map(len, words)) + len(words) * len(between) > MAX_CHARS:
        raise TooLong(f"it has more than {MAX_CHARS} characters")
    return between.join(words)
