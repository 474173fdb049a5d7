"""Colours of labels can be told from what lies behind them, by day and by night."""

import colorsys
import re

import pytest

from affectory.quality.report.colours import style_of
from affectory.schemas.taxonomy import load_taxonomy, taxonomy_names

GROUNDS = {"day": ("fdfdfc", "f5f5f2"), "night": ("15181c", "1d2126")}
LEAST = 3.0
"""What is asked of parts of drawings."""


def light(red: float, green: float, blue: float) -> float:
    curved = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue))
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), curved, strict=True))


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("name", taxonomy_names())
def test_they_stand_out(name: str) -> None:
    labels = load_taxonomy(name).labels
    for when, style in zip(GROUNDS, style_of(labels).split("@media"), strict=True):
        colours = re.findall(r"\.e(\d+)\{--c:hsl\((\d+) (\d+)% (\d+)%\)\}", style)
        assert [int(number) for number, *_ in colours] == list(range(len(labels)))
        for number, *parts in colours:
            hue, full, bright = (int(part) for part in parts)
            mine = light(*colorsys.hls_to_rgb(hue / 360, bright / 100, full / 100))
            for ground in GROUNDS[when]:
                behind = light(*(int(ground[at : at + 2], 16) / 255 for at in (0, 2, 4)))
                assert contrast(mine, behind) >= LEAST, f"{labels[int(number)]} by {when}"


def test_a_label_has_the_same_colour_in_every_order() -> None:
    first, second = style_of(["joy", "anger"]), style_of(["anger", "joy"])
    assert re.search(r"\.e0\{(.*?)\}", first)[1] == re.search(r"\.e1\{(.*?)\}", second)[1]  # type: ignore[index]
