"""Parts of pictures become samples: their boxes lie in the record's picture, their crops in the published one."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.media import numbered
from support.running import run

from affectory.schemas import ids
from affectory.transforms.base import Result
from affectory.transforms.image._crops import Cut, scaled
from affectory.transforms.image.crops import Crops

SIZE = (200, 100)


def coordinates(path: Path, size: tuple[int, int] = SIZE, **options: Any) -> Path:
    """A picture whose red and green say where a pixel lies: x and y."""
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    Image.fromarray(np.stack([across, down, 0 * down], axis=-1).astype(np.uint8)).save(path, **options)
    return path


def image(original: Path, published: Path | None = None, **columns: Any) -> dict[str, Any]:
    return {
        "kind": "image",
        "original": {"path": str(original)},
        "image": {"path": str(published or original), "asset": "whole"},
        **columns,
    }


def at(*box: float, kind: str = "face", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "box": list(box), "score": 0.9, **more}


def parts(row: dict[str, Any], **parameters: Any) -> list[dict[str, Any]]:
    result: Result = run(Crops(**{"format": "png", **parameters}), [row])
    assert not result.rejected and not result.failed
    return list(result.rows.to_pylist(maps_as_pydicts="strict"))


def pixels(media: dict[str, Any]) -> Any:
    return np.asarray(Image.open(BytesIO(media["bytes"])))


def region(part: dict[str, Any]) -> tuple[int, int, int, int]:
    """Which part of a picture made by `coordinates` a crop shows: first and last column and row."""
    seen = pixels(part["image"])
    return seen[0, 0, 0], seen[0, -1, 0], seen[0, 0, 1], seen[-1, 0, 1]


BOXES = st.tuples(st.integers(0, 190), st.integers(0, 90), st.integers(1, 200), st.integers(1, 100))


@settings(max_examples=200, deadline=None)
@given(BOXES, st.floats(0, 4), st.booleans(), st.integers(1, 300), st.integers(1, 300))
def test_a_crop_lies_in_the_picture_and_holds_its_box(
    box: Any, margin: float, square: bool, width: int, height: int
) -> None:
    x, y = min(box[0], width - 1), min(box[1], height - 1)
    inner = (x, y, min(box[2], width - x), min(box[3], height - y))
    left, top, across, down = Cut(margin, square, "png", 512).around(inner, width, height)
    assert 0 <= left <= x and x + inner[2] <= left + across <= width
    assert 0 <= top <= y and y + inner[3] <= top + down <= height
    if square and max(across, down) <= min(width, height):
        assert abs(across - down) <= 1


SIDES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


@settings(max_examples=300, deadline=None)
@given(SIDES, SIDES, st.data())
def test_a_box_lies_in_the_picture_at_any_size(of: tuple[int, int], to: tuple[int, int], data: st.DataObject) -> None:
    x, y = (data.draw(st.integers(0, side - 1)) for side in of)
    box = (x, y, data.draw(st.integers(1, of[0] - x)), data.draw(st.integers(1, of[1] - y)))
    left, top, across, down = scaled(box, of, to)
    assert 0 <= left < left + across <= to[0] and 0 <= top < top + down <= to[1]
    assert scaled(box, of, of) == box
    assert abs(left / to[0] - x / of[0]) <= 1 / to[0] and abs(down / to[1] - box[3] / of[1]) <= 1 / to[1]


def test_the_box_with_its_margin(tmp_path: Path) -> None:
    row = image(coordinates(tmp_path / "a.png"), faces=[at(40, 30, 20, 10)])
    [plain], [wide], [square] = parts(row, margin=0), parts(row, margin=0.5), parts(row, margin=0.5, square=True)
    assert region(plain) == (40, 59, 30, 39)
    assert region(wide) == (30, 69, 20, 49)
    assert region(square) == (30, 69, 15, 54)
    assert (square["width"], square["height"]) == (40, 40)
    assert plain["anchor"]["box"] == wide["anchor"]["box"] == [40, 30, 20, 10]


def test_a_sample_for_each_place_is_known_by_its_coordinates(tmp_path: Path) -> None:
    row = image(coordinates(tmp_path / "a.png"), faces=[at(40, 30, 20, 10), at(100, 5, 30, 30), at(40, 30, 20, 10)])
    first, second = parts(row)
    assert first["sample_id"] == ids.sample_id("r_0", "time", None, None, "box", 40, 30, 20, 10)
    assert second["sample_id"] == parts(row, margin=0, square=True)[1]["sample_id"] != first["sample_id"]
    assert first["parent"] == second["parent"] == ids.sample_id("r_0")


def test_boxes_are_told_in_pixels_of_the_record(tmp_path: Path) -> None:
    """The published picture is half as large and upright; the record is stored on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    original = tmp_path / "original.png"
    Image.new("RGB", SIZE[::-1]).save(original, exif=exif)
    with Image.open(original) as stored:
        assert stored.size == SIZE[::-1]
    published = coordinates(tmp_path / "published.png", (100, 50))
    [part] = parts(image(original, published, faces=[at(10, 20, 16, 12, points=[12.0, 25.0])]), margin=0)
    assert part["anchor"]["box"] == [20, 40, 32, 24]
    assert region(part) == (10, 25, 20, 31)
    [face] = part["faces"]
    assert (face["box"], face["points"]) == ([0, 0, 16, 12], [2.0, 5.0])


