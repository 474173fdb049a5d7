"""Stretches of time, in microseconds: what they cover together, and who is there at once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Stretch = tuple[int, int]


def stretch(place: Mapping[str, Any]) -> Stretch | None:
    start, end = place["start_us"], place["end_us"]
    return (start, end) if start is not None and end is not None and end > start else None


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def at_once(tracks: Iterable[Mapping[str, Any]], speech: list[Stretch]) -> int:
    """The most people whose faces are there at the same time while somebody speaks."""
    seen = [(place["who"], *found) for place in tracks if (found := stretch(place))]
    cut = [(who, max(start, s), min(end, e)) for who, start, end in seen for s, e in speech if start < e and s < end]
    changes = sorted(x for who, start, end in cut for x in ((start, 1, who or ""), (end, -1, who or "")))
    there, most = Counter[str](), 0
    for _, change, who in changes:  # at the same moment those who go before those who come
        there[who] += change
        most = max(most, sum(1 for count in there.values() if count))
    return most


def shared(a: list[Stretch], b: list[Stretch]) -> int:
    return sum(max(0, min(x[1], y[1]) - max(x[0], y[0])) for x in a for y in b)
