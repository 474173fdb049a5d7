"""A colour for each label, the same in every report; no colour says what no word says."""

from collections.abc import Sequence

_HUES = {
    "anger": 4, "annoyance": 16, "disgust": 88, "disapproval": 68, "fear": 272, "nervousness": 288, "joy": 42,
    "happiness": 42, "amusement": 48, "excitement": 30, "love": 344, "sadness": 216, "grief": 228, "surprise": 182,
    "contempt": 318, "trust": 140, "anticipation": 26, "pride": 300, "calm": 162, "positive": 150, "negative": 8,
}  # fmt: skip
_GREY = ("neutral", "none", "other", "unclear")
_GOLDEN = 137.508


def style_of(labels: Sequence[str]) -> str:
    """Rules `.e0`, `.e1`, ... that set `--c`, by day and by night."""
    day = "".join(f".e{n}{{--c:{_colour(label, n, False)}}}" for n, label in enumerate(labels))
    night = "".join(f".e{n}{{--c:{_colour(label, n, True)}}}" for n, label in enumerate(labels))
    return f"{day}@media (prefers-color-scheme:dark){{{night}}}"


def _colour(label: str, number: int, night: bool) -> str:
    if label.casefold() in _GREY:
        return "hsl(220 6% 64%)" if night else "hsl(220 6% 48%)"
    hue = _HUES.get(label.casefold(), (20 + number * _GOLDEN) % 360)
    # Yellow and green look brighter than blue and red of the same lightness.
    bright = 20 <= hue <= 204
    light = (58 if bright else 70) if night else (34 if bright else 50)
    return f"hsl({hue:.0f} {60 if night else 62}% {light}%)"
