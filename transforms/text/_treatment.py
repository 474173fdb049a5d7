"""What becomes of a text in which something was found: it is kept, masked, or the row is rejected."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.transforms.base import Rejected, Result
from affectory.transforms.rows import set_column
from affectory.transforms.text._spans import Place, Replaced, Span, pointing, with_places

Action = Literal["keep", "mask", "reject", "ignore"]
Actions = Mapping[str, Action]
Finder = Callable[[str], Sequence[Span]]

STRICTNESS: Mapping[str, int] = {"reject": 0, "mask": 1, "keep": 2}
_PASSES = 4
"""What stands beside a mask may only then be seen for what it is."""


@dataclass(frozen=True)
class Treated:
    """A text after treatment, where the things found lie in it, and which of them nobody may have."""

    text: str
    places: Sequence[Place]
    steps: Sequence[Replaced] = ()
    refused: str = ""

    def moved(self, place: Place) -> Place:
        """A place that pointed into the text as it was."""
        for step in self.steps:
            place = step.moved(place)
        return place


def treated(text: str, find: Finder, actions: Actions) -> Treated:
    """Masks until there is nothing left to mask."""
    masks: list[Place] = []
    steps: list[Replaced] = []
    for _ in range(_PASSES):
        spans = find(text)
        refused = Counter(span.kind for span in spans if actions[span.kind] == "reject")
        if refused:
            return Treated(text, (), steps, ", ".join(f"{n} of kind {kind}" for kind, n in sorted(refused.items())))
        masked = [span for span in spans if actions[span.kind] == "mask"]
        kept = [span.place() for span in spans if actions[span.kind] == "keep"]
        if not masked:
            break
        step = Replaced(text, masked, [f"[{span.kind}]" for span in masked])
        masks = [step.moved(place) for place in (*masks, *(span.place() for span in masked))]
        kept = [step.moved(place) for place in kept]
        text = step.text
        steps.append(step)
    return Treated(text, sorted([*masks, *kept], key=lambda place: int(place["char_start"])), steps)


@dataclass(frozen=True)
class Treatment:
    """Treats the texts of a batch and notes what was found, in `column`, as places in the text that is published."""

    column: str
    actions: Actions

    def result(self, batch: pa.Table, finders: Sequence[Finder | None], in_segments: Sequence[Finder | None]) -> Result:
        """`finders` look into the texts of the rows, `in_segments` into what is said in their segments."""
        text = batch.column("text").to_pylist()
        done = {row: treated(text[row], find, self.actions) for row, find in enumerate(finders) if find and text[row]}
        segments, refused = self._segments(batch, in_segments, done)
        refused |= {row: t.refused for row, t in done.items() if t.refused}
        rows = with_places(batch, "segments", segments) if segments else batch
        rows = self._moved(rows, done)
        rows = set_column(rows, "text", _written(batch.column("text"), {row: t.text for row, t in done.items()}))
        none = [None if t is None else [] for t in text]
        rows = with_places(rows, self.column, [done[i].places if i in done else none[i] for i in range(len(text))])
        kept = np.setdiff1d(np.arange(batch.num_rows), list(refused)).astype(np.int64)
        rejected = tuple(Rejected(i, "filtered", f"personal data: {refused[i]}") for i in sorted(refused))
        return Result(rows.take(pa.array(kept)), kept, rejected)

    def _moved(self, rows: pa.Table, done: Mapping[int, Treated]) -> pa.Table:
        """All that pointed into a text that changed points to the same words still."""
        changed = {row: t for row, t in done.items() if t.steps}
        for name in pointing(rows) if changed else ():
            places = rows.column(name).to_pylist()
            for row, treatment in changed.items():
                places[row] = places[row] and [treatment.moved(place) for place in places[row]]
            rows = with_places(rows, name, places)
        return rows

    def _segments(
        self, batch: pa.Table, finders: Sequence[Finder | None], done: Mapping[int, Treated]
    ) -> tuple[list[Any], dict[int, str]]:
        """What is said in the segments of each row, treated alike; nothing where no row has any."""
        if batch.column("segments").null_count == batch.num_rows:
            return [], {}
        segments = batch.column("segments").to_pylist()
        refused: dict[int, str] = {}
        for row, (places, find) in enumerate(zip(segments, finders, strict=True)):
            said = [treated(p["text"] or "", find, self.actions) for p in places or ()] if find else []
            refused.update((row, t.refused) for t in said if t.refused)
            if said:
                pairs = zip(places, said, strict=True)
                segments[row] = [{**p, "text": t.text if p["text"] is not None else None} for p, t in pairs]
        return segments, refused


def _written(text: pa.ChunkedArray, new: Mapping[int, str]) -> pa.ChunkedArray:
    if not new:
        return text
    mask = np.zeros(len(text), bool)
    mask[list(new)] = True
    values = [new[row] for row in sorted(new)]
    return pc.replace_with_mask(text.combine_chunks(), pa.array(mask), pa.array(values, pa.string()))
