"""Faces are found where they are, and their boxes lie in the picture."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.media import SHARED, needs_shared, write_picture
from support.running import run

from affectory.transforms.image._places import inside
from affectory.transforms.image.faces import Faces

PORTRAIT = Path(__file__).resolve().parents[3] / "pipelines" / "recipes" / "demo" / "media" / "portrait.jpg"
PLACE = st.floats(-3000, 3000, allow_nan=False)
LENGTH = st.floats(0, 4000, allow_nan=False)
SIDE = st.integers(1, 2000)


def image(path: Path) -> dict[str, Any]:
    return {"kind": "image", "image": {"path": str(path)}}


def clip(*paths: Path) -> dict[str, Any]:
    return {"kind": "video", "frames": [{"at_us": 40_000 * i, "path": str(p)} for i, p in enumerate(paths)]}


def found(*rows: dict[str, Any], **parameters: Any) -> list[list[dict[str, Any]]]:
    result = run(Faces(**parameters), rows)
    assert not result.rejected and not result.failed
    return list(result.rows.column("faces").to_pylist())


def pasted(path: Path, size: tuple[int, int], *places: tuple[int, int, int]) -> Path:
    """A grey picture with the portrait at some places (x, y, side), which may leave it."""
    canvas = Image.new("RGB", size, (190, 190, 190))
    with Image.open(PORTRAIT) as portrait:
        for x, y, side in places:
            canvas.paste(portrait.resize((side, side)), (x, y))
    canvas.save(path)
    return path


@given(PLACE, PLACE, LENGTH, LENGTH, SIDE, SIDE)
def test_a_box_lies_in_the_picture(x: float, y: float, wide: float, high: float, width: int, height: int) -> None:
    box = inside((x, y, wide, high), width, height)
    if box is not None:
        left, top, across, down = box
        assert 0 <= left < left + across <= width and 0 <= top < top + down <= height
        assert (across, down) <= (wide + 1, high + 1)
    else:
        assert not (x + wide > 1 and y + high > 1 and x < width - 1 and y < height - 1 and wide > 1 and high > 1)


def test_a_portrait() -> None:
    [[face]] = found(image(PORTRAIT))
    x, y, width, height = face["box"]
    assert (face["kind"], face["start_us"], face["who"]) == ("face", None, None)
    assert 0.7 <= face["score"] <= 1
    points = list(zip(face["points"][::2], face["points"][1::2], strict=True))
    assert all(x < px < x + width and y < py < y + height for px, py in points)
    (right_eye, left_eye, nose, right_mouth, left_mouth) = points
    assert right_eye[0] < nose[0] < left_eye[0] and right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize("corner", [(-70, 0), (190, 0), (0, -60), (0, 150), (-70, -50), (170, 140)])
def test_a_face_cut_by_the_edge_has_its_box_inside(corner: tuple[int, int], tmp_path: Path) -> None:
    size = (333, 301)
    [faces] = found(image(pasted(tmp_path / "a.png", size, (*corner, 320))), min_score=0.3)
    assert faces
    for face in faces:
        x, y, width, height = face["box"]
        assert 0 <= x < x + width <= size[0] and 0 <= y < y + height <= size[1]


@pytest.mark.parametrize("side", [100, 320, 1500])
def test_a_box_is_in_pixels_of_the_picture_whatever_its_size(side: int, tmp_path: Path) -> None:
    [[small]] = found(image(PORTRAIT))
    [[face]] = found(image(pasted(tmp_path / "a.png", (side + 200, side + 60), (150, 30, side))))
    expected = [v * side / 320 + shift for v, shift in zip(small["box"], (150, 30, 0, 0), strict=True)]
    assert face["box"] == pytest.approx(expected, abs=0.06 * side)


def test_faces_go_from_left_to_right_and_small_ones_can_be_passed_over(tmp_path: Path) -> None:
    path = pasted(tmp_path / "a.png", (700, 320), (0, 0, 320), (330, 60, 80), (430, 20, 260))
    [faces] = found(image(path))
    left, small, right = (face["box"] for face in faces)
    assert left[0] < 330 < small[0] < 430 < right[0]
    assert 4 * small[2] == pytest.approx(left[2], abs=16)
    assert len(found(image(path), min_size=60)[0]) == 2


def test_frames_of_a_clip_have_their_times(tmp_path: Path) -> None:
    blank = write_picture(tmp_path / "blank.png")
    [faces] = found(clip(PORTRAIT, blank, PORTRAIT))
    assert [(f["start_us"], f["end_us"]) for f in faces] == [(0, 0), (80_000, 80_000)]
    assert faces[0]["box"] == faces[1]["box"]


def test_what_is_required(tmp_path: Path) -> None:
    blank = write_picture(tmp_path / "blank.png")
    two = pasted(tmp_path / "two.png", (660, 320), (0, 0, 320), (330, 0, 320))
    rows = [image(blank), image(PORTRAIT), image(two), clip(blank, PORTRAIT), clip(PORTRAIT, two), clip(blank)]
    outcomes = {
        require: [(r.row, r.reason) for r in run(Faces(require=require), rows).rejected]
        for require in ("none", "any", "one")
    }
    assert outcomes == {
        "none": [],
        "any": [(0, "no_face"), (5, "no_face")],
        "one": [(0, "no_face"), (2, "filtered"), (4, "filtered"), (5, "no_face")],
    }
    (rejected,) = run(Faces(require="one", min_size=30), [image(two)]).rejected
    assert rejected.detail == "2 faces in one picture, exactly one is wanted (min_size 30, min_score 0.7)"


def test_what_cannot_be_looked_at_says_why(tmp_path: Path) -> None:
    (tmp_path / "torn.jpg").write_bytes(PORTRAIT.read_bytes()[:3000])
    result = run(Faces(), [{"kind": "video"}, image(tmp_path / "torn.jpg"), image(PORTRAIT)])
    assert [(r.row, r.reason) for r in result.rejected] == [(0, "unsupported"), (1, "unreadable")]
    assert "put `frames` before `faces`" in result.rejected[0].detail


def test_a_row_does_not_depend_on_its_batch(tmp_path: Path) -> None:
    two = pasted(tmp_path / "two.png", (660, 320), (0, 0, 320), (330, 0, 320))
    rows = [image(PORTRAIT), clip(two, PORTRAIT), image(two)]
    assert found(*rows) == [one for row in rows for one in found(row)]


# Drawn around by eye: the middle of each face, from left to right.
REAL = {
    "pyfeat_multi_face.jpg": [(260, 120), (362, 298), (475, 262), (580, 370), (738, 350)],
    "pyfeat_single_face.jpg": [(280, 270)],
    "facerec_obama.jpg": [(495, 255)],
    "pyfeat_free-mountain-vector-01.jpg": [],
}


@needs_shared
@pytest.mark.parametrize("name", REAL)
def test_real_photographs(name: str) -> None:
    [faces] = found(image(SHARED / name))
    middles = [(f["box"][0] + f["box"][2] / 2, f["box"][1] + f["box"][3] / 2) for f in faces]
    assert len(middles) == len(REAL[name])
    for middle, expected, face in zip(middles, REAL[name], faces, strict=True):
        assert middle == pytest.approx(expected, abs=face["box"][2] / 4)
