"""Which opinions are counted together: those about one sample, of one perspective, on one evidence, of one pool."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

PEOPLE = ("adjudicator", "author", "human")
KEYS = ("sample_id", "perspective", "whose", "modalities", "pool")
_SEPARATOR = "\x1f"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Grouped:
    """Opinions in the order of their ids, each once; `keys` has a row for each group, in the order of the keys, and
    `group` says of each opinion which it is in."""

    opinions: pa.Table
    keys: pa.Table
    group: Ints
    silent: Ints | None = None
    """How many further opinions in each group named none of the labels; None where that plays no part."""

    @property
    def size(self) -> int:
        return int(self.keys.num_rows)

    def only(self, used: NDArray[np.bool_]) -> "Grouped":
        """Some of the opinions, and the groups that have one."""
        if used.all():
            return self
        kept, group = np.unique(self.group[used], return_inverse=True)
        return Grouped(self.opinions.filter(pa.array(used)), self.keys.take(pa.array(kept)), group.astype(np.int64))

    def pools(self) -> list[str]:
        """Of each group its pool: human, group, model."""
        found: list[str] = self.keys.column("pool").to_pylist()
        return found

    def sum(self, rows: Floats) -> Floats:
        """The sum of each column in each group, over what is not NaN; opinions are added in the order of their ids."""
        return np.stack([self._sum(np.nan_to_num(column)) for column in rows.T], axis=1)

    def counts(self, rows: Floats) -> Floats:
        """How many values of each column are not NaN in each group."""
        return np.stack([self._sum((~np.isnan(column)).astype(np.float64)) for column in rows.T], axis=1)

    def mean(self, rows: Floats) -> Floats:
        """The mean of each column in each group over what is not NaN; NaN where there is nothing."""
        sums, counts = self.sum(rows), self.counts(rows)
        mean: Floats = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
        return mean

    def sizes(self) -> Ints:
        """How many opinions each group has."""
        return np.bincount(self.group, minlength=self.size).astype(np.int64)

    def _sum(self, column: Floats) -> Floats:
        return np.bincount(self.group, weights=column, minlength=self.size).astype(np.float64)

    def rows(self) -> Iterator[Ints]:
        """The rows of each group, in order."""
        order = np.argsort(self.group, kind="stable")
        ends = np.cumsum(self.sizes())
        yield from np.split(order, ends[:-1]) if self.size else ()


def grouped(opinions: pa.Table) -> Grouped:
    """The opinions in their groups; one that comes twice counts once."""
    opinions = _once(opinions)
    keys = _keys(opinions)
    place = np.zeros(opinions.num_rows, dtype=np.int64)
    for column in keys.columns:
        words, code = coded(column.combine_chunks())
        place = place * len(words) + code
    _, first, group = np.unique(place, return_index=True, return_inverse=True)
    return Grouped(opinions, keys.take(pa.array(first)), group.reshape(-1).astype(np.int64))


def coded(texts: pa.StringArray) -> tuple[pa.StringArray, Ints]:
    """The words in order, and which of them each text is, -1 where it is null."""
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.full(len(order) + 1, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    return encoded.dictionary.take(pa.array(order)), rank[pc.fill_null(encoded.indices, -1).to_numpy()]


def _once(opinions: pa.Table) -> pa.Table:
    """In the order of ids, so that no sum depends on the order in which opinions came."""
    ids = opinions.select(["opinion_id", "sample_id"]).combine_chunks()
    if opinions.num_rows < 2 or _rises(ids.column("opinion_id")):
        return opinions
    order = pc.sort_indices(ids, sort_keys=[("opinion_id", "ascending"), ("sample_id", "ascending")])
    ids = ids.take(order)
    same = [pc.equal(x.slice(1), x.slice(0, len(x) - 1)) for x in ids.columns]
    again = pc.and_(*same).to_numpy()
    return opinions.take(order.filter(pa.array(np.concatenate([[True], ~again]))))


def _rises(ids: pa.ChunkedArray) -> bool:
    """Whether each id is greater than the one before."""
    return bool(pc.all(pc.greater(ids.slice(1), ids.slice(0, len(ids) - 1))).as_py())


def _keys(opinions: pa.Table) -> pa.Table:
    people = pc.is_in(opinions.column("rater_kind"), value_set=pa.array(PEOPLE))
    one = pc.if_else(people, "human", "model")
    columns = {
        "sample_id": opinions.column("sample_id"),
        "perspective": opinions.column("perspective"),
        "whose": pc.fill_null(opinions.column("whose"), ""),
        "modalities": modalities_of(opinions.column("modalities")),
        "pool": pc.if_else(pc.is_valid(opinions.column("people")), "group", one),
    }
    return pa.table(columns)


def modalities_of(seen: pa.ChunkedArray) -> pa.Array:
    """What was seen, sorted and joined by +; there are few different lists."""
    seen = seen.combine_chunks()
    plain = pc.fill_null(pc.binary_join(pc.fill_null(seen, pa.scalar([], seen.type)), _SEPARATOR), "")
    encoded = plain.dictionary_encode()
    names = ["+".join(sorted(set(x.split(_SEPARATOR)))) for x in encoded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(encoded.indices)