def test_the_place_is_kept_in_pixels_of_the_part(tmp_path: Path) -> None:
    row = image(coordinates(tmp_path / "a.png"), faces=[at(40, 30, 80, 40, points=[50.0, 40.0])])
    [part] = parts(row, margin=0.25, max_side=60)
    assert (part["width"], part["height"]) == (60, 40)
    [face] = part["faces"]
    assert face["box"] == [10, 10, 40, 20] and face["points"] == [15.0, 15.0]


def test_segments_are_boxes_of_the_record_and_say_who(tmp_path: Path) -> None:
    original = coordinates(tmp_path / "a.png")
    with Image.open(original) as whole:
        whole.resize((100, 50)).save(tmp_path / "b.png")
    people = [at(150, 20, 80, 40, who="p_1", text="smiles"), at(20, 20, 9, 9), {"kind": "turn", "start_us": 0}]
    row = image(original, tmp_path / "b.png", segments=people, speaker="p_0", text="a street")
    first, second = parts(row, of="segments", margin=0)
    assert first["anchor"]["box"] == [150, 20, 50, 40]
    assert (first["width"], first["height"]) == (25, 20)
    assert [(p["speaker"], p["text"]) for p in (first, second)] == [("p_1", "smiles"), ("p_0", "a street")]


def test_the_whole_can_stay(tmp_path: Path) -> None:
    row = image(coordinates(tmp_path / "a.png"), persons=[at(40, 30, 20, 10, kind="person")])
    whole, person = parts(row, of="persons", keep_whole=True)
    assert (whole["anchor"]["box"], whole["image"]["asset"], whole["image"]["bytes"]) == (None, "whole", None)
    assert (whole["width"], whole["height"]) == SIZE and len(whole["persons"]) == 1
    assert person["parent"] == whole["sample_id"] != person["sample_id"]
    [alone] = parts({**row, "persons": []}, of="persons", keep_whole=True)
    assert alone["sample_id"] == whole["sample_id"]


@pytest.mark.parametrize(
    ("of", "places", "reason"),
    [
        ("faces", [], "no_face"),
        ("faces", None, "no_face"),
        ("persons", [], "no_person"),
        ("segments", [{"kind": "speech"}], "no_segments"),
        ("segments", [at(300, 10, 20, 20)], "bad_row"),
    ],
)
def test_a_picture_without_parts_is_rejected(of: Any, places: Any, reason: str, tmp_path: Path) -> None:
    (rejected,) = run(Crops(of=of), [image(coordinates(tmp_path / "a.png"), **{of: places})]).rejected
    assert rejected.reason == reason


