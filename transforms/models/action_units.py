"""Facial action units of the faces in pictures and in the frames of clips, by a backend that the recipe names.

Nothing that finds them is bundled. A backend has a function `action_units(model, revision=...)` that gives a function
from pixels to one answer a face: `{"box": [x, y, width, height], "units": {"AU12": 3.5, ...}}`, intensities being 0-5.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import FRAMES, MEDIA, PLACES
from affectory.transforms.asking import composed, read_by_row
from affectory.transforms.base import STRICT, Columns, Model, Reader, Reply, Resources, Sent, Step, Whom
from affectory.transforms.files import RecipePath
from affectory.transforms.image._places import inside, place
from affectory.transforms.models import _pictures
from affectory.transforms.models._pictures import Seen
from affectory.transforms.models._units import Face
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class ActionUnits:
    """Notes `action_units`: for each unit of each face its name as `kind`, its intensity (0-5) as `score`, and a box.

    Faces go from left to right; their boxes are whole pixels of the picture, which they never leave.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=8, isolated=True, timeout_s=300)

    backend: Annotated[str, Field(description="who finds them: a backend that is installed")]
    path: Annotated[RecipePath | None, Field(description="the backend's model, below the recipe")] = None
    hub: Annotated[str | None, Field(description="or its name on the hub")] = None
    revision: Annotated[str | None, Field(description="and its commit there")] = None

    def __post_init__(self) -> None:
        _pictures.check("action_units", self)

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        return {"action_units": PLACES}

    def whom(self) -> Whom:
        return _pictures.whom("action_units", self)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        return _pictures.sends(self, rows)

    def model(self) -> Model:
        return _pictures.model("action_units", self, self.reads())

    def reader(self) -> Reader:
        return read_by_row(self.reads(), self.writes(), self._read)

    def _read(self, row: Values, reply: Reply | None) -> Values:
        places = []
        for picture, seen in _pictures.read(row, reply, Seen[Face], "action_units", self.backend):
            faces = [(inside(face.box, *seen.size), sorted(face.units.items())) for face in seen.found]
            for box, units in sorted((box, units) for box, units in faces if box):
                places += [place(unit, box, value, at_us=picture.get("at_us")) for unit, value in units]
        return {"action_units": places}

    def setup(self) -> Step:
        return composed(self)
