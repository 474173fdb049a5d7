"""Controls that mark places: spans of text, stretches of sound and video, boxes in pictures."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from affectory.annotation.fields._controls import Control, Wrong, chosen, number
from affectory.annotation.fields._xml import token
from affectory.annotation.shown import Shown

FRAME_RATE = 25.0
"""Frames a second by which a video's timeline is counted where nobody knows the video's own."""
_SECOND, _BLUR, _PERCENT, _EDGE = 1_000_000, 0.05, 100.0, 0.5
Place = Mapping[str, Any]


@dataclass(frozen=True)
class Marked:
    """A place in coordinates of the record, and what it was called."""

    place: Place
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Marks(Control):
    """Places with a label, or several where that is asked."""

    labels: tuple[str, ...]
    many: bool = False
    marks: ClassVar[bool] = True

    def read(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> tuple[Marked, ...]:
        found = chosen(value.get(self.type), self.labels)
        if len(found) > 1 and not self.many:
            raise Wrong(f"{len(found)} labels at one place where one is asked for")
        return tuple(Marked(place, tuple(found)) for place in self._places(value, item, shown))

    def written(self, said: Any, shown: Shown) -> dict[str, Any]:
        place, labels = said
        return {**self._written(place, shown), self.type: [token(label) for label in labels]}

    @abstractmethod
    def _places(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[Place]:
        """Where a result lies, of which there may be several."""

    @abstractmethod
    def _written(self, place: Any, shown: Shown) -> dict[str, Any]:
        """A place as Label Studio keeps it."""


@dataclass(frozen=True)
class Spans(Marks):
    """Characters of the text that is shown."""

    type: ClassVar[str] = "labels"

    def _places(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[Place]:
        text, offsets = shown.text or "", value.get("globalOffsets")
        given = offsets if isinstance(offsets, Mapping) else value
        start, end = (_whole(given.get(side), "a span that is none") for side in ("start", "end"))
        if not 0 <= start < end:
            raise Wrong("a span that is none")
        if end > len(text):
            raise Wrong(f"a span that ends at character {end}, and the text has {len(text)}")
        said = value.get("text")
        if said is not None and (not isinstance(said, str) or _joined(said) != _joined(text[start:end])):
            raise Wrong(f"the span from {start} to {end} is not the text that it was said to be")
        first = shown.anchor.get("char_start") or 0
        return [{"char_start": first + start, "char_end": first + end}]

    def _written(self, place: Any, shown: Shown) -> dict[str, Any]:
        start, end = place
        offsets = {"start": start, "end": end}
        return {**offsets, "text": (shown.text or "")[start:end], "globalOffsets": offsets}


def _whole(given: Any, otherwise: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise Wrong(otherwise)
    return given


def _joined(text: str) -> str:
    """Line breaks are written in two ways, and spaces at ends get lost, on the way through a page."""
    return " ".join(text.replace("\\n", "\n").split())


@dataclass(frozen=True)
class Stretches(Marks):
    """Seconds of the sound that is played."""

    type: ClassVar[str] = "labels"

    def _places(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[Place]:
        return [in_record(value.get("start"), value.get("end"), _BLUR, shown)]

    def _written(self, place: Any, shown: Shown) -> dict[str, Any]:
        return {"start": place[0], "end": place[1], "channel": 0}


@dataclass(frozen=True)
class Frames(Marks):
    """Frames of the video: counted from 1, and the last is part of the stretch."""

    type: ClassVar[str] = "timelinelabels"

    def _places(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[Place]:
        ranges, rate = value.get("ranges"), shown.frame_rate or FRAME_RATE
        if not isinstance(ranges, list) or not 1 <= len(ranges) <= 100:
            raise Wrong("a stretch without frames")
        return [self._stretch(span, rate, shown) for span in ranges]

    def _stretch(self, span: Any, rate: float, shown: Shown) -> Place:
        given = span if isinstance(span, Mapping) else {}
        first, last = (_whole(given.get(side), "frames that are no stretch") for side in ("start", "end"))
        if not 1 <= first <= last <= 1 << 40:
            raise Wrong("frames that are no stretch")
        return in_record((first - 1) / rate, last / rate, 1 / rate, shown)

    def _written(self, place: Any, shown: Shown) -> dict[str, Any]:
        rate = shown.frame_rate or FRAME_RATE
        return {"ranges": [{"start": round(place[0] * rate) + 1, "end": round(place[1] * rate)}]}


def in_record(start: Any, end: Any, blur: float, shown: Shown) -> Place:
    """Seconds of what was played as microseconds of the record; `blur` is how far past its end is still its end."""
    last = float("inf") if shown.duration_s is None else shown.duration_s
    first, final = (number(s, -blur, 9e9, "a stretch's second") for s in (start, end))
    if final <= first:
        raise Wrong(f"a stretch that ends ({final:g} s) where or before it starts ({first:g} s)")
    if final > last + blur or first >= last:
        raise Wrong(f"a stretch that ends at {final:g} s, past the end at {last:g} s")
    sides = (round(max(0.0, min(s, last)) * _SECOND) + (shown.anchor.get("start_us") or 0) for s in (first, final))
    return dict(zip(("start_us", "end_us"), sides, strict=True))


@dataclass(frozen=True)
class Boxes(Marks):
    """Upright boxes in the picture."""

    type: ClassVar[str] = "rectanglelabels"

    def _places(self, value: Mapping[str, Any], item: Mapping[str, Any], shown: Shown) -> list[Place]:
        if value.get("rotation") not in (None, 0):
            raise Wrong("a turned box, and boxes are upright")
        low, high = -_EDGE, _PERCENT + _EDGE
        x, y, w, h = (number(value.get(n), low, high, f"a box's {n}") for n in ("x", "y", "width", "height"))
        if min(w, h) <= 0:
            raise Wrong("a box without size")
        if max(x + w, y + h) > high:
            raise Wrong("a box that reaches out of the picture")
        x, y, right, low_end = (max(0.0, min(side, _PERCENT)) for side in (x, y, x + w, y + h))
        left, top, width, height = picture(item, shown)
        across, down = width / _PERCENT, height / _PERCENT
        return [{"box": [left + x * across, top + y * down, (right - x) * across, (low_end - y) * down]}]

    def _written(self, place: Any, shown: Shown) -> dict[str, Any]:
        left, top, width, height = picture({}, shown)
        x, y, w, h = place
        sides = {"x": (x - left) / width, "width": w / width, "y": (y - top) / height, "height": h / height}
        return {**{name: side * _PERCENT for name, side in sides.items()}, "rotation": 0}


def picture(item: Mapping[str, Any], shown: Shown) -> tuple[float, float, float, float]:
    """Where the picture lies in its record's, in pixels of that; its size is Label Studio's word where we know none."""
    if box := shown.anchor.get("box"):
        left, top, width, height = box
        return left, top, width, height
    given = [item.get(f"original_{side}") for side in ("width", "height")]
    width, height = shown.size or (number(side, 1, 1e6, "the picture's size") for side in given)
    return 0.0, 0.0, width, height
