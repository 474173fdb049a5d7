"""Samples of parts of pictures: where a part lies, its picture, and what is known of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from affectory.schemas import ids
from affectory.transforms.image._places import Box, inside
from affectory.transforms.media._images import decoded, encoded, opened_image, shrunk, upright_size
from affectory.transforms.media._limits import MAX_PIXELS
from affectory.transforms.rows import Reject, Values

_LONGEST_SIDE = 16_384

Place = Mapping[str, Any]


@dataclass(frozen=True)
class Cut:
    """How parts are cut out: with how much around them, and no side longer than `max_side`."""

    margin: float
    square: bool
    form: str
    max_side: int

    def around(self, box: Box, width: int, height: int) -> Box:
        """The box with its margin; where that leaves the picture it is moved in, and is shorter where it must be."""
        x, y, wide, high = box
        more = 2 * self.margin * max(wide, high)
        across, down = wide + more, high + more
        if self.square:
            across = down = max(across, down)
        left, right = _along(x + wide / 2, across, x, x + wide, width)
        top, bottom = _along(y + high / 2, down, y, y + high, height)
        return left, top, right - left, bottom - top

    def out_of(self, image: Image.Image, region: Box) -> Image.Image:
        x, y, width, height = region
        return shrunk(image.crop((x, y, x + width, y + height)), self.max_side)

    def media(self, image: Image.Image) -> dict[str, Any]:
        return {"bytes": encoded(image, self.form), "format": self.form}


def _along(middle: float, length: float, low: int, high: int, side: int) -> tuple[int, int]:
    """Start and end of a stretch around a middle, in a side; it holds all from `low` to `high`."""
    whole = min(side, max(round(length), high - low))
    start = min(max(0, round(middle - whole / 2)), side - whole)
    return min(start, low), max(start + whole, high)


def boxed(row: Values, start_us: int | None, end_us: int | None, box: Box) -> Values:
    """A part of a row that has `anchor` and `sample_id`; the box is in pixels of the record."""
    anchor = {**row["anchor"], "start_us": start_us, "end_us": end_us, "box": list(box)}
    sample = ids.sample_id(anchor["record"], "time", start_us, end_us, "box", *box)
    return {"sample_id": sample, "anchor": anchor, "parent": row["sample_id"]}


def moved(place: Place, region: Box, size: tuple[int, int]) -> Place:
    """A place of the whole picture as one of a region of it that was made so large."""
    scale = size[0] / region[2]
    x, y, width, height = place["box"]
    box = inside(((x - region[0]) * scale, (y - region[1]) * scale, width * scale, height * scale), *size)
    points = [round((v - region[i % 2]) * scale, 1) for i, v in enumerate(place["points"] or ())]
    return {**place, "box": box and list(box), "points": points or None}


@dataclass(frozen=True)
class Whole:
    """A published picture, and the size of the record's own one, upright."""

    image: Image.Image
    size: tuple[int, int]

    @classmethod
    def of(cls, row: Values) -> "Whole":
        if row["anchor"]["box"]:
            raise Reject("unsupported", "it is a part of a picture already: cut out all parts in one step")
        with opened_image(row["original"]["path"], MAX_PIXELS) as original:
            size = upright_size(original)
        with opened_image(row["image"]["path"], MAX_PIXELS) as opened:
            return cls(decoded(opened, _LONGEST_SIDE), size)

    def both(self, box: Sequence[float], *, of_record: bool) -> tuple[Box, Box]:
        """A box of the record's picture, or else of the published one: in pixels of the one, and of the other."""
        of, other = (self.size, self.image.size) if of_record else (self.image.size, self.size)
        found = inside(box, *of)
        if found is None:
            raise Reject("bad_row", f"the box {list(box)} lies outside of the picture of {of[0]} x {of[1]} pixels")
        boxes = found, scaled(found, of, other)
        return boxes if of_record else (boxes[1], boxes[0])


def scaled(box: Box, of: tuple[int, int], to: tuple[int, int]) -> Box:
    """A box of a picture of one size as one of the same picture in another: at least a pixel, and inside."""
    sides = [_stretched(box[i], box[i + 2], of[i], to[i]) for i in (0, 1)]
    return sides[0][0], sides[1][0], sides[0][1], sides[1][1]


def _stretched(start: int, length: int, of: int, to: int) -> tuple[int, int]:
    first = min(start * to // of, to - 1)
    return first, max(1, (start + length) * to // of - first)


def parts_of(row: Values, places: Iterable[Place], cut: Cut, of: str, *, whole_too: bool) -> Iterator[Values]:
    """One for each place with a box; the same box twice is one part. Boxes of segments are those of the record."""
    whole, seen = Whole.of(row), set[str]()
    if whole_too:
        yield {**row, "width": whole.image.width, "height": whole.image.height}
    for place in places:
        own, shown = whole.both(place["box"], of_record=of == "segments")
        part = boxed(row, None, None, own)
        if part["sample_id"] not in seen:
            seen.add(part["sample_id"])
            region = cut.around(shown, *whole.image.size)
            image = cut.out_of(whole.image, region)
            made = {"image": cut.media(image), "width": image.width, "height": image.height}
            yield {**part, **made, of: [_kept(place, shown, region, image.size, of)], **_told(row, place, of)}


def _kept(place: Place, shown: Box, region: Box, size: tuple[int, int], of: str) -> Place:
    return place if of == "segments" else moved({**place, "box": shown}, region, size)


def _told(row: Values, place: Place, of: str) -> Values:
    """What a segment says of who is shown and what is written there."""
    if of != "segments":
        return {}
    return {"speaker": place["who"] or row["speaker"], "text": place["text"] or row["text"]}
