"""Samples of different splits that have something in common: the same speaker, record, file or words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from affectory.quality.audits._chance import Ints

_AMONG = 32
"""Of training texts that share a key, so many are compared with each held-out text."""
_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Shared:
    """Something that samples may have in common, as a number for each sample that has it; samples may have several."""

    kind: str
    row: Ints
    key: Ints
    elsewhere: bool = False
    """It counts only between samples of different records."""


@dataclass(frozen=True)
class Partners:
    """Held-out samples, each with a training sample that it has something in common with."""

    kind: str
    row: Ints
    partner: Ints


def partners(shared: Shared, train: NDArray[np.bool_], record: Ints) -> Partners:
    """For each held-out sample the first training sample, in the order of ids, that has the same."""
    mine = train[shared.row]
    order = np.lexsort([shared.row[mine], shared.key[mine]])
    row, key = shared.row[mine][order], shared.key[mine][order]
    known, start = np.unique(key, return_index=True)
    other = _first_of_another(record[row], start)
    held, at = shared.row[~mine], np.searchsorted(known, shared.key[~mine])
    there = np.append(known, 0)[at] == shared.key[~mine]
    held, at = held[there & (at < len(known))], at[there & (at < len(known))]
    partner = row[start[at]]
    if shared.elsewhere:
        own = record[partner] == record[held]
        second = other[at]
        partner = np.where(own, np.where(second < 0, -1, row[second]), partner)
    held, partner = held[partner >= 0], partner[partner >= 0]
    once, first = np.unique(held, return_index=True)
    return Partners(shared.kind, once, partner[first])


def _first_of_another(record: Ints, start: Ints) -> Ints:
    """For each run that starts there, the first place of another record than its first one, -1 where there is none."""
    lead = np.repeat(np.arange(len(start)), np.diff(np.append(start, len(record))))
    differs = np.flatnonzero(record != record[start[lead]])
    found = np.full(len(start), -1)
    found[lead[differs][::-1]] = differs[::-1]
    return found


def nearly_same(
    texts: pa.Array, languages: pa.Array, rows: Ints, train: NDArray[np.bool_], record: Ints, least: float
) -> Partners:
    """Held-out texts of which at least such a share of five-word stretches is in a training text of another record."""
    from affectory.transforms.dataset._alike import Texts, packed
    from affectory.transforms.dataset._shingles import EMPTY, filled_up, signatures

    raw = signatures(texts, languages)
    full = np.flatnonzero((raw != EMPTY).any(axis=1))
    signed, way = packed(filled_up(raw[full])), Texts(least)
    held, other = _meeting(*way.keys(signed), train[rows[full]])
    apart = record[rows[full][held]] != record[rows[full][other]]
    held, other = held[apart], other[apart]
    alike = [np.zeros(0, bool)]
    for at in range(0, len(held), _AT_ONCE):
        some, others = (signed.take(pa.array(side[at : at + _AT_ONCE])) for side in (held, other))
        alike.append(way.alike(some, others))
    same = np.concatenate(alike)
    found, partner = rows[full][held[same]], rows[full][other[same]]
    order = np.lexsort([partner, found])
    once, first = np.unique(found[order], return_index=True)
    return Partners("nearly the same text", once, partner[order][first])


def _meeting(row: Ints, key: NDArray[np.uint64], train: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Pairs of a held-out and a training row that have a key in common, each pair once."""
    mine = train[row]
    order = np.lexsort([row[mine], key[mine]])
    known, rows = key[mine][order], row[mine][order]
    held, wanted = row[~mine], key[~mine]
    low, high = (np.searchsorted(known, wanted, side=side) for side in ("left", "right"))
    count = np.minimum(high - low, _AMONG)
    first = np.repeat(np.cumsum(count) - count, count)
    other = rows[np.repeat(low, count) + np.arange(count.sum()) - first]
    pairs = np.unique(np.stack([np.repeat(held, count), other], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def components(count: int, shared: Sequence[Shared]) -> Ints:
    """For each sample which of the lots it is in that hang together by what is shared."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, groups, nodes = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], count
    for one in shared:
        _, at = np.unique(one.key, return_inverse=True)
        rows.append(one.row)
        groups.append(nodes + at)
        nodes += int(at.max(initial=-1)) + 1
    edges = (np.concatenate(rows), np.concatenate(groups))
    graph = coo_matrix((np.ones(len(edges[0]), np.int8), edges), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1][:count], np.int64)
