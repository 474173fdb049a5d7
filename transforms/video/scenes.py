"""Cuts each video into its scenes with one of PySceneDetect's detectors, in one pass of decoding."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas.types import ANCHOR, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.looking import Looker, looked
from affectory.transforms.media._limits import LONG, MAX_S
from affectory.transforms.media._parts import PART
from affectory.transforms.video._detectors import options_of


@dataclass(frozen=True)
class Scenes:
    """One sample per scene. Scenes follow each other without gap or overlap, at the exact times of their pictures."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = LONG

    detector: Annotated[
        Literal["content", "adaptive", "threshold", "hash", "histogram"],
        Field(
            description="content: a change of colour; adaptive: one that stands out from those around; threshold: fades"
            " through black; hash: another perceptual hash; histogram: another distribution of brightness"
        ),
    ] = "content"
    threshold: Annotated[
        float | None,
        Field(
            ge=0, le=255,
            description="what makes a cut. content: change, 0-255 (27); adaptive: times the change around (3);"
            " threshold: brightness, 0-255 (12); hash: share of bits, 0-1 (0.35); histogram: difference, 0-1 (0.2)",
        ),
    ] = None  # fmt: skip
    luma_only: Annotated[bool | None, Field(description="content, adaptive: look at brightness alone")] = None
    window_width: Annotated[int | None, Field(ge=1, le=100, description="adaptive: pictures on each side (2)")] = None
    min_content_val: Annotated[float | None, Field(ge=0, le=255, description="adaptive: least change (15)")] = None
    fade_bias: Annotated[
        float | None, Field(ge=-1, le=1, description="threshold: cut where it is dark (-1) to where light returns (1)")
    ] = None
    min_s: Annotated[float, Field(ge=0, description="shorter scenes join the one before, in seconds")] = 1.0
    max_s: Annotated[float, Field(ge=0.1, le=MAX_S, description="longer scenes are split evenly, in seconds")] = 30.0

    def __post_init__(self) -> None:
        options_of(self)
        if self.max_s < 2 * self.min_s:
            raise ValueError(f"max_s {self.max_s:g} must be at least twice min_s {self.min_s:g}")

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR, "sample_id": pa.string()}

    def writes(self) -> Columns:
        return PART

    def setup(self) -> Step:
        return looked(self)

    def looker(self) -> Looker:
        from affectory.transforms.video._scenes import SceneLook

        return lambda row, film: SceneLook(row, film, self)
