"""What becomes of texts in which something was found: it is kept, masked, or the row is rejected."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.derived import SAMPLES
from affectory.transforms.base import Rejected, Result
from affectory.transforms.rows import set_column
from affectory.transforms.text._spans import Place, Replaced, Span, pointing, with_places

Action = Literal["keep", "mask", "reject", "ignore"]
Actions = Mapping[str, Action]
Finder = Callable[[str], Sequence[Span]]
Finders = Callable[[pa.Array, Sequence[int]], Sequence[Finder | None]]
"""For texts and the rows that they are of: who looks into each, None where there is nothing to be found."""

STRICTNESS: Mapping[str, int] = {"reject": 0, "mask": 1, "keep": 2}
_PASSES = 4
"""What stands beside a mask may only then be seen for what it is."""


@dataclass(frozen=True)
class Treated:
    """A text after treatment, where the things found lie in it, and which of them nobody may have."""

    text: str
    places: Sequence[Place] = ()
    masks: Sequence[Place] = ()
    steps: Sequence[Replaced] = ()
    refused: str = ""

    def moved(self, place: Place) -> Place:
        """A place that pointed into the text as it was; its own text does not tell what the mask hides."""
        for step in self.steps:
            place = step.moved(place)
        start, end = place["char_start"], place["char_end"]
        if start is None or end is None or place["text"] is None:
            return place
        hidden = any(mask["char_start"] < end and mask["char_end"] > start for mask in self.masks)
        return {**place, "text": self.text[start:end]} if hidden else place


def treated(text: str, find: Finder, actions: Actions) -> Treated:
    """Masks until there is nothing left to mask."""
    masks: list[Place] = []
    kept: list[Place] = []
    steps: list[Replaced] = []
    for _ in range(_PASSES):
        spans = find(text)
        refused = Counter(span.kind for span in spans if actions[span.kind] == "reject")
        if refused:
            return Treated(text, refused=", ".join(f"{n} of kind {kind}" for kind, n in sorted(refused.items())))
        masked = [span for span in spans if actions[span.kind] == "mask"]
        kept = [span.place() for span in spans if actions[span.kind] == "keep"]
        if not masked:
            break
        step = Replaced(text, masked, [f"[{span.kind}]" for span in masked])
        masks = [step.moved(place) for place in (*masks, *(span.place() for span in masked))]
        kept = [step.moved(place) for place in kept]
        text = step.text
        steps.append(step)
    return Treated(text, sorted([*masks, *kept], key=lambda place: int(place["char_start"])), masks, steps)


@dataclass
class Treatment:
    """Treats all that a batch says in words: texts, notes, what is said in segments and other places, columns kept.

    What was found in the texts themselves, by `finders`, is noted in `column`, as places in the text that is published.
    """

    column: str
    actions: Actions
    batch: pa.Table
    finders: Finders
    elsewhere: Finders
    refused: dict[int, str] = field(default_factory=dict)

    def result(self) -> Result:
        """The batch after treatment; rows with something that nobody may have are rejected."""
        text = self.batch.column("text")
        done = self._each(text.combine_chunks(), range(self.batch.num_rows), self.finders)
        rows = set_column(self.batch, "text", _written(text, done))
        for name in pointing(rows):
            rows = self._places(rows, name, done)
        for name in (f.name for f in rows.schema if pa.types.is_string(f.type) and f.name not in SAMPLES.schema.names):
            note = rows.column(name)
            treated_notes = self._each(note.combine_chunks(), range(rows.num_rows), self.elsewhere)
            rows = set_column(rows, name, _written(note, treated_notes))
        rows = self._kept_columns(rows)
        found = [done[i].places if i in done else [] for i in range(rows.num_rows)]
        rows = with_places(rows, self.column, [f if t else None for f, t in zip(found, text.is_valid(), strict=True)])
        kept = np.setdiff1d(np.arange(rows.num_rows), list(self.refused)).astype(np.int64)
        rejected = (Rejected(i, "filtered", f"personal data: {self.refused[i]}") for i in sorted(self.refused))
        return Result(rows.take(pa.array(kept)), kept, tuple(rejected))

    def _each(self, texts: pa.Array, rows: Sequence[int], finders: Finders) -> dict[int, Treated]:
        """By index into `texts`: those into which somebody looked."""
        looking = finders(texts, rows)
        asked = [i for i, find in enumerate(looking) if find]
        given = zip(asked, texts.take(pa.array(asked, pa.int64())).to_pylist(), strict=True)
        done = {i: treated(text, find, self.actions) for i, text in given if text and (find := looking[i])}
        self.refused |= {rows[i]: t.refused for i, t in done.items() if t.refused}
        return done

    def _places(self, rows: pa.Table, name: str, done: Mapping[int, Treated]) -> pa.Table:
        """Places that pointed into texts that changed point to the same words still, and say no more than they do."""
        lists = rows.column(name).combine_chunks()
        if lists.null_count == len(lists):
            return rows
        of_row = pc.list_parent_indices(lists).to_pylist()
        said = self._each(pc.struct_field(pc.list_flatten(lists), "text"), of_row, self.elsewhere)
        changed = {row for row, t in done.items() if t.steps} | {of_row[i] for i, t in said.items() if t.steps}
        if not changed:
            return rows
        places, at = lists.to_pylist(), 0
        for row, found in enumerate(places):
            numbers = range(at, at + len(found or ()))
            at = numbers.stop
            if found and row in changed:
                own = [{**p, "text": said[i].text} if i in said else p for i, p in zip(numbers, found, strict=True)]
                places[row] = [done[row].moved(p) if row in done else p for p in own]
        return with_places(rows, name, places)

    def _kept_columns(self, rows: pa.Table) -> pa.Table:
        """Columns of the source that the recipe keeps."""
        extra = rows.column("extra").to_pylist()
        flat = [(row, i, value) for row, pairs in enumerate(extra) for i, (_, value) in enumerate(pairs or ())]
        done = self._each(
            pa.array([value for *_, value in flat], pa.string()), [row for row, *_ in flat], self.elsewhere
        )
        for index, treatment in done.items():
            row, i, _ = flat[index]
            extra[row][i] = (extra[row][i][0], treatment.text)
        return set_column(rows, "extra", pa.array(extra, rows.schema.field("extra").type)) if done else rows


def _written(text: pa.ChunkedArray, done: Mapping[int, Treated]) -> pa.ChunkedArray:
    new = {row: t.text for row, t in sorted(done.items()) if t.steps}
    if not new:
        return text
    mask = np.zeros(len(text), bool)
    mask[list(new)] = True
    return pc.replace_with_mask(text.combine_chunks(), pa.array(mask), pa.array(list(new.values()), pa.string()))
