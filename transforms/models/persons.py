"""Finds the people in pictures and in the frames of clips, by a backend that the recipe names.

`hog`, which comes with OpenCV, finds people who stand or walk in full view, and misses most others. Another backend
has a function `persons(model, revision=...)` that gives a function from pixels to pairs of a box and a score.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import FRAMES, MEDIA, PLACES
from affectory.transforms.asking import composed, read_by_row
from affectory.transforms.base import STRICT, Columns, Model, Reader, Reply, Resources, Sent, Step, Whom
from affectory.transforms.files import RecipePath
from affectory.transforms.image._places import Require, demand, inside, most, place
from affectory.transforms.models import _pictures
from affectory.transforms.models._pictures import Seen
from affectory.transforms.rows import Values

_Found = tuple[tuple[float, float, float, float], float]


@dataclass(frozen=True)
class Persons:
    """Notes `persons`, from left to right: boxes in whole pixels of the picture, which they never leave, and scores."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=8, isolated=True, timeout_s=120)

    backend: Annotated[str, Field(description="who finds them: hog, or a backend that is installed")] = "hog"
    path: Annotated[RecipePath | None, Field(description="the backend's model, below the recipe")] = None
    hub: Annotated[str | None, Field(description="or its name on the hub")] = None
    revision: Annotated[str | None, Field(description="and its commit there")] = None
    min_score: Annotated[float, Field(description="on the backend's own scale; hog's goes from 0 to about 4")] = 1.0
    min_size: Annotated[int, Field(ge=1, description="smaller ones are passed over: pixels of the shorter side")] = 16
    require: Annotated[
        Require, Field(description="any: no sample without a person; one: exactly one in every picture that shows any")
    ] = "none"

    def __post_init__(self) -> None:
        _pictures.check("persons", self)

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        return {"persons": PLACES}

    def whom(self) -> Whom:
        return _pictures.whom("persons", self)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        return _pictures.sends(self, rows)

    def model(self) -> Model:
        return _pictures.model("persons", self, self.reads())

    def reader(self) -> Reader:
        return read_by_row(self.reads(), self.writes(), self._read)

    def _read(self, row: Values, reply: Reply | None) -> Values:
        places: list[dict[str, Any]] = []
        for picture, seen in _pictures.read(row, reply, Seen[_Found], "persons", self.backend):
            boxes = [(inside(box, *seen.size), score) for box, score in seen.found if score >= self.min_score]
            found = sorted((box, score) for box, score in boxes if box and min(box[2:]) >= self.min_size)
            places += [place("person", box, score, at_us=picture.get("at_us")) for box, score in found]
        demand(self.require, most(places), "person", f"min_size {self.min_size}, min_score {self.min_score:g}")
        return {"persons": places}

    def setup(self) -> Step:
        return composed(self)
