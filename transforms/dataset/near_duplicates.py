"""Finds samples of the whole dataset that are nearly the same, in every modality, and says which belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, FRAMES, MEDIA
from affectory.transforms.base import ALL_KINDS, STRICT, Columns, Resources, Step
from affectory.transforms.dataset import _alike, _content, _groups, _units
from affectory.transforms.fitting import Fitted, Ground, Rows

_MEDIA = ("video", "audio", "image")


@dataclass(frozen=True)
class NearDuplicates:
    """Writes `duplicates`, the group of samples that are alike. A dialogue or set is compared as a whole."""

    __pydantic_config__ = STRICT

    text: Annotated[float | None, Field(ge=0.3, le=1, description="least share of five-word shingles in common")] = None
    image: Annotated[int | None, Field(ge=0, le=10, description="most bits of 64 in which hashes differ")] = None
    audio: Annotated[float | None, Field(ge=0.8, le=1, description="least share of a fingerprint in common")] = None
    video: Annotated[float | None, Field(gt=0, le=1, description="least share of stills that are alike")] = None
    exact: Annotated[bool, Field(description="so are samples of any kind whose content is the same")] = True
    keep: Annotated[
        Literal["groups", "all", "one"],
        Field(description="groups, all: keep all; one: reject what is alike to a sample that is kept, naming that"),
    ] = "groups"
    sets: Annotated[str | None, Field(description="key of `extra` that names matched sets")] = None

    @property
    def on(self) -> frozenset[str]:
        return ALL_KINDS if self.exact else self._compared

    @property
    def resources(self) -> Resources:
        if self._compared <= {"text"}:
            return Resources(batch_rows=4096)
        return Resources(batch_rows=16, isolated=True, timeout_s=120)

    @property
    def _compared(self) -> frozenset[str]:
        return frozenset(kind for kind in ("text", *_MEDIA) if getattr(self, kind) is not None)

    def reads(self) -> Columns:
        texts: Columns = {name: pa.string() for name in ("text", "language", "dialogue")}
        media: Columns = dict.fromkeys(("original", *_MEDIA), MEDIA) if self.on - {"text"} else {}
        return {**texts, "anchor": ANCHOR, **media, **({"frames": FRAMES} if self.video is not None else {})}

    def writes(self) -> Columns:
        return {"duplicates": pa.string()}

    def signs(self) -> Columns:
        return _content.SIGNS

    def signer(self) -> Step:
        return _content.Signer(self._compared, self.exact, self.sets)

    def told(self) -> Columns:
        return _groups.TOLD

    def memory(self) -> pa.Schema:
        return _units.MEMORY

    def fit(self, ground: Ground, memory: Sequence[Rows]) -> Fitted:
        ways = _alike.ways(self.text, self.image, self.audio, self.video)
        return _groups.fit(ground, memory, ways, self.exact, one=self.keep == "one")

    def setup(self) -> Step:
        return _groups.kept
