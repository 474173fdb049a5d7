"""Rejects clips whose speaker is not seen: while somebody speaks, no face is there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.types import PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.checks._stretches import at_once, joined, shared, stretch
from affectory.transforms.rows import Reject, Values, by_row

_SPOKEN = frozenset({"speech", "utterance", "turn"})


@dataclass(frozen=True)
class OffScreen:
    """Notes `speaker_seen`, the share of the time of speech in which a face is there, and rejects less as `filtered`.

    It needs `speech` (or turns with times) and `face_tracks` before it. A clip in which nobody speaks says nothing.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = Resources(batch_rows=256)

    least: Annotated[float, Field(ge=0, le=1, description="share of the speech during which a face must be seen")] = 0.5
    faces: Annotated[int | None, Field(ge=1, description="with more faces at once nobody knows who speaks")] = None
    silent: Annotated[bool, Field(description="reject clips in which nobody speaks")] = False

    def reads(self) -> Columns:
        return {"segments": PLACES, "face_tracks": PLACES}

    def writes(self) -> Columns:
        return {"speaker_seen": pa.float64()}

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._seen)

    def _seen(self, row: Values) -> Values:
        speech = joined(s for s in map(stretch, _of_speech(row["segments"])) if s)
        spoken = sum(end - start for start, end in speech)
        if not spoken:
            if self.silent:
                raise Reject("filtered", "nobody speaks in it")
            return {"speaker_seen": None}
        tracks = row["face_tracks"] or ()
        seen = shared(speech, joined(s for s in map(stretch, tracks) if s)) / spoken
        if seen < self.least:
            raise Reject("filtered", f"a face is seen during {seen:.0%} of the speech, {self.least:.0%} asked")
        if self.faces and (most := at_once(tracks, speech)) > self.faces:
            raise Reject("filtered", f"{most} faces at once, at most {self.faces} asked: nobody knows who speaks")
        return {"speaker_seen": round(seen, 6)}


def _of_speech(places: Iterable[Mapping[str, Any]] | None) -> Iterable[Mapping[str, Any]]:
    return (place for place in places or () if place["kind"] in _SPOKEN)
