"""How far the shares of labels shifted between two releases, and how far chance alone shifts them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.pipelines.comparing.joined import Counts, Joined
from affectory.quality.audits._chance import generator, holm

Floats = NDArray[np.float64]
LEVEL = 0.95
ALL = "all"


@dataclass(frozen=True)
class Share:
    """A label's share of the rows of both, and by how much it shifted."""

    label: str
    a: float
    b: float
    low: float
    high: float
    """Ends of the interval of the shift."""

    @property
    def shift(self) -> float:
        return self.b - self.a


@dataclass(frozen=True)
class Shift:
    """The labels of a split, or of all: their Jensen-Shannon divergence in bits, from 0 (alike) to 1 (apart)."""

    split: str
    rows_a: int
    rows_b: int
    divergence: float
    low: float
    high: float
    p: float
    """How often chance, dealing the same rows to the versions anew, moves labels as far."""
    adjusted: float
    """The same among all splits (Holm)."""
    shares: tuple[Share, ...]
    """Of labels that either has."""

    @property
    def shifted(self) -> bool:
        """Whether chance alone would hardly do it."""
        return self.adjusted < 1 - LEVEL


def shifts(both: Joined, draws: int = 1000, seed: int = 0) -> tuple[Shift, ...]:
    """Of all rows, then of each split that both have where there are several."""
    whole = [_shift(both, None, draws, seed)]
    apart = [_shift(both, split, draws, seed) for split in both.splits]
    found = [shift for shift in (*whole, *(apart if len(both.splits) > 1 else ())) if shift is not None]
    adjusted = holm([shift.p for shift in found])
    return tuple(replace(shift, adjusted=p) for shift, p in zip(found, adjusted, strict=True))


def _shift(both: Joined, split: str | None, draws: int, seed: int) -> Shift | None:
    cells = both.cells(split)
    a, b = cells[:-1].sum(axis=1), cells[:, :-1].sum(axis=0)
    if not a.sum() or not b.sum():
        return None
    random = generator("shift", seed, split or ALL)
    moved = float(divergence(a[None], b[None])[0])
    drawn_a, drawn_b = _drawn_again(cells, draws, random)
    low, high = _ends(divergence(drawn_a, drawn_b), moved)
    apart = divergence(*_dealt_anew(cells, draws, random))
    p = float((1 + np.count_nonzero(apart >= moved - 1e-12)) / (1 + draws))
    shares = _shares(both.labels, (a, b), (drawn_a, drawn_b))
    return Shift(split or ALL, int(a.sum()), int(b.sum()), moved, max(0.0, low), min(1.0, high), p, p, shares)


def divergence(a: NDArray[Any], b: NDArray[Any]) -> Floats:
    """Of rows of counts, in bits."""
    p, q = (x / np.maximum(x.sum(axis=1, keepdims=True), 1) for x in (a, b))
    middle = (p + q) / 2
    found: Floats = (_surprise(p, middle) + _surprise(q, middle)) / 2
    return np.clip(found, 0.0, 1.0)


def _surprise(p: Floats, of: Floats) -> Floats:
    ratio = np.divide(p, of, out=np.ones_like(p), where=p > 0)
    found: Floats = (p * np.log2(ratio)).sum(axis=1)
    return found


def _drawn_again(cells: Counts, draws: int, random: np.random.Generator) -> tuple[Counts, Counts]:
    """Labels of both where their samples are drawn again, each with its labels in both."""
    at = np.argwhere(cells > 0)
    often = cells[at[:, 0], at[:, 1]]
    drawn = random.multinomial(int(often.sum()), often / often.sum(), draws).astype(np.int64)
    labels = len(cells)
    return drawn @ np.eye(labels, dtype=np.int64)[at[:, 0]][:, :-1], drawn @ np.eye(labels, dtype=np.int64)[at[:, 1]][
        :, :-1
    ]


def _dealt_anew(cells: Counts, draws: int, random: np.random.Generator) -> tuple[Counts, Counts]:
    """Labels of both where it is chance which rows were added and removed, and which way a label moved."""
    labels = len(cells) - 1
    inner = cells[:-1, :-1]
    kept, removed, added = np.diag(inner), cells[:-1, -1], cells[-1, :-1]
    pool = np.broadcast_to(kept + removed + added, (draws, labels))
    gone = _taken(pool, int(removed.sum()), random)
    new = _taken(pool - gone, int(added.sum()), random)
    there, back = _turned(inner - np.diag(kept), draws, random)
    return pool - new + there, pool - gone + back


def _taken(pool: Counts, many: int, random: np.random.Generator) -> Counts:
    """So many rows out of each pool, by label."""
    found, left = np.zeros_like(pool), np.full(len(pool), many)
    for place in range(pool.shape[1]):
        others = pool[:, place + 1 :].sum(axis=1)
        found[:, place] = random.hypergeometric(pool[:, place], others, left)
        left = left - found[:, place]
    return found


def _turned(moves: Counts, draws: int, random: np.random.Generator) -> tuple[Counts, Counts]:
    """What moved from one label to another, each row either way."""
    at = np.argwhere(moves > 0)
    often = moves[at[:, 0], at[:, 1]]
    turned = random.binomial(often, 0.5, (draws, len(at))).astype(np.int64)
    first, last = (np.eye(len(moves), dtype=np.int64)[at[:, place]] for place in (0, 1))
    return (often - turned) @ first + turned @ last, (often - turned) @ last + turned @ first


def _ends(drawn: Floats, value: float) -> tuple[float, float]:
    """Draws lie higher than what they are drawn of, as chance adds to a divergence: their middle is moved there."""
    low, middle, high = np.quantile(drawn, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return value + float(low - middle), value + float(high - middle)


def _shares(labels: Sequence[str], counts: tuple[Counts, Counts], drawn: tuple[Counts, Counts]) -> tuple[Share, ...]:
    a, b = (x / x.sum() for x in counts)
    parts = [x / np.maximum(x.sum(axis=1, keepdims=True), 1) for x in drawn]
    ends = np.quantile(parts[1] - parts[0], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return tuple(
        Share(name, float(a[n]), float(b[n]), float(ends[0, n]), float(ends[1, n]))
        for n, name in enumerate(labels)
        if counts[0][n] or counts[1][n]
    )
