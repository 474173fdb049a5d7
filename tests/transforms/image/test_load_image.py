"""Pictures to publish are upright, RGB, not too large, and say nothing but what they show."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.media import cut_off, write_picture
from support.running import run

from affectory.transforms.image.load_image import LoadImage


def load(path: Path, **parameters: Any) -> dict[str, Any]:
    result = run(LoadImage(**parameters), [{"image": {"path": str(path)}}])
    assert not result.rejected and not result.failed
    return {name: result.rows[name][0].as_py() for name in LoadImage().writes()}


def pixels(loaded: dict[str, Any]) -> Any:
    return np.asarray(Image.open(BytesIO(loaded["image"]["bytes"])))


def reason(path: Path, **parameters: Any) -> str:
    (rejected,) = run(LoadImage(**parameters), [{"image": {"path": str(path)}}]).rejected
    return rejected.reason


def _red_on_top(size: tuple[int, int] = (80, 60)) -> Image.Image:
    image = Image.new("RGB", size, "blue")
    image.paste((255, 0, 0), (0, 0, size[0], size[1] // 4))
    return image


def test_turned_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown a quarter turn clockwise
    _red_on_top().save(tmp_path / "a.jpg", exif=exif, quality=95)
    loaded = load(tmp_path / "a.jpg")
    assert (loaded["width"], loaded["height"], pixels(loaded).shape) == (60, 80, (80, 60, 3))
    assert pixels(loaded)[40, 57] == pytest.approx([255, 0, 0], abs=6)
    assert pixels(loaded)[40, 3] == pytest.approx([0, 0, 255], abs=6)


@pytest.mark.parametrize("form", ["jpeg", "png"])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_nothing_about_place_or_camera_is_left(form: str, suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "SecretCamera", "SecretComment"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0), 29: "2024:05:06"})
    options: dict[str, Any] = {"exif": exif, "icc_profile": b"SecretProfile" * 20, "xmp": b"<SecretXmp/>"}
    if suffix == "jpg":
        options["comment"] = b"SecretNote"
    path = write_picture(tmp_path / f"a.{suffix}", **options)
    assert b"Secret" in path.read_bytes()
    data = load(path, format=form)["image"]["bytes"]
    image = Image.open(BytesIO(data))
    assert not any(word in data for word in (b"Secret", b"2024", b"Exif", b"ICC", b"iCCP"))
    assert not image.getexif() and set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_large_ones_shrink_and_small_ones_stay(tmp_path: Path) -> None:
    loaded = load(write_picture(tmp_path / "a.png", (300, 100)), max_side=120)
    assert (loaded["width"], loaded["height"]) == (120, 40)
    assert load(write_picture(tmp_path / "b.png", (3000, 1)), max_side=100)["height"] == 1
    assert load(write_picture(tmp_path / "c.png", (30, 10)), max_side=120)["width"] == 30


def test_png_keeps_every_pixel(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    loaded = load(tmp_path / "a.png", format="png")
    assert loaded["image"]["format"] == "png" and np.array_equal(pixels(loaded), noise)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 128, (128, 128, 128)),
        ("I;16", 128 * 257, (128, 128, 128)),
        ("P", 0, (0, 0, 0)),
        ("1", 1, (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 255), (255, 0, 0)),
    ],
)
def test_every_mode_becomes_rgb(mode: str, colour: Any, expected: tuple[int, ...], tmp_path: Path) -> None:
    Image.new(mode, (8, 8), colour).save(tmp_path / "a.png")
    assert tuple(pixels(load(tmp_path / "a.png", format="png"))[4, 4]) == expected


def test_print_colours(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    assert pixels(load(tmp_path / "a.jpg"))[4, 4] == pytest.approx([255, 0, 0], abs=8)


def test_the_first_picture_of_an_animation(tmp_path: Path) -> None:
    reds = [Image.new("RGB", (16, 16), (red, 0, 0)) for red in (255, 0, 128)]
    reds[0].save(tmp_path / "a.gif", save_all=True, append_images=reds[1:])
    assert tuple(pixels(load(tmp_path / "a.gif", format="png"))[8, 8]) == (255, 0, 0)


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.jpg", (2000, 1500))
    assert load(path) == load(path)


def test_broken_metadata_does_not_matter(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12broken")
    assert load(path)["width"] == 80


def test_what_is_no_picture_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "words.png").write_text("not a picture")
    noise = np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "half.jpg")
    cut_off(tmp_path / "half.jpg")
    Image.fromarray(noise).save(tmp_path / "lost.avif")
    (tmp_path / "lost.avif").write_bytes((tmp_path / "lost.avif").read_bytes().replace(b"iloc", b"free"))
    names = ("empty.jpg", "words.png", "half.jpg", "lost.avif")
    found = [reason(tmp_path / name) for name in names]
    assert found == ["empty", "unreadable", "unreadable", "unreadable"]
    assert reason(write_picture(tmp_path / "a.png", (100, 100)), max_pixels=9999) == "too_large"


def test_a_picture_that_is_a_program_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    (rejected,) = run(LoadImage(), [{"image": {"path": str(path)}}]).rejected
    assert rejected.detail == "not a picture in a format that is read"


def test_what_was_cut_out_stays_so(tmp_path: Path) -> None:
    whole, crop = write_picture(tmp_path / "a.png", (80, 60)), write_picture(tmp_path / "crop.png", (20, 30))
    row = {"original": {"path": str(whole)}, "image": {"path": str(crop)}}
    (made,) = run(LoadImage(), [row]).rows.to_pylist()
    assert (made["width"], made["height"]) == (20, 30)
