"""Dialogues in JSON: every turn is rated, and may name the turns that caused its emotion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from affectory.transforms.ratings._causes import RECCON, Causes, Dialogue
from affectory.transforms.ratings._columns import RatingTable
from affectory.transforms.sources._columns import Problems
from affectory.transforms.sources._dialogues import DIALOGUE, POSITION, DialogueTable, Turn
from affectory.transforms.sources._tables import Chunk, Columns

_LINKED = "\0causes"
"""A column that no turn has by itself."""


@dataclass(frozen=True, kw_only=True)
class DialogueRatings(RatingTable, DialogueTable):
    """Ratings from the turns of dialogues. Causes become evidence: the turn, and the characters of its text."""

    target: Annotated[Columns | None, Field(description="columns with the key of the record, as in its source")] = (
        DIALOGUE,
        POSITION,
    )
    causes: Annotated[Causes | None, Field(description="keys that name causes; the shape reccon knows its own")] = None
    text: Annotated[str | None, Field(description="key with the text in which words of causes are looked for")] = None

    @property
    def also(self) -> tuple[str, ...]:
        return (_LINKED,) if self._causes else ()

    @property
    def _causes(self) -> Causes | None:
        return self.causes or (RECCON if self.shape == "reccon" else None)

    def _link(self, turns: Sequence[Turn]) -> None:
        if self._causes is None or self.target is None:
            return
        dialogue = Dialogue(turns, self._causes, self.target, self.text or self.usual_text)
        for turn in turns:
            try:
                turn[_LINKED] = dialogue.evidence(turn) or None
            except ValueError as error:
                turn[_LINKED] = str(error)

    def _beside(self, chunk: Chunk, problems: Problems) -> dict[str, list[Any]]:
        linked = chunk.columns.get(_LINKED, [])
        for i, found in enumerate(linked):
            if isinstance(found, str):
                problems.setdefault(i, ("bad_row", found))
        return {"evidence": [None if isinstance(found, str) else found for found in linked]} if linked else {}
