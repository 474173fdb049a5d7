"""Turns of a conversation that is written down in one text: who speaks, told by labels, dashes or lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Style = Literal["auto", "labels", "dashes", "lines"]

_CLOCK = (
    r"(?:[\[(]?(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? )?\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,3})?)?(?: ?[ap]\.?m\.?)?[\])]?"
    r"(?: ?[-\u2013\u2014] )? ?)?"
)
_NAME = r"(?P<who>[^\W\d_][\w.'’&/-]*(?: [\w.'’&/-]+){0,3})"
_LABEL = re.compile(
    rf"\s*(?:>> ?)?{_CLOCK}(?:\*\*|__)?{_NAME}(?: ?\([^()\n]{{1,40}}\))?(?:\*\*|__)? ?[:：](?:\*\*|__)?"
    r"(?:\s+|(?<=：)|$)"
    rf"|\s*{_CLOCK}<(?P<nick>[^<>\n]{{1,40}})>\s+",
    re.IGNORECASE,
)
_DASH = re.compile(r"\s*[-\u2013\u2014\u2212•]\s*(?=[^\s\d-])")
_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True)
class Turn:
    """What one speaker says without interruption; `label` is what the text calls the speaker."""

    start: int
    end: int
    label: str | None = None


def turns(text: str, style: Style = "auto") -> list[Turn]:
    """The turns of a text, without labels, dashes, times and space around them."""
    lines = [line for line in _LINE.finditer(text) if line[0].strip()]
    if style == "auto":
        style = "labels" if _opens(_LABEL, lines) else "dashes" if _opens(_DASH, lines) else "auto"
    if style == "lines":
        found = [Turn(*line.span()) for line in lines]
    elif style == "auto":
        found = [Turn(0, len(text))]
    else:
        found = list(_begun(text, lines, _LABEL if style == "labels" else _DASH))
    return [turn for given in found for turn in _stripped(text, given)]


def _opens(mark: re.Pattern[str], lines: list[re.Match[str]]) -> bool:
    """Whether the first line has the mark, and so has another."""
    return len(lines) > 1 and bool(mark.match(lines[0][0])) and any(mark.match(line[0]) for line in lines[1:])


def _begun(text: str, lines: list[re.Match[str]], mark: re.Pattern[str]) -> Iterator[Turn]:
    """From each line with the mark to the next; lines without one go on with what was said before."""
    start, label = 0, None
    for line in lines:
        begins = mark.match(text, line.start(), line.end())
        if begins:
            yield Turn(start, line.start(), label)
            named = begins.groupdict()
            start, label = begins.end(), named.get("who") or named.get("nick")
    yield Turn(start, len(text), label)


def _stripped(text: str, turn: Turn) -> Iterator[Turn]:
    said = text[turn.start : turn.end]
    if said.strip():
        begins = turn.start + len(said) - len(said.lstrip())
        yield Turn(begins, begins + len(said.strip()), turn.label)
