"""Which parameters each scene detector has; imports none of them, so that a plan need not load them."""

from collections.abc import Mapping
from typing import Any

_OWN: Mapping[str, tuple[str, ...]] = {
    "content": ("threshold", "luma_only"),
    "adaptive": ("threshold", "luma_only", "window_width", "min_content_val"),
    "threshold": ("threshold", "fade_bias"),
    "hash": ("threshold",),
    "histogram": ("threshold",),
}
_SHARES = ("hash", "histogram")


def options_of(scenes: Any) -> dict[str, Any]:
    """What was set for the detector that was chosen; a parameter of another one is an error."""
    names = sorted({name for own in _OWN.values() for name in own})
    given = {name: value for name in names if (value := getattr(scenes, name)) is not None}
    for name in given:
        if name not in _OWN[scenes.detector]:
            owners = " and ".join(detector for detector, own in _OWN.items() if name in own)
            raise ValueError(f"detector {scenes.detector} has no {name}: it belongs to {owners}")
    if scenes.detector in _SHARES and given.get("threshold", 0) > 1:
        raise ValueError(f"threshold {given['threshold']:g} is no share: detector {scenes.detector} takes 0 to 1")
    return given
