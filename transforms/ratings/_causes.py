"""Causes of an emotion as evidence: which turn of the dialogue, and which words of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._tables import ColumnName, Columns, flat, joined

CAUSE, BACKGROUND = "cause", "background"


@dataclass(frozen=True, kw_only=True)
class Causes:
    """Which keys of a turn name its causes."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    turns: Annotated[ColumnName, Field(description="key with the list of turns that are causes, by their numbers")]
    spans: Annotated[ColumnName | None, Field(description="key with the words of each that are, in the same order")] = (
        None
    )
    numbers: Annotated[ColumnName, Field(description="key with the number that turns are called by")] = "turn"
    background: Annotated[
        tuple[str, ...], Field(description="what stands in place of a number where the cause lies outside the dialogue")
    ] = ("b",)

    def wanted(self) -> tuple[str, ...]:
        return flat((self.turns, self.spans, self.numbers))


RECCON = Causes(turns="expanded emotion cause evidence", spans="expanded emotion cause span")


@dataclass(frozen=True)
class Dialogue:
    """The turns of one dialogue: how they are called, keyed and what they say."""

    turns: Sequence[Mapping[str, Any]]
    causes: Causes
    key: Columns
    text: str

    def evidence(self, turn: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The causes of a turn's emotion; raises `ValueError` where one cannot be found."""
        named = turn.get(self.causes.turns) or []
        spans = turn.get(self.causes.spans) if self.causes.spans else None
        if not isinstance(named, list) or (spans is not None and not isinstance(spans, list)):
            raise ValueError(f"{self.causes.turns!r} and its words are lists")
        if spans is not None and len(spans) != len(named):
            raise ValueError(f"{len(named)} causes, but words of {len(spans)}")
        return [self._cause(turn, n, spans[i] if spans is not None else None) for i, n in enumerate(named)]

    def _cause(self, turn: Mapping[str, Any], number: Any, span: Any) -> dict[str, Any]:
        if isinstance(number, str) and number in self.causes.background:
            return {"kind": BACKGROUND}
        other = self._called(number)
        place = {"kind": CAUSE, "key": None if other is turn else key_of(other, self.key)}
        if span is None:
            return place
        start, end = located(columns.text(span), columns.text(other.get(self.text)), number)
        return {**place, "char_start": start, "char_end": end}

    def _called(self, number: Any) -> Mapping[str, Any]:
        wanted = columns.whole(number)
        found = [t for t in self.turns if wanted is not None and t.get(self.causes.numbers) in (wanted, str(wanted))]
        if len(found) != 1:
            raise ValueError(f"the cause {number!r} is {'no' if not found else 'more than one'} turn of the dialogue")
        return found[0]


def key_of(turn: Mapping[str, Any], key: Columns) -> str:
    found = columns.name(joined([turn.get(name) for name in key]) if not isinstance(key, str) else turn.get(key))
    if found is None:
        raise ValueError("the turn that is the cause has no key")
    return found


def located(span: str, text: str, number: Any) -> tuple[int, int]:
    """The first place of a span in a text; spaces between words may differ."""
    pattern = r"\s+".join(map(re.escape, span.split()))
    found = re.search(re.escape(span), text) or (re.search(pattern, text) if pattern else None)
    if found is None or not span:
        raise ValueError(f"{columns.quoted(span)} are not words of turn {number}")
    return found.start(), found.end()
