"""Cuts each text that holds a conversation into what each speaker says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT, Columns, Resources, Result, Step
from affectory.transforms.rows import Values
from affectory.transforms.text._cutting import READS, WRITES, Part, cut
from affectory.transforms.text._dialogues import Style, turns

_KNOWN: Columns = {"speaker": pa.string(), "dialogue": pa.string(), "position": pa.int32()}


@dataclass(frozen=True)
class Utterances:
    """One sample per turn, with speaker and position; its anchor says where it lies in the text of its record.

    What a text calls its speakers is not published: each gets a label of its own, good for this text alone. Where the
    source told speaker, dialogue or position of the whole, turns without a label, and all turns, keep these.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    style: Annotated[
        Style,
        Field(
            description="labels: `Anna: ...`, `[14:05] Anna: ...`, `<anna> ...`; dashes: `- ...`; lines: each is one; "
            "auto: labels or dashes where the first line and another have them, else the text is one turn"
        ),
    ] = "auto"
    roles: Annotated[
        tuple[str, ...],
        Field(description="labels that are no names and may be published, as [therapist, client]: in the note `role`"),
    ] = ()

    def reads(self) -> Columns:
        return {**READS, **_KNOWN}

    def writes(self) -> Columns:
        return {**WRITES, **_KNOWN, **({"role": pa.string()} if self.roles else {})}

    def setup(self) -> Step:
        def step(batch: pa.Table) -> Result:
            rows = batch.select(list(self.reads())).to_pylist()
            return cut(batch, [list(self._parts(row)) for row in rows], self.writes())

        return step

    def _parts(self, row: Values) -> Iterator[Part]:
        numbers: dict[str, int] = {}
        roles = {role.casefold(): role for role in self.roles}
        found = turns(row["text"] or "", self.style)
        dialogue = row["anchor"]["record"] if len(found) > 1 else None
        for position, turn in enumerate(found):
            label = turn.label.casefold() if turn.label else None
            number = numbers.setdefault(label, len(numbers) + 1) if label else None
            also = {
                "speaker": f"{row['sample_id']}-{number}" if number else row["speaker"],
                "dialogue": row["dialogue"] or dialogue,
                "position": position if row["position"] is None else row["position"],
                "role": roles.get(label or ""),
            }
            yield Part(turn.start, turn.end, also)
