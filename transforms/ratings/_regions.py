"""What Label Studio stores of an annotation: answers about all of a task, and regions with answers of their own."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from affectory.transforms.sources import _columns as columns

START, END, CHAR_START, CHAR_END, BOX = "\0start", "\0end", "\0char_start", "\0char_end", "\0box"
"""Columns that hold a region's place; no tag of a labelling interface is called so."""
_NOT_PLACED = ("paragraphlabels", "videorectangle", "brushlabels", "polygonlabels", "keypointlabels", "ellipselabels")
_PERCENT = 100
_side = columns.required(columns.within(columns.number, -1e6, 1e6))
_second = columns.required(columns.within(columns.number, 0, 9e12))
_character = columns.required(columns.within(columns.whole, 0, 2**62))


@dataclass(frozen=True)
class Region:
    """A part of what was shown, its answers by tag, and the tag that drew it."""

    place: Mapping[str, Any]
    answers: Mapping[str, Any]
    tag: str

    def evidence(self) -> dict[str, Any]:
        kind = self.answers.get(self.tag)
        name = kind[0] if isinstance(kind, list) and kind else kind
        return {
            "kind": name if isinstance(name, str) else self.tag,
            **{f"{side}_us": _microseconds(self.place.get(at)) for side, at in (("start", START), ("end", END))},
            "char_start": self.place.get(CHAR_START),
            "char_end": self.place.get(CHAR_END),
            "box": self.place.get(BOX),
        }


def _microseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)


def read_results(
    results: Sequence[Any], tags: Set[str], framerate: float | None
) -> tuple[dict[str, Any], list[Region]]:
    """Answers about the whole, and regions; `ValueError` where one of `tags` has a place that cannot be told.

    What is answered about a region repeats its place and shares its id with the tag that drew it.
    """
    drawn: dict[str, tuple[str, list[Any]]] = {}
    answers: dict[str, dict[str, Any]] = {}
    unclear: dict[str, ValueError] = {}
    for number, result in enumerate(results):
        if isinstance(result, Mapping) and result.get("type") == "relation":
            continue
        tag, kind, value = _parts(result)
        own, places = result.get("id"), list[Any]()
        key = f"\0{number}" if own is None else str(own)
        try:
            places = _places(result, kind, value, framerate)
        except ValueError as error:
            unclear.setdefault(key, error)
        if places and (key not in drawn or kind.endswith("labels")):
            drawn[key] = tag, places
        answers.setdefault(key, {})[tag] = _answer(kind, value)
    for key, problem in unclear.items():
        if tags & answers[key].keys():
            raise problem
    whole = {tag: answer for key, given in answers.items() if key not in drawn for tag, answer in given.items()}
    return whole, [Region(place, answers[key], tag) for key, (tag, places) in drawn.items() for place in places]


def _parts(result: Any) -> tuple[str, str, Mapping[str, Any]]:
    value = result.get("value") if isinstance(result, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(result.get("from_name"), str):
        raise ValueError("a result is an object with `from_name` and `value`")
    return result["from_name"], str(result.get("type")), value


def _answer(kind: str, value: Mapping[str, Any]) -> Any:
    """The answer itself; of a tree of words the last of each branch."""
    found = value.get({"textarea": "text", "pairwise": "selected"}.get(kind, kind), value)
    if kind == "textarea":
        return "\n".join(map(str, found)) if isinstance(found, list) else found
    if kind == "taxonomy" and isinstance(found, list):
        return [path[-1] if isinstance(path, list) and path else path for path in found]
    return found


def _places(result: Mapping[str, Any], kind: str, value: Mapping[str, Any], framerate: float | None) -> list[Any]:
    if kind in _NOT_PLACED:
        raise ValueError(f"regions of {kind} have no place here: stretches of time or text and upright boxes do")
    if isinstance(value.get("ranges"), list):
        return [_frames(span, framerate) for span in value["ranges"]]
    if {"x", "y", "width", "height"} <= value.keys():
        return [_box(result, value)]
    if {"start", "end"} <= value.keys():
        return [_span(result, value)]
    return []


def _frames(span: Mapping[str, Any], framerate: float | None) -> dict[str, Any]:
    """Frames are counted from 1, and the last is part of the stretch."""
    if framerate is None:
        raise ValueError("a timeline counts frames: give the `framerate` that its interface was set to")
    first, last = (columns.whole(span.get(side)) for side in ("start", "end"))
    if first is None or last is None or first < 1 or last < first:
        raise ValueError(f"frames {span.get('start')} to {span.get('end')} are no stretch")
    return {START: (first - 1) / framerate, END: last / framerate}


def _box(result: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    if columns.number(value.get("rotation")):
        raise ValueError("a turned box has no upright place")
    size = [_side(result.get(f"original_{side}")) for side in ("width", "height")]
    given = [_side(value[name]) for name in ("x", "y", "width", "height")]
    box = [part * size[i % 2] / _PERCENT for i, part in enumerate(given)]
    if min(box[2:]) <= 0:
        raise ValueError(f"the box {tuple(box)} has no size")
    return {BOX: box}


def _span(result: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds of a sound, or characters of a text: both are called `labels`."""
    of_sound = "channel" in value or "original_length" in result or isinstance(value["start"], float)
    is_time = of_sound and "text" not in value
    if is_time:
        start, end = (_second(value[side]) for side in ("start", "end"))
    else:  # in hypertext, `start` and `end` are paths of its document
        offsets = value.get("globalOffsets")
        given = offsets if isinstance(offsets, Mapping) else value
        start, end = (_character(given.get(side)) for side in ("start", "end"))
    if end <= start:
        raise ValueError(f"the stretch ends ({end:g}) where or before it starts ({start:g})")
    names = (START, END) if is_time else (CHAR_START, CHAR_END)
    return dict(zip(names, (start, end), strict=True))
