"""Cues that a model names: where they lie is checked against the sample, and what it does not show is dropped."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from affectory.transforms.assist._describing import Answer
from affectory.transforms.assist._quotes import found
from affectory.transforms.models._messages import Part
from affectory.transforms.rows import Values

SPLIT = ("visual", "acoustic", "textual", "emotional")
"""Kinds of cue that a description may tell of."""
_SHOWS = {"image": "visual", "video": "visual", "audio": "acoustic"}
Stretch = tuple[int, int]


class Cue(Answer):
    """One thing that tells of emotion; of a text, the words of it."""

    kind: str
    cue: str = Field(min_length=1, max_length=1000)
    quote: str = ""
    start_s: float | None = None
    end_s: float | None = None

    def place(self, text: str | None, quoted: bool, own: bool, stretch: Stretch | None) -> dict[str, Any] | None:
        """It as a place in the sample; None where it quotes what nobody says."""
        if not quoted:
            return {"kind": self.kind, "text": " ".join(self.cue.split()), **self._times(stretch)}
        at = found(self.quote or self.cue, text or "")
        if at is None:
            return None
        characters = {"char_start": at[0], "char_end": at[1]} if own else {}
        return {"kind": self.kind, "text": (text or "")[slice(*at)], **characters}

    def _times(self, stretch: Stretch | None) -> Mapping[str, int]:
        """When, in the record; nothing where that is not within the sample, which ends what goes on after it."""
        if stretch is None or self.start_s is None or self.end_s is None:
            return {}
        length = (stretch[1] - stretch[0]) / 1e6
        if not 0 <= self.start_s < length or self.end_s < self.start_s:
            return {}
        start, end = (stretch[0] + round(min(s, length) * 1e6) for s in (self.start_s, self.end_s))
        return {"start_us": start, "end_us": end}


class Cues(Answer):
    """All that are named."""

    cues: list[Cue] = Field(max_length=100)

    def places(
        self, kinds: Sequence[str], text: str | None, of: str | None, stretch: Stretch | None
    ) -> list[dict[str, Any]]:
        """Cues of these kinds as a note, each once; those of a description (`of`) quote it, whatever their kind."""
        return list({tuple(p.items()): p for p in self._places(kinds, text, of, stretch)}.values())

    def _places(self, kinds: Sequence[str], *where: Any) -> Iterator[dict[str, Any]]:
        text, of, stretch = where
        for cue in self.cues:
            if cue.kind in kinds and (
                place := cue.place(text, bool(of) or cue.kind == "textual", of in (None, "text"), stretch)
            ):
                yield place


def shows(media: Sequence[Part], text: str | None) -> list[str]:
    """The kinds of cue that can be there: nobody hears what is only shown."""
    return list(dict.fromkeys([_SHOWS[part.kind] for part in media] + (["textual"] if text else [])))


def stretch_of(row: Values) -> Stretch | None:
    """Where the sample lies in its record; None where nobody knows how long it is."""
    start, end = row["anchor"]["start_us"] or 0, row["anchor"]["end_us"]
    if end is None and row.get("duration_s") is not None:
        end = round(row["duration_s"] * 1e6)
    return (start, end) if end is not None and end > start else None
