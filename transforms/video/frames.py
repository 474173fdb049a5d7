"""Takes stills from each video sample: evenly spread, one of each shot, where most happens, or key pictures."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from affectory.schemas.types import ANCHOR, FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.looking import Looker, looked
from affectory.transforms.media._limits import LONG
from affectory.transforms.rows import Values, Work


@dataclass(frozen=True)
class Frames:
    """Writes `frames`, each with the time at which it is shown."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = LONG

    mode: Annotated[
        Literal["uniform", "scene", "motion", "keyframes"],
        Field(
            description="uniform: the middles of equal parts; scene: the middle of each shot; motion: the greatest"
            " changes from a picture to the next; keyframes: where the stream can be entered"
        ),
    ] = "uniform"
    count: Annotated[int, Field(ge=1, le=1000, description="stills per sample; fewer where it has fewer pictures")] = 3
    apart_s: Annotated[float, Field(ge=0, description="motion: at least so far apart, in seconds")] = 0.5
    max_side: Annotated[int, Field(ge=16, le=16384, description="longest side in pixels; never enlarged")] = 512
    quality: Annotated[int, Field(ge=1, le=100, description="JPEG quality")] = 90

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"frames": FRAMES}

    def setup(self) -> Step:
        sparse: dict[str, Work] = {"uniform": self._even, "keyframes": self._keys}
        return looked(self, alone=sparse.get(self.mode))

    def looker(self) -> Looker:
        from affectory.transforms.video._stills import look_of

        return lambda row, film: look_of(film, self)

    def _even(self, row: Values) -> Values:
        from affectory.transforms.media._film import film_of
        from affectory.transforms.video._stills import Stills

        stills = Stills(film_of(row), self)
        return stills.at(stills.even())

    def _keys(self, row: Values) -> Values:
        from affectory.transforms.media._film import film_of
        from affectory.transforms.video._stills import Stills

        stills = Stills(film_of(row), self)
        return stills.at(stills.keys())
