"""Dialogues in JSON: every turn is a record with its speaker and its place."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from affectory.transforms.sources._dialogues import DIALOGUE, POSITION, DialogueTable
from affectory.transforms.sources._records import RecordTable
from affectory.transforms.sources._tables import ColumnName, Columns


@dataclass(frozen=True, kw_only=True)
class DialoguesSource(RecordTable, DialogueTable):
    """Text records from the turns of dialogues. "A" in two dialogues are two people, unless `speaker` is one column."""

    key: Annotated[Columns | None, Field(description="columns with a turn's own key")] = (DIALOGUE, POSITION)
    speaker: Annotated[Columns | None, Field(description="column with who speaks, or with the dialogue before it")] = (
        DIALOGUE,
        "speaker",
    )
    dialogue: Annotated[Columns | None, Field(description="column with the dialogue it belongs to")] = DIALOGUE
    position: Annotated[ColumnName | None, Field(description="column with its place in the dialogue")] = POSITION

    @property
    def _text(self) -> str | None:
        return self.text or (None if self.names_media else self.usual_text)
