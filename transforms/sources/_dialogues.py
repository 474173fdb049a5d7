"""Tables of the turns of dialogues that a JSON document holds."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from affectory.schemas.ids import canonical
from affectory.transforms.sources._documents import at, document, flattened, unfit
from affectory.transforms.sources._tables import Chunk, Pending, Table
from affectory.transforms.sources.base import Limits, Refused, SourceFile

Turn = dict[str, Any]
DIALOGUE, POSITION = "dialogue", "position"
"""Columns that every turn has: the id of its dialogue, and its place there from 0."""


class Shape(NamedTuple):
    """Where a published form of dialogues has its turns, and what it calls their text."""

    turns: str
    text: str


SHAPES = {"plain": Shape("", "text"), "reccon": Shape("0", "utterance"), "esconv": Shape("dialog", "content")}


@dataclass(frozen=True, kw_only=True)
class DialogueTable(Table):
    """The turns of dialogues, one a row. Columns are the keys of a turn (those of objects inside it as `a.b`),
    `dialogue` and `position`, and what the dialogue says of itself as `dialogue.situation`."""

    shape: Annotated[
        Literal["plain", "reccon", "esconv"],
        Field(description="how the dialogues are laid out, where it is a known way"),
    ] = "plain"
    dialogues: Annotated[
        str, Field(description="where in the document the dialogues are (data.dialogues); they are a list or by id")
    ] = ""
    turns: Annotated[
        str | None, Field(description="where in a dialogue its list of turns is; by default it is that list")
    ] = None
    number: Annotated[
        str | None,
        Field(description="where in a dialogue its own id is; by default its key, or a hash of the dialogue in a list"),
    ] = None

    @staticmethod
    def endings() -> tuple[str, ...]:
        return "*.json", "*.json.gz"

    @property
    def usual_text(self) -> str:
        return SHAPES[self.shape].text

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        found = document(file, limits)
        if isinstance(found, Refused):
            yield Chunk(refused=(found,))
            return
        dialogues = at(found, self.dialogues)
        if not isinstance(dialogues, Mapping | list):
            where = repr(self.dialogues) if self.dialogues else "the document"
            yield Chunk(refused=(Refused(file.uri, "bad_row", f"{where} is neither a list of dialogues nor has any"),))
            return
        pending: Pending[Turn] = Pending(file.uri)
        number = 1
        for name, dialogue in dialogues.items() if isinstance(dialogues, Mapping) else self._named(dialogues):
            number = self._take(name, dialogue, number, limits, pending)
            if pending.full():
                yield _chunk(pending, wanted)
                pending = Pending(file.uri)
        yield _chunk(pending, wanted)

    def _named(self, dialogues: Iterable[Any]) -> Iterator[tuple[str, Any]]:
        """Dialogues of a list by what they hold: their places would name those of other files alike."""
        seen = Counter[str]()
        for dialogue in dialogues:
            name = hashlib.blake2b(_spelled(dialogue).encode(), digest_size=8).hexdigest() if not self.number else ""
            seen[name] += 1
            yield name if seen[name] == 1 else f"{name}-{seen[name]}", dialogue

    def _take(self, name: str, dialogue: Any, number: int, limits: Limits, pending: Pending[Turn]) -> int:
        """The turns of a dialogue, from a number that is the next one's; without turns it is one refusal."""
        path = SHAPES[self.shape].turns if self.turns is None else self.turns
        turns = at(dialogue, path)
        name = name if self.number is None else at(dialogue, self.number)
        if not isinstance(turns, list) or not turns or type(name) not in (str, int):
            what = (
                "has no id" if isinstance(turns, list) and turns else f"has no turns{f' at {path!r}' if path else ''}"
            )
            pending.refuse(number, "bad_row", f"the dialogue {name!r} {what}", dialogue)
            return number + 1
        beside = _beside(dialogue, path)
        rows = [{**flattened(t), **beside} if isinstance(t, Mapping) else None for t in turns]
        for place, row in enumerate(rows):
            if row is not None:
                row |= {DIALOGUE: str(name), POSITION: place}
        self._link([row for row in rows if row is not None])
        for place, (row, turn) in enumerate(zip(rows, turns, strict=True)):
            _add(row, turn, number + place, limits, pending)
        return number + len(turns)

    def _link(self, turns: Sequence[Turn]) -> None:
        """What a kind adds to the turns of a dialogue from its other turns."""


_spelled = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""Spells also what no table holds, such as half a sign: that costs its turn, and not its dialogue."""


def _beside(dialogue: Any, path: str) -> dict[str, Any]:
    if not isinstance(dialogue, Mapping):
        return {}
    own = {name: value for name, value in dialogue.items() if name != path.partition(".")[0]}
    return {f"{DIALOGUE}.{name}": value for name, value in flattened(own).items()}


def _add(row: Turn | None, turn: Any, number: int, limits: Limits, pending: Pending[Turn]) -> None:
    wrong = unfit(turn if row is None else row)
    size = 0 if wrong else len(canonical(turn).encode())
    if wrong:
        pending.refuse(number, *wrong, turn)
    elif row is None:
        pending.refuse(number, "bad_row", f"a turn is an object, this is {type(turn).__name__}", turn)
    elif size > limits.row_bytes:
        pending.refuse(number, "too_large", f"the turn is longer than {limits.row_bytes:,} bytes", None)
    else:
        pending.add(number, row, size)


def _chunk(pending: Pending[Turn], wanted: Sequence[str]) -> Chunk:
    return pending.chunk({name: [row.get(name) for row in pending.rows] for name in wanted}, dict)
