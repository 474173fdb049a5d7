"""What is wrong with a recipe: every mistake with its place, what was given, what is allowed, and a way out."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from affectory.schemas.errors import AffectoryError, Exit

KeyPath = tuple[str | int, ...]
"""Where a value lies in a recipe: names of keys and places in lists, counted from 0."""

COMMAND_LINE = "--set"
"""Stands for the file where a value came from the command line."""

LONGEST = 120


@dataclass(frozen=True)
class Problem:
    """One mistake. `line` and `column` count from 1; 0 means that there is no such place (a missing file, `--set`)."""

    file: str
    line: int
    column: int
    key: str
    message: str
    given: str = ""
    allowed: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join([shown(self.file), *(str(n) for n in (self.line, self.column) if n)])
        head = ": ".join(part for part in (place, self.key, self.message) if part)
        more = (("given: ", self.given), ("allowed: ", self.allowed), ("", self.hint))
        return printable("".join([head, *(f"\n    {label}{text}" for label, text in more if text)]))


@dataclass(eq=False)
class RecipeProblems(AffectoryError):
    """A recipe cannot be used; all its mistakes, in the order of their places."""

    exit_code = Exit.USER
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    def facts(self) -> dict[str, Any]:
        return {"error": type(self).__name__, "problems": [asdict(problem) for problem in self.problems]}


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted by file, line and column, each problem once."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line, p.column, p.key)))


def format_key(path: KeyPath) -> str:
    """`publish.splits.train`, `ingest[1].scenes`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def describe(value: Any) -> str:
    """A value as JSON on one line, shortened."""
    if value is None:
        return "nothing (null)"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """A hint naming the nearest of `allowed`, or nothing."""
    names = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(given.lower(), names, n=1, cutoff=0.6)
    return f"did you mean: {names[near[0]]}?" if near else ""


def shown(file: str) -> str:
    """A file as a person sees it: relative when it lies below the current directory."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def printable(text: str) -> str:
    """Text that any UTF-8 terminal takes, even where a file name or an argument was not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
