"""Small pictures of numbers: each stands beside the numbers in words, so that those who listen miss nothing."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

_HEIGHT = 12
_SIDE, _EDGE = 400, 44


def share(
    value: float, most: float, low: float | None = None, high: float | None = None, kind: str = "plain"
) -> Markup:
    """A bar from nought, and its interval."""
    drawn = [f'<rect class="bar {escape(kind)}" x="0" y="2" width="{_at(value, most):.2f}" height="8"/>']
    if low is not None and high is not None:
        start, end = _at(low, most), _at(high, most)
        drawn.append(
            f'<rect class="whisker" x="{start:.2f}" y="5.4" width="{max(end - start, 0.5):.2f}" height="1.2"/>'
        )
        drawn += [
            f'<rect class="whisker" x="{x:.2f}" y="3" width=".5" height="6"/>' for x in (start, max(end - 0.5, 0))
        ]
    return _svg(drawn)


def stacked(parts: Sequence[tuple[str, float]]) -> Markup:
    """One bar of several parts, each with the class of its colour."""
    whole, at, drawn = sum(many for _, many in parts) or 1, 0.0, []
    for kind, many in parts:
        width = 100 * many / whole
        drawn.append(
            f'<rect class="bar {escape(kind)}" x="{at:.2f}" y="1" width="{max(width - 0.4, 0):.2f}" height="10"/>'
        )
        at += width
    return _svg(drawn)


def interval(value: float, low: float | None, high: float | None, ends: tuple[float, float] = (-0.4, 1.0)) -> Markup:
    """A value with its interval between two ends, and a line at nought."""

    def at(x: float) -> float:
        return min(100.0, max(0.0, 100 * (x - ends[0]) / (ends[1] - ends[0])))

    drawn = [
        '<rect class="track" x="0" y="5.6" width="100" height=".8"/>',
        f'<rect class="nought" x="{at(0):.2f}" y="1" width=".35" height="10"/>',
    ]
    if low is not None and high is not None:
        drawn.append(
            f'<rect class="range" x="{at(low):.2f}" y="4" width="{max(at(high) - at(low), 0.5):.2f}" height="4"/>'
        )
    drawn.append(f'<rect class="value" x="{max(0.0, at(value) - 0.5):.2f}" y="1" width="1.1" height="10"/>')
    return _svg(drawn)


def plane(counts: NDArray[np.int64], places: Sequence[tuple[str, int, float, float, int]], told: str) -> Markup:
    """Valence to the right, arousal upwards: how many samples lie where, and where those of each label lie on average.

    `places` are name, number, valence and arousal of labels, and of how many samples.
    """
    cells, most = len(counts), max(int(counts.max(initial=0)), 1)
    size = (_SIDE - 2 * _EDGE) / cells
    drawn = [f'<rect class="ground" x="{_EDGE}" y="{_EDGE}" width="{_SIDE - 2 * _EDGE}" height="{_SIDE - 2 * _EDGE}"/>']
    for row in range(cells):
        for column in range(cells):
            if many := int(counts[row, column]):
                x, y = _EDGE + column * size, _SIDE - _EDGE - (row + 1) * size
                shade = 0.15 + 0.75 * (many / most) ** 0.5
                drawn.append(
                    f'<rect class="cell" x="{x:.1f}" y="{y:.1f}" width="{size - 1:.1f}" height="{size - 1:.1f}" '
                    f'rx="2" opacity="{shade:.2f}"/>'
                )
    drawn += [_cross(), *_axes(), *_marks(places)]
    return Markup(
        f'<svg class="plane" role="img" aria-label="{escape(told)}" viewBox="0 0 {_SIDE} {_SIDE}" focusable="false">'
        f"{''.join(drawn)}</svg>"
    )


def _cross() -> str:
    half = _SIDE / 2
    lines = ((half, _EDGE, half, _SIDE - _EDGE), (_EDGE, half, _SIDE - _EDGE, half))
    return "".join(f'<line class="cross" x1="{a}" y1="{b}" x2="{c}" y2="{d}"/>' for a, b, c, d in lines)


def _axes() -> list[str]:
    half = _SIDE / 2
    words = (
        ("excited", half, _EDGE - 12, "middle"),
        ("calm", half, _SIDE - _EDGE + 22, "middle"),
        ("unpleasant", _EDGE, _SIDE - _EDGE + 22, "start"),
        ("pleasant", _SIDE - _EDGE, _SIDE - _EDGE + 22, "end"),
    )
    return [f'<text x="{x}" y="{y}" text-anchor="{side}">{word}</text>' for word, x, y, side in words]


def _marks(places: Sequence[tuple[str, int, float, float, int]]) -> list[str]:
    """Names that would lie on one another are moved down."""
    drawn, taken = [], list[tuple[float, float]]()
    for name, number, valence, arousal, _ in places:
        wide = _SIDE - 2 * _EDGE
        x, y = _EDGE + (valence + 1) / 2 * wide, _SIDE - _EDGE - (arousal + 1) / 2 * wide
        right = x < _SIDE * 0.66
        at = y + 4
        while any(abs(at - other) < 15 and abs(x - beside) < 110 for beside, other in taken):
            at += 15
        taken.append((x, at))
        if at - y > 10:
            end = x + (8 if right else -8)
            drawn.append(f'<line class="lead" x1="{x:.1f}" y1="{y:.1f}" x2="{end:.1f}" y2="{at - 4:.1f}"/>')
        drawn.append(f'<circle class="bar e{number}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>')
        side, shift = ("start", 10) if right else ("end", -10)
        drawn.append(f'<text class="mark" x="{x + shift:.1f}" y="{at:.1f}" text-anchor="{side}">{escape(name)}</text>')
    return drawn


def _at(value: float, most: float) -> float:
    return min(100.0, max(0.0, 100 * value / (most or 1)))


def _svg(drawn: Sequence[str]) -> Markup:
    """Hidden from those who listen: the numbers stand beside it."""
    shape = f'viewBox="0 0 100 {_HEIGHT}" preserveAspectRatio="none"'
    return Markup(f'<svg class="row" aria-hidden="true" {shape} focusable="false">{"".join(drawn)}</svg>')
