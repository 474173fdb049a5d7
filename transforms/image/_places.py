"""What is found in pictures as places: boxes of whole pixels that lie inside, and how many there have to be."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from affectory.transforms.rows import Reject, Values

Require = Literal["none", "one", "any"]
Box = tuple[int, int, int, int]


def inside(box: Sequence[float], width: int, height: int) -> Box | None:
    """The part of a box (x, y, width, height) that lies in a picture, to whole pixels."""
    left, top = max(0, _whole(box[0])), max(0, _whole(box[1]))
    right, bottom = min(width, _whole(box[0] + box[2])), min(height, _whole(box[1] + box[3]))
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None


def _whole(value: float) -> int:
    """The nearest pixel; what two processors compute as 0.4999 and 0.5 is the same."""
    return int(round(value, 2) + 0.5) if value > 0 else 0


def place(
    kind: str, box: Box, score: float, *, points: Sequence[float] = (), at_us: int | None = None, who: str | None = None
) -> dict[str, Any]:
    """Something found in a picture, or in the frame that is shown at `at_us`."""
    found = {"kind": kind, "box": list(box), "score": round(score, 3), "start_us": at_us, "end_us": at_us, "who": who}
    return {**found, "points": [round(v, 1) for v in points] or None}


def pictures(row: Values, step: str) -> Iterator[Mapping[str, Any]]:
    """The picture of an image sample, or the frames of a video."""
    seen = [row["image"]] if row["kind"] == "image" else row["frames"]
    if not seen or not all(seen):
        given = "a video is looked at in its stills" if row["kind"] == "video" else "there is no picture"
        before = "frames" if row["kind"] == "video" else "load_image"
        raise Reject("unsupported", f"{given}: put `{before}` before `{step}`")
    yield from seen


def most(places: Sequence[Mapping[str, Any]]) -> int:
    """How many there are in the picture that shows most; several frames may show the same one."""
    return max(Counter(found["start_us"] for found in places).values(), default=0)


def demand(require: Require, count: int, kind: str, least: str, where: str = "one picture") -> None:
    """Reject a row that shows too few or too many."""
    if require != "none" and not count:
        raise Reject(f"no_{kind}", f"no {kind} was found ({least})")
    if require == "one" and count > 1:
        raise Reject("filtered", f"{count} {kind}s in {where}, exactly one is wanted ({least})")
