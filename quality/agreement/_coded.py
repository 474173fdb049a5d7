"""The ratings of one question as numbers, and what resampling its items or raters makes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.ratings import Question

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Weights = Floats | None
Statistic = Callable[[Weights, Weights], float]
"""A figure given how often each item, and each rating, counts."""

FEWEST = 5
"""Fewer raters, items or clusters say nothing about how others would differ."""


class Cells(NamedTuple):
    """Values that items got: of which item, which value, by how many ratings; and in which cell each rating is."""

    item: Ints
    code: Ints
    often: Floats
    of: Ints


@dataclass(frozen=True)
class Coded:
    """Ratings in the order of their items; each has an item, a rater and a place on the scale."""

    item: Ints
    rater: Ints
    code: Ints
    scale: Floats
    """The number of each place on the scale, rising; of sets only their order."""
    items: tuple[str, ...]
    raters: tuple[str, ...]
    """Empty where nobody said who rated; each rating then is somebody else's."""
    cluster: Ints
    """Of each item."""
    sets: tuple[frozenset[str], ...] = ()

    @property
    def size(self) -> int:
        return len(self.item)

    @cached_property
    def sizes(self) -> Ints:
        """How many ratings each item has."""
        return np.bincount(self.item, minlength=len(self.items)).astype(np.int64)

    @cached_property
    def cells(self) -> "Cells":
        """Each value that an item got, once."""
        many = max(1, len(self.scale))
        distinct, cell, count = np.unique(self.item * many + self.code, return_inverse=True, return_counts=True)
        return Cells(distinct // many, distinct % many, count.astype(np.float64), cell.astype(np.int64))

    @cached_property
    def first(self) -> NDArray[np.bool_]:
        """False where a rater rated an item before: pairs of raters count once."""
        order = np.lexsort((np.arange(self.size), self.rater, self.item))
        again = np.zeros(self.size, np.bool_)
        item, rater = self.item[order], self.rater[order]
        again[order[1:]] = (item[1:] == item[:-1]) & (rater[1:] == rater[:-1])
        return ~again

    @property
    def repeats(self) -> int:
        """How many ratings are a rater's second of an item."""
        return int((~self.first).sum()) if self.raters else 0

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """Any two ratings of one item by two raters, as rows; the rater who comes first by name is first."""
        rows = np.flatnonzero(self.first)
        rows = rows[np.lexsort((self.rater[rows], self.item[rows]))]
        return within(self.item[rows], rows)


def sums(group: Ints, values: NDArray[Any], count: int) -> Floats:
    """The sum of values in each group."""
    found: Floats = np.bincount(group, values, count).astype(np.float64, copy=False)
    return found


def within(group: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """All pairs, each once, of rows that lie in one group; rows come sorted by group."""
    sizes = np.unique(group, return_counts=True)[1]
    ends = np.repeat(np.cumsum(sizes), sizes)
    later = ends - np.arange(len(rows)) - 1
    left = np.repeat(np.arange(len(rows)), later)
    start = np.repeat(np.cumsum(later) - later, later)
    right = left + 1 + np.arange(len(left)) - start
    return rows[left], rows[right]


def coded(question: Question) -> Coded:
    """The ratings of a question whose values are numbers or sets."""
    table = question.rows
    item, items = _codes(table.column("item").to_pylist())
    named = table.column("rater").null_count == 0 and table.num_rows > 0
    rater, raters = _codes(table.column("rater").to_pylist()) if named else (np.arange(table.num_rows), ())
    code, scale, sets = _scale(question)
    return Coded(item, rater, code, scale, items, raters, _clusters(table, item, len(items)), sets)


def _scale(question: Question) -> tuple[Ints, Floats, tuple[frozenset[str], ...]]:
    values = question.rows.column("value")
    if question.level in ("ranking", "trace", "spans"):
        return np.zeros(question.rows.num_rows, np.int64), np.zeros(1), ()
    if question.level == "multi-label":
        given = ["\x1f".join(sorted(set(v))) for v in values.to_pylist()]
        code, texts = _codes(given)
        sets = tuple(frozenset(filter(None, text.split("\x1f"))) for text in texts)
        return code, np.arange(len(sets), dtype=np.float64), sets
    numbers = values.to_numpy().astype(np.float64)
    if question.levels:
        return numbers.astype(np.int64), np.arange(len(question.levels), dtype=np.float64), ()
    scale, code = np.unique(numbers, return_inverse=True)
    return code.astype(np.int64), scale, ()


def _codes(texts: list[str]) -> tuple[Ints, tuple[str, ...]]:
    distinct = sorted(set(texts))
    places = {text: place for place, text in enumerate(distinct)}
    return np.array([places[text] for text in texts], np.int64), tuple(distinct)


def _clusters(table: pa.Table, item: Ints, items: int) -> Ints:
    """Of each item its cluster; an item of which nobody said one is its own."""
    given = pc.fill_null(table.column("cluster"), "").to_pylist()
    found = np.arange(items) + len(set(given))
    names = {name: place for place, name in enumerate(sorted(set(given)))}
    for row, name in enumerate(given):
        if name:
            found[item[row]] = names[name]
    places: Ints = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return places


def by_items(ratings: Coded, times: int, seed: int) -> Iterator[tuple[Weights, Weights]]:
    """How often each item counts when items (whole clusters of them) are drawn anew."""
    draw, count = np.random.default_rng(seed), int(ratings.cluster.max(initial=-1)) + 1
    for _ in range(times):
        yield np.bincount(draw.integers(0, count, count), minlength=count)[ratings.cluster].astype(np.float64), None


def by_raters(ratings: Coded, times: int, seed: int) -> Iterator[tuple[Weights, Weights]]:
    """How often each rating counts when raters are drawn anew."""
    draw, count = np.random.default_rng(seed), len(ratings.raters)
    for _ in range(times):
        yield None, np.bincount(draw.integers(0, count, count), minlength=count)[ratings.rater].astype(np.float64)


Interval = tuple[float, float] | None


def tail(level: float, units: int) -> float:
    """The share of draws beyond each end: less of few units, as Student's t is wider than the normal distribution (the
    expanded percentiles of Hesterberg 2015)."""
    from scipy.special import ndtr, stdtrit

    return float(ndtr(-np.sqrt(units / (units - 1)) * stdtrit(units - 1, (1 + level) / 2)))


def interval(
    value: float, statistic: Statistic, draws: Iterator[tuple[Weights, Weights]], beyond: float, most: float = np.inf
) -> Interval:
    """Where a figure lies in all but so many draws at each end, none above the most that it can be; None where it is
    not defined in a tenth of these.

    Draws are moved so that their middle is the figure itself: as items come twice in them, means over pairs of raters
    with few items lie lower there, which says nothing of how sure the figure is.
    """
    found = np.array([statistic(items, ratings) for items, ratings in draws])
    defined = found[np.isfinite(found)]
    if len(defined) == 0 or len(defined) < 0.9 * len(found):
        return None
    low, middle, high = np.quantile(defined, [beyond, 0.5, 1 - beyond])
    return value + float(low - middle), min(value + float(high - middle), most)
