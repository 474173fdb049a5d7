"""Who speaks when in the sound of each sample, by a backend that the recipe names.

Nothing that tells speakers apart is bundled; turns that are known already come with a source, as RTTM beside its files.
A backend has a function `speaker_turns(model, revision=..., download=..., speakers=...)` that gives a function from
samples (16 kHz, mono) to turns: `[{"start": 0.5, "end": 2.1, "who": "A", "score": 0.9}, ...]`, in seconds.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.asking import composed, read_by_row
from affectory.transforms.audio import _told
from affectory.transforms.base import STRICT, Columns, Model, Reader, Reply, Resources, Sent, Step, Whom
from affectory.transforms.files import RecipePath
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class SpeakerTurns:
    """Writes `segments` (kind "turn", `who` being somebody of this sample alone) and notes `speaker_count`."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=4, isolated=True, timeout_s=3600)

    backend: Annotated[str, Field(description="who tells speakers apart: a backend that is installed")]
    path: Annotated[RecipePath | None, Field(description="the backend's model, below the recipe")] = None
    hub: Annotated[str | None, Field(description="or its name on the hub")] = None
    revision: Annotated[str | None, Field(description="and its commit there")] = None
    download: Annotated[bool, Field(description="fetch the model from the hub where it is not on the machine")] = False
    speakers: Annotated[int | None, Field(ge=1, description="how many speak, where that is known")] = None
    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer samples are rejected, in seconds")] = 3600.0

    def __post_init__(self) -> None:
        _told.check("speaker_turns", self, needs_model=False)

    def reads(self) -> Columns:
        return {"sample_id": pa.string(), "kind": pa.string(), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        return {"segments": PLACES, "speaker_count": pa.int32()}

    def options(self) -> Values:
        return {"speakers": self.speakers}

    def whom(self) -> Whom:
        return _told.whom("speaker_turns", self)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        return _told.sends(rows)

    def model(self) -> Model:
        return _told.model("speaker_turns", self, self.reads(), [])

    def reader(self) -> Reader:
        from affectory.transforms.audio._turns import turns

        def read(row: Values, reply: Reply | None) -> dict[str, Any]:
            return turns(json.loads((reply and reply.text) or ""), row)

        return read_by_row(self.reads(), self.writes(), read)

    def setup(self) -> Step:
        return composed(self)
