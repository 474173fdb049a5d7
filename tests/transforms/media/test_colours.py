"""Colours are those that a browser shows: by the embedded profile, in whatever form the pixels are stored."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.icc import ADOBE_RGB, DISPLAY_P3, grey_profile, ink_profile, rgb_profile

from affectory.transforms.media._colours import srgb
from affectory.transforms.media._images import pixels_of
from affectory.transforms.rows import Reject

_TO_SRGB = np.array([[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540],
                     [0.0719453, -0.2289914, 1.4052427]])  # fmt: skip
"""From XYZ at D50 to linear sRGB, by Lindbloom."""
BYTE = st.integers(0, 255)


def shown(xyz: Any) -> Any:
    """The sRGB bytes of a colour."""
    linear = np.clip(_TO_SRGB @ np.asarray(xyz), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255


def lab(lightness: float, a: float, b: float) -> Any:
    """The sRGB bytes of a Lab colour."""
    y = (lightness + 16) / 116
    ratios = np.array([y + a / 500, y, y - b / 200])
    return shown(np.where(ratios > 6 / 29, ratios**3, (ratios - 16 / 116) / 7.787) * (0.9642, 1.0, 0.8249))


def converted(colour: Any, profile: bytes, mode: str = "RGB") -> Any:
    image = Image.new(mode, (4, 4), colour)
    image.info["icc_profile"] = profile
    return np.asarray(srgb(image))[1, 1].astype(int)


@pytest.mark.parametrize(("primaries", "gamma"), [(ADOBE_RGB, 2.19921875), (DISPLAY_P3, 2.2)])
@settings(max_examples=40, deadline=None)
@given(st.tuples(BYTE, BYTE, BYTE))
def test_wide_colours_become_srgb(primaries: Any, gamma: float, colour: tuple[int, int, int]) -> None:
    expected = shown(((np.array(colour) / 255) ** gamma) @ np.array(primaries))
    dark = np.maximum(expected, 20)  # near black a byte of the gamma curve is several of sRGB's straight line
    assert np.maximum(converted(colour, rgb_profile(primaries, gamma)), 20) == pytest.approx(dark, abs=3)


def test_a_profile_changes_what_is_seen() -> None:
    assert converted((60, 200, 60), rgb_profile(ADOBE_RGB, 2.2))[0] == 0


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16"])
def test_a_profile_of_another_space_is_no_reason_to_stop(mode: str) -> None:
    image = Image.new(mode, (4, 4), {"I;16": 200 * 257, "LA": (200, 255)}.get(mode, 1))
    image.info["icc_profile"] = ink_profile([(50, 0, 0)] * 16)
    bare = image.copy()
    bare.info.clear()
    assert np.array_equal(np.asarray(srgb(image)), np.asarray(srgb(bare)))


@pytest.mark.parametrize(("mode", "colour"), [("L", 128), ("I;16", 128 * 257), ("LA", (128, 255))])
def test_grey_by_its_own_curve(mode: str, colour: Any) -> None:
    assert converted(colour, grey_profile(1.0), mode) == pytest.approx([188] * 3, abs=2)


def test_a_palette_and_an_alpha_channel_keep_the_profile() -> None:
    profile, colour = rgb_profile(ADOBE_RGB, 2.2), (120, 180, 60)
    plain = converted(colour, profile)
    assert np.array_equal(converted((*colour, 255), profile, "RGBA"), plain)
    image = Image.new("RGB", (4, 4), colour).convert("P", palette=Image.Palette.ADAPTIVE)
    image.info["icc_profile"] = profile
    assert np.array_equal(np.asarray(srgb(image))[1, 1], plain)
    half = converted((*colour, 128), profile, "RGBA")
    assert half == pytest.approx((plain + 255) / 2, abs=2)  # on white, which is no colour of the profile


@pytest.mark.parametrize("ink", list(product((0, 255), repeat=4)))
def test_inks_by_their_profile(ink: tuple[int, int, int, int]) -> None:
    """Every mixture is a greyish Lab colour of its own, as no plain formula would make it."""
    mixtures = list(product((0, 255), repeat=4))
    corners = [(95.0 - 5 * n, 3.0 * (n % 4), -3.0 * (n % 5)) for n in range(16)]
    corners[0], corners[15] = (100.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    found = converted(ink, ink_profile(corners), "CMYK")
    assert found == pytest.approx(lab(*corners[mixtures.index(ink)]), abs=4)


def test_lab_needs_no_profile() -> None:
    image = Image.merge("LAB", [Image.new("L", (4, 4), value) for value in (136, 208, 195)])
    assert np.asarray(srgb(image))[1, 1] == pytest.approx(lab(136 / 2.55, 80, 67), abs=4)


@pytest.mark.parametrize("profile", [b"", b"no profile at all", rgb_profile(ADOBE_RGB, 2.2)[:200], bytes(5 << 20)])
def test_a_broken_profile_is_passed_over(profile: bytes) -> None:
    assert tuple(converted((10, 200, 30), profile)) == (10, 200, 30)


def test_the_profile_of_a_file_counts(tmp_path: Path) -> None:
    image, profile = Image.new("RGB", (64, 64), (60, 120, 220)), rgb_profile(ADOBE_RGB, 2.2)
    expected = converted((60, 120, 220), profile)
    for name in ("a.png", "a.jpg", "a.tiff", "a.webp"):
        image.save(tmp_path / name, icc_profile=profile, **({} if name != "a.webp" else {"lossless": True}))
        assert pixels_of(str(tmp_path / name), 64)[5, 5] == pytest.approx(expected, abs=3), name


def test_fractions_are_refused() -> None:
    with pytest.raises(Reject, match="no range is agreed"):
        srgb(Image.new("F", (4, 4), 0.5))
