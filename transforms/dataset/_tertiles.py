"""Exact tertiles of numbers that lie in many parts: of groups that meet, and of all numbers without holding them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.transforms.base import Columns
from affectory.transforms.fitting import PART, Fitted, Ground, Rows

Numbers = NDArray[np.float64]
CUTS = pa.schema([("group", pa.string()), ("low", pa.float64()), ("high", pa.float64())])
POOLED = "pooled"
"""The group of all numbers."""
LEVELS = ("low", "normal", "high")
SIGNS: Columns = {"_group": pa.string(), "_value": pa.float64()}
TOLD: Columns = {"_level": pa.string()}
_SIGN, _BITS, _DIGITS = np.uint64(1 << 63), 16, 4


def signed(batch: pa.Table, of: str, within: str | None) -> pa.Table:
    """The batch with the number of each row, and its group."""
    groups = _groups(batch, within)
    number = batch.column(of).cast(pa.float64()) if of in batch.column_names else pa.nulls(batch.num_rows, pa.float64())
    number = pc.if_else(pc.is_finite(number), number, pa.scalar(None, pa.float64()))
    return batch.append_column("_group", groups).append_column("_value", number)


def _groups(batch: pa.Table, within: str | None) -> pa.Array | pa.ChunkedArray:
    """The group of each row, by a name that no other kind of group has."""
    place, _, name = (within or "").partition(".")
    none = pa.nulls(batch.num_rows, pa.string())
    if place == "extra":
        values = pa.array([dict(row or ()).get(name) for row in batch.column("extra").to_pylist()], pa.string())
    else:
        name = name or place
        values = batch.column(name) if name in batch.column_names else none
    return pc.binary_join_element_wise(pa.scalar(within or ""), values, ":")


def fit(ground: Ground, memory: Sequence[Rows], least: int) -> Fitted:
    """The cuts that are known hold; those of new groups are made, and all numbers told their third."""
    known = joined(memory)
    made = joined(ground.meet("groups", ground.signs, "_group", _in_groups, GroupCuts(least)).rows("cuts"))
    made = made.filter(pc.invert(pc.is_in(made.column("group"), value_set=known.column("group").combine_chunks())))
    cuts = pa.concat_tables([known, made])
    if POOLED not in cuts.column("group").to_pylist():
        cuts = pa.concat_tables([cuts, _of_all(ground.signs)])
    told = ground.meet("levels", ground.signs, "sample_id", Levels(cuts), as_they_are)
    return Fitted(told.rows("levels"), ground.held("cuts", cuts))


def joined(parts: Sequence[Rows]) -> pa.Table:
    return pa.concat_tables([CUTS.empty_table(), *(part.read().cast(CUTS) for part in parts)])


def _in_groups(rows: pa.Table) -> pa.Table:
    """The rows that have a number and a group."""
    there = pc.and_(pc.is_valid(rows.column("_group")), pc.is_valid(rows.column("_value")))
    return rows.select(list(SIGNS)).filter(there)


def as_they_are(rows: pa.Table) -> Mapping[str, pa.Table]:
    return {"levels": rows}


def _of_all(signs: Sequence[Rows]) -> pa.Table:
    count = sum(map(len, numbers_in(signs)))
    low, high = pooled(signs, count) if count else (0.0, 0.0)
    return pa.table([[POOLED], [low], [high]], schema=CUTS).slice(0, min(1, count))


def numbers_in(parts: Sequence[Rows]) -> Iterator[Numbers]:
    for part in parts:
        yield part.read().column("_value").drop_null().to_numpy()


@dataclass(frozen=True)
class GroupCuts:
    """The tertiles of each group that has enough numbers; null ones of the others, which go by those of all."""

    least: int

    def __call__(self, rows: pa.Table) -> Mapping[str, pa.Table]:
        groups = rows.sort_by([("_group", "ascending"), ("_value", "ascending")])
        values = groups.column("_value").to_numpy()
        counted = groups.column("_group").combine_chunks().value_counts()  # in order, as `group_by` is not
        sizes = counted.field("counts").to_numpy()
        starts = np.cumsum(sizes) - sizes
        few = sizes < self.least
        low, high = (pa.array(values[starts + rank], mask=few) for rank in _ranks(sizes))
        return {"cuts": pa.table([counted.field("values"), low, high], schema=CUTS)}


def _ranks(sizes: NDArray[np.int64], parts: int = 3) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the last number of the lowest part and of the last but one."""
    return -(-sizes // parts) - 1, -(-(parts - 1) * sizes // parts) - 1


def pooled(parts: Sequence[Rows], count: int, into: int = 3) -> tuple[float, float]:
    """The outer cuts of all numbers into equal parts, tertiles or quartiles. They are gone through four times, each
    time for 16 more bits of the answer."""
    ranks = [int(rank[0]) for rank in _ranks(np.array([count]), into)]
    found = [np.uint64(0), np.uint64(0)]
    for digit in range(_DIGITS):
        counts = np.zeros((2, 1 << _BITS), np.int64)
        for keys in map(_ordered, numbers_in(parts)):
            counts += [_digits(keys, prefix, digit) for prefix in found]
        for which, seen in enumerate(np.cumsum(counts, axis=1)):
            at = int(np.searchsorted(seen, ranks[which], side="right"))
            ranks[which] -= int(seen[at - 1]) if at else 0
            found[which] = found[which] << np.uint64(_BITS) | np.uint64(at)
    low, high = _numbers(np.array(found, np.uint64))
    return float(low), float(high)


def _ordered(numbers: Numbers) -> NDArray[np.uint64]:
    """Whole numbers in the same order; zero has one of them."""
    bits = (numbers + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _numbers(keys: NDArray[np.uint64]) -> Numbers:
    return np.where(keys & _SIGN, keys & ~_SIGN, ~keys).view(np.float64)


def _digits(keys: NDArray[np.uint64], prefix: np.uint64, digit: int) -> NDArray[np.int64]:
    """How often each next digit comes after those that are known."""
    mine = keys[keys >> np.uint64(64 - _BITS * digit) == prefix] if digit else keys
    next_ = mine >> np.uint64(64 - _BITS * (digit + 1)) & np.uint64((1 << _BITS) - 1)
    return np.bincount(next_.astype(np.int64), minlength=1 << _BITS)


@dataclass(frozen=True)
class Levels:
    """Says of each number in which third of its group it lies; a number on the cut goes down."""

    cuts: pa.Table

    def __call__(self, rows: pa.Table) -> pa.Table:
        own = pc.index_in(rows.column("_group"), value_set=self.cuts.column("group").combine_chunks())
        low, high = (self._cut(name, own) for name in ("low", "high"))
        values = rows.column("_value")
        above = pc.if_else(pc.less_equal(values, high), LEVELS[1], LEVELS[2])
        level = pc.if_else(pc.less_equal(values, low), LEVELS[0], above)
        return pa.table({PART: rows.column(PART), "sample_id": rows.column("sample_id"), "_level": level})

    def _cut(self, name: str, own: pa.ChunkedArray) -> pa.ChunkedArray:
        """Of a group without cuts those of all."""
        whole = self.cuts.filter(pc.equal(self.cuts.column("group"), POOLED)).column(name)
        fallback = whole[0] if len(whole) else pa.scalar(None, pa.float64())
        return pc.coalesce(self.cuts.column(name).take(own), fallback)
