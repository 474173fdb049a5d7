"""What fields share that mark places: the control that fits the sample, its tag, and marks as judgements."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from affectory.annotation.fields._base import Scene
from affectory.annotation.fields._marks import Boxes, Frames, Marks, Spans, Stretches
from affectory.annotation.fields._xml import tag

_HOW: dict[str, tuple[type[Marks], str]] = {
    "text": (Spans, "Labels"),
    "audio": (Stretches, "Labels"),
    "video": (Frames, "TimelineLabels"),
    "image": (Boxes, "RectangleLabels"),
}
_COLOURS = ("#1f6feb", "#c2410c", "#0f766e", "#a21caf", "#a16207", "#be123c", "#4d7c0f", "#6d28d9")
ADVICE = {
    "text": "choose a label by its key, then draw over the words",
    "audio": "choose a label by its key, then draw over the sound",
    "video": "choose a label by its key, then draw on the timeline below the video",
    "image": "choose a label by its key, then draw a box",
}


def control(name: str, seen: str, labels: Sequence[str], many: bool = False) -> Marks:
    """How places are marked in what is seen."""
    return _HOW[seen][0](name, seen, tuple(labels), many)


def marker(name: str, seen: str, offered: Iterable[Element], many: bool = False) -> Element:
    """The labels with which places are marked."""
    return tag(_HOW[seen][1], *offered, name=name, toName=seen, choice="multiple" if many else "single")


def label(scene: Scene, value: str, alias: str, key: str, place: int) -> Element:
    """One label of them, each of another colour."""
    return tag("Label", value=value, alias=alias, hotkey=scene.keys.get(key), background=_COLOURS[place % 8])