def test_parts_of_parts_are_refused(tmp_path: Path) -> None:
    row = image(coordinates(tmp_path / "a.png"), faces=[at(1, 1, 9, 9)], anchor={"box": [0, 0, 50, 50]})
    (rejected,) = run(Crops(), [row]).rejected
    assert rejected.reason == "unsupported" and "in one step" in rejected.detail


def test_only_images_keep_the_whole() -> None:
    with pytest.raises(ValueError, match="keep_whole is for images"):
        Crops(of="face_tracks", keep_whole=True)
    assert (Crops().on, Crops(of="face_tracks").on) == ({"image"}, {"video"})


def film(path: Path, count: int = 12) -> Path:
    """Ten numbered pictures a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 192, 144, "yuv420p"
        stream.codec_context.thread_count, stream.codec_context.time_base = 1, Fraction(1, 10)
        for number in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(number), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_a_followed_face_is_a_sample_with_stills_of_its_own(tmp_path: Path) -> None:
    """The strip with the number is what is followed, and each still shows the number of its picture."""
    looks = [(n * 200_000, (n + 1) * 200_000) for n in range(6)]
    strip = [at(0, n % 3, 192, 30, who="face-1", start_us=a, end_us=b) for n, (a, b) in enumerate(looks)]
    other = [at(100, 90, 20, 20 + n, who="face-2", start_us=a, end_us=b) for n, (a, b) in enumerate(looks[1:4])]
    row = {"kind": "video", "original": {"path": str(film(tmp_path / "a.mp4"))}, "video": {"asset": "clip"}}
    found = parts({**row, "face_tracks": [*strip, *other]}, of="face_tracks", margin=0, count=2)
    assert [(f["anchor"]["start_us"], f["anchor"]["end_us"]) for f in found] == [(0, 1_200_000), (200_000, 800_000)]
    assert [f["anchor"]["box"] for f in found] == [[0, 0, 192, 32], [100, 90, 20, 22]]
    assert [f["duration_s"] for f in found] == [pytest.approx(1.2), pytest.approx(0.6)]
    assert [{p["who"] for p in f["face_tracks"]} for f in found] == [{"face-1"}, {"face-2"}]
    assert all(f["video"] is None and f["parent"] == ids.sample_id("r_0") for f in found)
    stills = found[0]["frames"]
    assert [still["at_us"] for still in stills] == [200_000, 800_000]
    for still in stills:
        picture = np.full((144, 192, 3), 128, np.uint8)
        top = still["at_us"] // 200_000 % 3
        picture[top : top + 30] = pixels(still)
        assert np.abs(picture[8:24].astype(int) - numbered(still["at_us"] // 100_000)[8:24]).mean() < 12


@pytest.mark.parametrize(("stretch", "times"), [((300_000, 700_000), (400_000, 700_000)), ((900_000, 1_000_000), None)])
def test_of_a_stretch_that_was_cut_since_only_its_own_looks_count(stretch: Any, times: Any, tmp_path: Path) -> None:
    looks = [at(0, 0, 40, 40, who="face-1", start_us=n * 200_000, end_us=(n + 1) * 200_000) for n in range(4)]
    row = {"kind": "video", "original": {"path": str(film(tmp_path / "a.mp4"))}, "face_tracks": looks}
    result = run(Crops(of="face_tracks"), [{**row, "anchor": dict(zip(("start_us", "end_us"), stretch, strict=True))}])
    found = [(a["start_us"], a["end_us"]) for a in result.rows.column("anchor").to_pylist()]
    assert found == ([times] if times else [])
    assert [r.reason for r in result.rejected] == ([] if times else ["no_face"])
