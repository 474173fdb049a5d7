"""The words, numbers and signs of a condition, with the columns at which they stand."""

import re
from typing import NamedTuple

from affectory.schemas.errors import UserError

LONGEST = 1_000
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)(?![\w.])|(?P<name>[A-Za-z_][\w.-]*)|(?P<word>'[^']*'|"[^"]*")"""
    r"""|(?P<operator><=|>=|==|!=|[<>=])|(?P<sign>[(),]))""",
    re.ASCII,
)


class Token(NamedTuple):
    """`kind` is number, name, word (quoted), operator, sign or end."""

    kind: str
    text: str
    column: int


def tokens(text: str) -> tuple[Token, ...]:
    """All of them, and an end."""
    found, place = [], 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _unreadable(text, place)
        given, kind = match[match.lastgroup], match.lastgroup
        column = match.start(kind) + 1
        found.append(Token(kind, given[1:-1] if kind == "word" else given, column))
        place = match.end()
    return (*found, Token("end", "", end + 1))


def _unreadable(text: str, place: int) -> UserError:
    column = place + len(text[place:]) - len(text[place:].lstrip())
    given = text[column]
    if given in "'\"":
        return UserError(f"a quote that does not end, at column {column + 1} of {text!r}", f"close it with {given}")
    return UserError(
        f"{given!r} says nothing in a condition, at column {column + 1} of {text!r}",
        "write names, numbers, 'words', < <= > >= == !=, and, or, not, commas and parentheses",
    )
