"""From segments of a recording to the stretches that become samples."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from affectory.transforms.media._parts import part_of, stretch
from affectory.transforms.rows import Reject, Values


@dataclass(frozen=True)
class Stretch:
    """From when to when, in microseconds, and the segments that lie in it: one, or several that were merged."""

    start: int
    end: int
    segments: tuple[Mapping[str, Any], ...] = ()

    @property
    def who(self) -> str | None:
        return self.segments[0]["who"] if self.segments else None

    @property
    def text(self) -> str | None:
        """What is said in it, in order."""
        return " ".join(s["text"] for s in self.segments if s["text"]) or None


def parts_of(row: Values, cut: Any) -> list[Values]:
    """A part of the row for each stretch that the step `cut` asks for."""
    bounds = stretch(row)
    given = list(_within(_marked(row["segments"] or (), cut.kinds) if cut.at is None else _fixed(cut.at), bounds))
    merged = given if cut.merge_gap_s is None else list(_merged(given, round(cut.merge_gap_s * 1e6)))
    found = [x for x in merged if x.end - x.start >= cut.min_s * 1e6]
    if not found:
        raise Reject("no_segments", _why(row, cut, len(merged)))
    padded = (_padded(x, round(cut.pad_s * 1e6), bounds) for x in found)
    parts = _distinct(part for x in padded for part in _split(x, round(cut.max_s * 1e6)))
    return [_part(row, x, alone=len(parts) == 1) for x in parts]


def _why(row: Values, cut: Any, count: int) -> str:
    if count:
        return f"all {count} are shorter than {cut.min_s:g} s"
    if cut.at is not None:
        return "none of the times of `at` lies in it"
    if row["segments"]:
        return f"none of its {len(row['segments'])} segments lies in it" + (" and is of these kinds" * bool(cut.kinds))
    return "it has no segments: a source's `segments`, or a step such as `speech` before, gives them"


def _fixed(at: Sequence[tuple[float, float]]) -> Iterator[Stretch]:
    return (Stretch(round(start * 1e6), round(end * 1e6)) for start, end in at)


def _marked(segments: Sequence[Mapping[str, Any]], kinds: Sequence[str] | None) -> Iterator[Stretch]:
    for segment in sorted(segments, key=lambda s: (s["start_us"] or 0, s["end_us"] or 0)):
        if segment["start_us"] is None or segment["end_us"] is None:
            continue
        if kinds is None or segment["kind"] in kinds:
            yield Stretch(segment["start_us"], segment["end_us"], (segment,))


def _within(found: Iterator[Stretch], bounds: tuple[int, int]) -> Iterator[Stretch]:
    for x in found:
        start, end = max(x.start, bounds[0]), min(x.end, bounds[1])
        if start < end:
            yield Stretch(start, end, x.segments)


def _merged(found: Sequence[Stretch], gap: int) -> Iterator[Stretch]:
    """Neighbours of the same speaker, where no other speaks between them."""
    last: Stretch | None = None
    for x in found:
        if last is not None and last.who == x.who and x.start - last.end <= gap:
            last = Stretch(last.start, max(last.end, x.end), last.segments + x.segments)
            continue
        if last is not None:
            yield last
        last = x
    if last is not None:
        yield last


def _padded(x: Stretch, pad: int, bounds: tuple[int, int]) -> Stretch:
    return Stretch(max(x.start - pad, bounds[0]), min(x.end + pad, bounds[1]), x.segments)


def _split(x: Stretch, longest: int) -> Iterator[Stretch]:
    length = x.end - x.start
    parts = max(1, -(-length // longest))
    edges = [x.start + length * k // parts for k in range(parts + 1)]
    for start, end in pairwise(edges):
        own = (s for s in x.segments if parts == 1 or (s["start_us"] < end and s["end_us"] > start))
        yield Stretch(start, end, tuple(_said_in(s, start, end) if parts > 1 else s for s in own))


def _said_in(segment: Mapping[str, Any], start: int, end: int) -> Mapping[str, Any]:
    """Which words of a segment that is cut through lie on which side, its text does not tell."""
    whole = start <= segment["start_us"] and segment["end_us"] <= end
    return segment if whole else {**segment, "text": None}


def _distinct(found: Iterable[Stretch]) -> list[Stretch]:
    """One of each stretch: it is what a sample is known by."""
    kept: dict[tuple[int, int], Stretch] = {}
    for x in found:
        other = kept.setdefault((x.start, x.end), x)
        if other is not x:
            kept[x.start, x.end] = Stretch(x.start, x.end, other.segments + x.segments)
    return list(kept.values())


def _part(row: Values, x: Stretch, alone: bool) -> Values:
    """What is said in the whole is not what is said in each of its parts."""
    said = {"speaker": x.who or row["speaker"], "text": x.text or (row["text"] if alone else None)}
    return {**part_of(row, x.start, x.end), **said, "segments": [dict(s) for s in x.segments]}
