"""Small pictures for the page: drawn from numbers alone, stretched to where they stand."""

from collections.abc import Sequence
from html import escape

HEIGHT = 12.0


def stacked(parts: Sequence[tuple[str, int]]) -> str:
    """One bar of several parts, each with the class of its colour."""
    whole = sum(many for _, many in parts) or 1
    drawn, at = [], 0.0
    for name, many in parts:
        width = 100 * many / whole
        drawn.append(_bar(name, at, width))
        at += width
    return _svg(drawn)


def interval(
    low: float | None, value: float, high: float | None, ends: tuple[float, float], marks: Sequence[float] = ()
) -> str:
    """A value with its interval on a scale between two ends, and marks to compare it with."""
    drawn = [f'<rect class="mark" x="{_at(mark, ends):.2f}" y="0" width="0.4" height="{HEIGHT:g}"/>' for mark in marks]
    if low is not None and high is not None:
        start, end = _at(low, ends), _at(high, ends)
        drawn.append(f'<rect class="range" x="{start:.2f}" y="4.5" width="{max(end - start, 0.4):.2f}" height="3"/>')
    drawn.append(f'<rect class="value" x="{_at(value, ends) - 0.6:.2f}" y="1" width="1.2" height="10"/>')
    return _svg(["<rect class='track' x='0' y='5.5' width='100' height='1'/>", *drawn])


def bar(value: float, most: float, tick: float | None = None) -> str:
    """A bar from nought, and a tick further on."""
    drawn = [_bar("answered", 0, 100 * value / (most or 1))]
    if tick is not None:
        at = min(99.0, 100 * tick / (most or 1))
        drawn.append(f'<rect class="value" x="{at:.2f}" y="0" width="1" height="{HEIGHT:g}"/>')
    return _svg(drawn)


def columns(values: Sequence[float], label: str) -> str:
    """Upright bars side by side, and what they show in words."""
    most, wide = max([*values, 1e-9]), 100 / max(len(values), 1)
    drawn = [
        f'<rect class="answered" x="{n * wide:.2f}" y="{40 - 40 * value / most:.2f}" '
        f'width="{wide * 0.85:.2f}" height="{40 * value / most:.2f}"/>'
        for n, value in enumerate(values)
    ]
    return _svg(drawn, 40.0, label)


def line(values: Sequence[float], label: str, usual: float = 1.0) -> str:
    """A line through values, around what is usual."""
    most = max(*values, usual * 2) if values else 1.0
    step = 100 / max(len(values) - 1, 1)
    points = " ".join(f"{n * step:.2f},{38 - 36 * value / most:.2f}" for n, value in enumerate(values))
    middle = f'<rect class="mark" x="0" y="{38 - 36 * usual / most:.2f}" width="100" height="0.8"/>'
    return _svg([middle, f'<polyline class="line" points="{points}"/>'], 40.0, label)


def _bar(name: str, start: float, width: float) -> str:
    return f'<rect class="{escape(name)}" x="{start:.2f}" y="0" width="{width:.2f}" height="{HEIGHT:g}"/>'


def _at(value: float, ends: tuple[float, float]) -> float:
    return min(100.0, max(0.0, 100 * (value - ends[0]) / (ends[1] - ends[0])))


def _svg(drawn: Sequence[str], height: float = HEIGHT, label: str = "") -> str:
    """Hidden from those who listen, where the numbers stand beside it."""
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    shape = f'viewBox="0 0 100 {height:g}" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {told} {shape} focusable="false">{"".join(drawn)}</svg>'
