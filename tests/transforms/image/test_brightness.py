"""Brightness, colourfulness, saturation and hue agree with their definitions."""

import colorsys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.media import write_picture
from support.running import run

from affectory.transforms.image._measures import look, mean
from affectory.transforms.image.brightness import Brightness

BYTE = st.integers(0, 255)
COLOUR = st.tuples(BYTE, BYTE, BYTE)


def measured(*rows: dict[str, Any], **parameters: Any) -> list[dict[str, Any]]:
    stage = Brightness(**parameters)
    result = run(stage, rows)
    assert not result.rejected and not result.failed
    return list(result.rows.select(list(stage.writes())).to_pylist())


def image(path: Path) -> dict[str, Any]:
    return {"kind": "image", "image": {"path": str(path)}}


def plain(*colours: tuple[int, int, int]) -> Any:
    """A picture of equal stripes."""
    return np.repeat(np.array([colours], np.uint8), 4, axis=0)


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
    assert (found["brightness"], found["colorfulness"]) == pytest.approx((brightness, colorfulness), abs=1e-4)


def test_spread_counts_as_colour(tmp_path: Path) -> None:
    half = Image.new("RGB", (20, 10), "red")
    half.paste("blue", (10, 0, 20, 10))
    half.save(tmp_path / "a.png")
    # By hand: across is 255 or 0, along 127.5 or -255.
    spread, centre = (127.5**2 + 191.25**2) ** 0.5, (127.5**2 + 63.75**2) ** 0.5
    assert measured(image(tmp_path / "a.png"))[0]["colorfulness"] == pytest.approx(spread + 0.3 * centre, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(COLOUR)
def test_hue_and_saturation_of_a_plain_colour_are_those_of_hsv(colour: tuple[int, int, int]) -> None:
    hue, saturation, value = colorsys.rgb_to_hsv(*(c / 255 for c in colour))
    found = look(plain(colour))
    assert found.saturation == pytest.approx(saturation, abs=1e-3)
    if saturation > 0.13 and value > 0.13:
        assert found.hue is not None and 0 <= found.hue < 360
        assert abs((found.hue - hue * 360 + 180) % 360 - 180) < 0.2
    elif saturation < 0.12 or value < 0.12:
        assert found.hue is None


@pytest.mark.parametrize(
    ("colours", "hue"),
    [
        ([(255, 0, 43), (255, 43, 0)], 0.0),  # ten degrees to either side of red
        ([(255, 0, 0), (255, 255, 0)], 60 / 2),
        ([(0, 0, 255), *[(90, 90, 90)] * 50], 240.0),
        ([(0, 0, 255), *[(90, 90, 90)] * 150], None),  # less than a hundredth has a colour
        ([(255, 0, 0), (0, 255, 255)], None),  # opposites
        ([(200, 190, 200)], None),
    ],
)
def test_hue_goes_around_its_circle(colours: list[tuple[int, int, int]], hue: float | None) -> None:
    assert look(plain(*colours)).hue == hue


def test_a_video_is_the_mean_of_its_stills(tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / f"{level}.png", colour=(level,) * 3) for level in (0, 51, 255)]
    frames = [{"at_us": i, "path": str(path)} for i, path in enumerate(paths)]
    (found,) = measured({"kind": "video", "frames": frames})
    assert found == pytest.approx({"brightness": 0.4, "colorfulness": 0, "saturation": 0, "hue": None})


def test_the_hue_of_several_pictures_is_that_of_all_their_pixels() -> None:
    red, orange, dark = (255, 0, 0), (255, 128, 0), (9, 9, 9)
    halves = [look(plain(red, dark)), look(plain(orange, orange))]
    assert mean(halves).hue == look(plain(red, dark, orange, orange)).hue == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize(
    ("colour", "levels"), [((0, 0, 0), (0, 0)), ((140, 140, 140), (0.5, 0)), ((0, 0, 255), (0.1, 0.7))]
)
def test_levels_in_steps_of_a_tenth(colour: tuple[int, int, int], levels: tuple[float, float], tmp_path: Path) -> None:
    (found,) = measured(image(write_picture(tmp_path / "a.png", colour=colour)), levels=True)
    assert (found["brightness_level"], found["colorfulness_level"]) == levels


def test_the_most_colourful_picture_is_at_the_top_of_the_levels() -> None:
    assert look(plain((255, 0, 0), (0, 255, 0), (0, 0, 255))).levels()["colorfulness_level"] == 1.0


def test_a_video_without_stills_says_what_is_missing() -> None:
    (rejected,) = run(Brightness(), [{"kind": "video"}]).rejected
    assert rejected.reason == "unsupported" and "put `frames` before `brightness`" in rejected.detail
