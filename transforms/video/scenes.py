"""Cuts each video into its scenes, in one pass of decoding."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from affectory.schemas import ids
from affectory.schemas.types import ANCHOR, FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.media._limits import LONG, MAX_S, span
from affectory.transforms.rows import Values, by_row


@dataclass(frozen=True)
class Scenes:
    """One sample per scene. Scenes follow each other without gap or overlap, at the exact times of their pictures."""

    __pydantic_config__ = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"video"})
    resources: ClassVar[Resources] = LONG

    detector: Annotated[
        Literal["content", "adaptive"],
        Field(description="content: a change above `threshold`; adaptive: one that stands out from those around"),
    ] = "content"
    threshold: Annotated[
        float, Field(gt=0, le=255, description="mean absolute change of hue, saturation and value that is a cut, 0-255")
    ] = 27.0
    min_s: Annotated[float, Field(ge=0, description="shorter scenes join the one before, in seconds")] = 1.0
    max_s: Annotated[float, Field(ge=0.1, le=MAX_S, description="longer scenes are split evenly, in seconds")] = 30.0

    def __post_init__(self) -> None:
        if self.max_s < 2 * self.min_s:
            raise ValueError(f"max_s {self.max_s:g} must be at least twice min_s {self.min_s:g}")

    def reads(self) -> Columns:
        return {"original": MEDIA, "anchor": ANCHOR, "sample_id": pa.string()}

    def writes(self) -> Columns:
        return {
            "sample_id": pa.string(),
            "anchor": ANCHOR,
            "parent": pa.string(),
            "video": MEDIA,
            "frames": FRAMES,
            "duration_s": pa.float64(),
        }

    def setup(self) -> Step:
        return by_row(self.reads(), self.writes(), self._scenes)

    def _scenes(self, row: Values) -> list[Values]:
        from affectory.transforms.media._decode import opened
        from affectory.transforms.video._cuts import boundaries, is_cut, split, watched

        with opened(row["original"]["path"]) as container:
            times, changes = watched(container, *span(row["anchor"]))
        cuts = is_cut(changes, self.threshold, adaptive=self.detector == "adaptive")
        found = split(times, boundaries(times, cuts, round(self.min_s * 1e6)), round(self.max_s * 1e6))
        return [_scene(row, int(times[a]), int(times[b])) for a, b in pairwise(found)]


def _scene(row: Values, start_us: int, end_us: int) -> Values:
    """What was made of the whole parent is not carried over to its part."""
    anchor = {**row["anchor"], "start_us": start_us, "end_us": end_us}
    return {
        "sample_id": ids.sample_id(anchor["record"], "time", start_us, end_us),
        "anchor": anchor,
        "parent": row["sample_id"],
        "duration_s": (end_us - start_us) / 1e6,
    }
