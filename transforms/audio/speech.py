"""Finds where somebody speaks in the sound of each sample: the stretches that `cut` makes utterances of."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.audio._hearing import HEARING
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.rows import Reject, Values, by_row

_USUAL = {"silero": (0.5, 0.25, 0.1), "energy": (35.0, 0.05, 0.06)}
Seconds = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class Speech:
    """Writes `segments` of kind "speech" in place of those there were, and notes `speech_s` and `speech_share`.

    Where a number is null it is what the backend's authors use. A video without sound has no speech.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = HEARING

    backend: Annotated[
        Literal["silero", "energy"],
        Field(description="silero: a small network; energy: what is loud for this sound is speech"),
    ] = "silero"
    threshold: Annotated[
        float | None,
        Field(gt=0, description="silero: probability from which it is speech (0.5); energy: dB below the loudest (35)"),
    ] = None
    min_speech_s: Annotated[Seconds | None, Field(description="shorter stretches are none, in seconds")] = None
    min_pause_s: Annotated[Seconds | None, Field(description="shorter pauses are none, in seconds")] = None
    pad_s: Annotated[Seconds, Field(description="kept of a pause around a stretch, up to half of it")] = 0.03
    max_s: Annotated[
        float | None, Field(ge=0.5, le=MAX_S, description="longer stretches are cut at their deepest pause, in seconds")
    ] = None
    require: Annotated[bool, Field(description="reject samples in which nobody speaks")] = False

    def __post_init__(self) -> None:
        if self.backend == "silero" and self.threshold is not None and self.threshold >= 1:
            raise ValueError(f"threshold {self.threshold:g} is no probability; silero takes one between 0 and 1")

    def reads(self) -> Columns:
        return {"kind": pa.string(), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"segments": PLACES, "speech_s": pa.float64(), "speech_share": pa.float64()}

    def setup(self) -> Step:
        from affectory.transforms.audio import _voice
        from affectory.transforms.audio._spoken import Rule, spoken
        from affectory.transforms.audio._working import heard

        given = (self.threshold, self.min_speech_s, self.min_pause_s)
        threshold, least, pause = (u if g is None else g for g, u in zip(given, _USUAL[self.backend], strict=True))
        detect = _voice.silero(threshold) if self.backend == "silero" else _voice.energy(threshold)
        rule = Rule(least, pause, self.pad_s, self.max_s)

        def work(row: Values) -> Values:
            sound = heard(row)
            found = spoken(sound, detect, rule) if sound else {}
            if self.require and not found.get("segments"):
                raise Reject("no_speech", "nobody speaks in it" if sound else "no sound in it")
            return found

        return by_row(self.reads(), self.writes(), work)
