"""Brightness and colourfulness agree with their definitions."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.media import write_picture
from support.running import run

from affectory.transforms.base import Result
from affectory.transforms.image.brightness import Brightness


def measured(*rows: dict[str, Any]) -> list[tuple[float, float]]:
    result: Result = run(Brightness(), rows)
    assert not result.rejected and not result.failed
    columns = result.rows.select(["brightness", "colorfulness"])
    return [(row["brightness"], row["colorfulness"]) for row in columns.to_pylist()]


def image(path: Path) -> dict[str, Any]:
    return {"kind": "image", "image": {"path": str(path)}}


@pytest.mark.parametrize(
    ("colour", "brightness", "colorfulness"),
    [
        ((0, 0, 0), 0, 0),
        ((255, 255, 255), 1, 0),
        ((128, 128, 128), 128 / 255, 0),
        ((255, 0, 0), 0.299, 0.3 * (255**2 + 127.5**2) ** 0.5),
        ((0, 0, 255), 0.114, 0.3 * 255),
    ],
)
def test_plain_colours(colour: tuple[int, int, int], brightness: float, colorfulness: float, tmp_path: Path) -> None:
    (found,) = measured(image(write_picture(tmp_path / "a.png", colour=colour)))
    assert found == pytest.approx((brightness, colorfulness), abs=1e-4)


def test_spread_counts_as_colour(tmp_path: Path) -> None:
    half = Image.new("RGB", (20, 10), "red")
    half.paste("blue", (10, 0, 20, 10))
    half.save(tmp_path / "a.png")
    # By hand: across is 255 or 0, along 127.5 or -255.
    spread, centre = (127.5**2 + 191.25**2) ** 0.5, (127.5**2 + 63.75**2) ** 0.5
    assert measured(image(tmp_path / "a.png"))[0][1] == pytest.approx(spread + 0.3 * centre, abs=1e-3)


def test_a_video_is_the_mean_of_its_stills(tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / f"{level}.png", colour=(level,) * 3) for level in (0, 51, 255)]
    frames = [{"at_us": i, "path": str(path)} for i, path in enumerate(paths)]
    assert measured({"kind": "video", "frames": frames})[0] == pytest.approx((0.4, 0.0), abs=1e-6)


def test_a_video_without_stills_says_what_is_missing() -> None:
    (rejected,) = run(Brightness(), [{"kind": "video"}]).rejected
    assert rejected.reason == "unsupported" and "put `frames` before `brightness`" in rejected.detail
