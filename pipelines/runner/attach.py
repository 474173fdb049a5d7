"""Judgements find their samples again: by record and by how far the two places overlap."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Anchor = Mapping[str, Any]
_AXES = (("start_us", "end_us"), ("char_start", "char_end"))


@dataclass(frozen=True)
class Attached:
    """For each judgement the index of its sample, -1 where none overlaps enough; and of those that inherit it."""

    samples: tuple[int, ...]
    heirs: tuple[tuple[int, ...], ...] = ()

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Judgements and samples that belong together, by their indices."""
        for judgement, sample in enumerate(self.samples):
            heirs = self.heirs[judgement] if self.heirs else ()
            yield from ((judgement, index) for index in sorted({sample, *heirs} - {-1}))


def standing(judgements: pa.Table) -> pa.Table:
    """The judgements that count: not superseded by a later revision, not retracted, and not declined."""
    replaced = pc.is_in(judgements.column("judgement_id"), value_set=judgements.column("supersedes").combine_chunks())
    gone = pc.or_(judgements.column("retracted"), pc.is_valid(judgements.column("declined")))
    return judgements.filter(pc.invert(pc.or_(replaced, gone)))


def attach(
    judged: Sequence[Anchor],
    samples: Sequence[Anchor],
    lengths: Sequence[float | None],
    least: float,
    texts: Sequence[int | None] = (),
    inherit: bool = False,
) -> Attached:
    """The best overlapping sample for each judged place; those too that lie in it, where they inherit.

    `lengths` are how long the samples' records last, `texts` how many characters the samples have.
    """
    of_record: dict[str, list[int]] = {}
    for index, anchor in enumerate(samples):
        of_record.setdefault(anchor["record"], []).append(index)
    sizes = list(zip(lengths, texts or [None] * len(samples), strict=True))
    near = [of_record.get(anchor["record"], []) for anchor in judged]
    best = tuple(_best(a, around, samples, sizes, least) for a, around in zip(judged, near, strict=True))
    if not inherit:
        return Attached(best)
    pairs = zip(judged, near, strict=True)
    return Attached(best, tuple(tuple(i for i in around if within(samples[i], a) >= least) for a, around in pairs))


def _best(
    judged: Anchor,
    near: list[int],
    samples: Sequence[Anchor],
    sizes: Sequence[tuple[float | None, int | None]],
    least: float,
) -> int:
    ends = [e for i in near for e in (samples[i]["end_us"], sizes[i][0]) if e is not None]
    last = max((e for i in near if (e := samples[i]["char_end"]) is not None), default=None)
    length = max(ends, default=None)
    scores = [(overlap(judged, samples[i], length, _text(samples[i], sizes[i][1], last)), -i) for i in near]
    score, index = max(scores, default=(0.0, 0))
    return -index if scores and score >= least else -1


def _text(sample: Anchor, characters: int | None, last: int | None) -> int | None:
    """How long the whole text is: as long as the sample's own, unless that is cut from it."""
    return characters if sample["char_start"] is None else last


def overlap(a: Anchor, b: Anchor, length: float | None, characters: int | None = None) -> float:
    """Intersection over union of two places in one record; a place without coordinates is the whole of it."""
    shares = [_share(a, b, *axis, whole) for axis, whole in zip(_AXES, (length, characters), strict=True)]
    return min(*shares, _in_picture(a["box"], b["box"]))


def _in_picture(a: Sequence[float] | None, b: Sequence[float] | None) -> float:
    """A box and the whole picture are not the same place, and how large the picture is nobody said."""
    if a is None or b is None:
        return float(a is None and b is None)
    return box_overlap(a, b)


def within(part: Anchor, whole: Anchor) -> float:
    """How much of a place lies in another one of its record; nothing of what has no such coordinates does."""
    shares = [_part(part, whole, *axis) for axis in _AXES]
    if whole["box"] is not None or part["box"] is not None:
        shares.append(_in_picture(part["box"], whole["box"]))
    return min(shares)


def _part(part: Anchor, whole: Anchor, start: str, end: str) -> float:
    if whole[start] is None:
        return 1.0
    if part[start] is None or part[end] is None:
        return 0.0
    shared = min(part[end], whole[end]) - max(part[start], whole[start])
    return float(max(0.0, shared / (part[end] - part[start]))) if part[end] > part[start] else 0.0


def _share(a: Anchor, b: Anchor, start: str, end: str, length: float | None) -> float:
    if a[start] is None and b[start] is None:
        return 1.0
    (a0, a1), (b0, b1) = ((0, length) if x[start] is None else (x[start], x[end]) for x in (a, b))
    if a1 is None or b1 is None:
        return 0.0
    union = max(a1, b1) - min(a0, b0)
    return max(0.0, (min(a1, b1) - max(a0, b0)) / union) if union > 0 else 1.0


def box_overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inter = max(0.0, width) * max(0.0, height)
    union = a[2] * a[3] + b[2] * b[3] - inter
    return inter / union if union > 0 else 0.0
