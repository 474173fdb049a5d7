"""Has a speech recognition model write down what is said in the sound of each sample."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA, PLACES
from affectory.transforms.asking import composed, read_by_row
from affectory.transforms.audio import _told
from affectory.transforms.base import STRICT, Columns, Model, Reader, Resources, Sent, Step, Whom
from affectory.transforms.files import RecipePath
from affectory.transforms.media._limits import MAX_S
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Asr:
    """Writes `text` and `language` where there are none, `segments` (kind "utterance"), and notes `words` with times,
    `asr_text` and `asr_confidence` (mean probability of the words). What goes round in circles is left out.
    """

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"audio", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=4, isolated=True, timeout_s=3600)

    path: Annotated[RecipePath | None, Field(description="folder of the model, below the recipe")] = None
    hub: Annotated[str | None, Field(description="name of the model on the hub, where there is no path")] = None
    revision: Annotated[str | None, Field(description="its commit on the hub")] = None
    download: Annotated[bool, Field(description="fetch the model from the hub where it is not on the machine")] = False
    backend: Annotated[str, Field(description="what runs the model")] = "faster_whisper"
    language: Annotated[str | None, Field(description="what is spoken, as a code; heard where null")] = None
    compute: Annotated[Literal["int8", "float32"], Field(description="how the model computes")] = "int8"
    beam: Annotated[int, Field(ge=1, le=20, description="how many readings are followed at once")] = 5
    prompt: Annotated[str | None, Field(description="names and words that may occur")] = None
    max_s: Annotated[float, Field(gt=0, le=MAX_S, description="longer samples are rejected, in seconds")] = 3600.0
    min_confidence: Annotated[float | None, Field(ge=0, le=1, description="less sure ones are rejected")] = None

    def __post_init__(self) -> None:
        _told.check("asr", self)

    def reads(self) -> Columns:
        return {**dict.fromkeys(("kind", "text", "language"), pa.string()), "original": MEDIA, "anchor": ANCHOR}

    def writes(self) -> Columns:
        text, notes = ("text", "language", "asr_text"), {"words": PLACES, "asr_confidence": pa.float64()}
        return {**dict.fromkeys(text, pa.string()), "segments": PLACES, **notes}

    def options(self) -> Values:
        return {"language": self.language, "compute": self.compute, "beam": self.beam, "prompt": self.prompt}

    def whom(self) -> Whom:
        return _told.whom("asr", self)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        return _told.sends(rows)

    def model(self) -> Model:
        return _told.model("asr", self, self.reads(), {"language": None, "segments": []})

    def reader(self) -> Reader:
        from affectory.transforms.audio._transcripts import read

        return read_by_row(self.reads(), self.writes(), partial(read, min_confidence=self.min_confidence))

    def setup(self) -> Step:
        return composed(self)
