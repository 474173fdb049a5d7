"""Which split a sample goes to: groups never cross splits, and what was placed once stays where it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.pipelines.columns import firsts
from affectory.pipelines.components import Places, components
from affectory.schemas.ids import fractions

_GROUPED = ("speaker", "dialogue", "session", "duplicates")
NARROW = ("sample_id", "anchor.record", *_GROUPED)
"""The columns of samples that decide about their splits."""
FIT = pa.schema([("group", pa.string()), ("split", pa.string())])
SPLITS = pa.schema([("sample_id", pa.string()), ("split", pa.string())])
CONFLICTS = pa.schema([("sample_id", pa.string()), ("record_id", pa.string()), ("detail", pa.string())])


@dataclass(frozen=True)
class Placement:
    """A split for every sample, or a reason why it has none; and where each group is now. Each table is sorted."""

    splits: pa.Table
    conflicts: pa.Table
    fit: pa.Table


@dataclass(frozen=True)
class Memberships:
    """Which groups (`speaker:p_1`, `record:r_2`) each sample belongs to, as places in sorted lists of names."""

    samples: pa.Array
    records: pa.Array
    groups: pa.Array
    places: tuple[Places, ...]
    """For each kind of group every sample's place in `groups`, -1 where it has none of that kind."""

    @cached_property
    def first(self) -> Places:
        """One group of each sample."""
        found = self.places[-1]
        for places in reversed(self.places[:-1]):
            found = np.where(places < 0, found, places)
        return found

    def roots(self) -> Places:
        """For each group the smallest of those that it is connected to by samples which belong to both."""
        edges = [(self.first[has], places[has]) for places in self.places if (has := places >= 0).any()]
        a, b = (np.concatenate(side) for side in zip(*edges, strict=True)) if edges else (_NOWHERE, _NOWHERE)
        apart = a != b
        return components(len(self.groups), a[apart], b[apart])


_NOWHERE: Places = np.zeros(0, np.int64)


def narrow(samples: pa.Table) -> pa.Table:
    """Sample, record and groups, of samples read with only the columns of `NARROW`."""
    record = pc.struct_field(samples.column("anchor"), "record")
    columns = {"sample_id": samples.column("sample_id"), "record": record}
    return pa.table(columns | {name: samples.column(name) for name in _GROUPED})


def memberships_of(samples: pa.Table, by: Sequence[str]) -> Memberships:
    """Each sample's groups; a sample that has none of those asked for is a group of its own record.

    So is one that has duplicates only: before they came it was placed by its record, and there it stays.
    """
    samples = _each_once(samples)
    columns = {("record" if name == "source" else name): None for name in by}
    values = {name: samples.column(name) for name in columns}
    if "record" not in values:
        own = [np.asarray(pc.is_valid(column)) for name, column in values.items() if name != "duplicates"]
        there = np.logical_or.reduce([np.zeros(samples.num_rows, bool), *own])
        values["record"] = pc.if_else(pa.array(there), pa.scalar(None, pa.string()), samples.column("record"))
    names: list[pa.Array] = []
    places: list[Places] = []
    for kind in sorted(values):
        known, at = _ranked(values[kind])
        places.append(np.where(at < 0, at, at + sum(len(n) for n in names)))
        names.append(pc.binary_join_element_wise(kind, known, ":"))
    ids, records = (samples.column(name).combine_chunks() for name in ("sample_id", "record"))
    return Memberships(ids, records, pa.concat_arrays(names), tuple(places))


def _each_once(samples: pa.Table) -> pa.Table:
    """The samples in order; of those with the same id the last."""
    order = np.asarray(pc.sort_indices(samples.column("sample_id")))
    ids = samples.column("sample_id").take(pa.array(order))
    last = firsts(ids)[1:] if len(ids) else ()
    return samples.take(pa.array(order[np.append(last, True)[: len(ids)].astype(bool)]))


def _ranked(column: pa.ChunkedArray) -> tuple[pa.Array, Places]:
    """The sorted values of a column, and each row's place among them, -1 where it has none."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    order = np.asarray(pc.sort_indices(encoded.dictionary))
    rank = np.empty(len(order) + 1, np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    return encoded.dictionary.take(pa.array(order)), rank[np.asarray(encoded.indices.fill_null(len(order)))]


def place(members: Memberships, shares: Mapping[str, float], fit: pa.Table) -> Placement:
    """Place what the fit knows by the fit, and the rest by a hash, so that no order or count matters."""
    root, names = members.roots(), sorted({*shares, *pc.unique(fit.column("split")).to_pylist()})
    own = _looked_up(members.groups, fit, names)
    low, high = _known(root, own, len(names))
    torn = low < high
    split = np.where(high < 0, -1, low)
    new = np.flatnonzero((high < 0) & (root == np.arange(len(root))))
    split[new] = drawn(members.groups.take(pa.array(new)), shares, names)
    split = np.where(torn, -1, split)[root]
    of_sample, torn_sample = split[members.first], torn[root][members.first]
    of_sample[torn_sample] = _own_split(members, own)[torn_sample]
    grown = np.where(own < 0, split, -1)
    return Placement(
        _splits(members, of_sample, names),
        _conflicts(members, np.flatnonzero(of_sample < 0), root, _words(root, own, torn, names)),
        _grown(fit, members.groups, grown, names),
    )


def _looked_up(groups: pa.Array, fit: pa.Table, names: Sequence[str]) -> Places:
    """Where the fit has each group, as a place in `names`; -1 where it does not know it."""
    codes = np.append(np.asarray(pc.index_in(fit.column("split"), value_set=pa.array(names, pa.string()))), -1)
    at = pc.index_in(groups, value_set=fit.column("group").combine_chunks())
    found: Places = codes.astype(np.int64)[np.asarray(at.fill_null(len(codes) - 1))]
    return found


def _known(root: Places, own: Places, count: int) -> tuple[Places, Places]:
    """By root the first and the last of the splits in which its groups are already; the last is -1 where none is."""
    low, high = np.full(len(root), count), np.full(len(root), -1)
    has = own >= 0
    np.minimum.at(low, root[has], own[has])
    np.maximum.at(high, root[has], own[has])
    return low, high


def _own_split(members: Memberships, own: Places) -> Places:
    """The split in which all groups of a sample are already: there it stays, whatever they are connected to by now."""
    every = np.stack([np.where(places < 0, own[members.first], own[places]) for places in members.places])
    return np.where((every == every[0]).all(axis=0), every[0], -1)


def _words(root: Places, own: Places, torn: NDArray[np.bool_], names: Sequence[str]) -> dict[int, str]:
    """Why the samples of a torn root are held back."""
    here = torn[root] & (own >= 0)
    pairs = np.unique(root[here] * len(names) + own[here])
    found: dict[int, list[str]] = {}
    for pair in pairs.tolist():
        found.setdefault(pair // len(names), []).append(names[pair % len(names)])
    return {torn_root: conflict(splits) for torn_root, splits in found.items()}


def conflict(splits: Sequence[str]) -> str:
    """What a sample is told that would join groups of several splits, given in order."""
    return f"it joins groups that are in different splits already: {', '.join(splits)}; `--refit` moves them"


def drawn(groups: pa.Array, shares: Mapping[str, float], names: Sequence[str]) -> Places:
    """The split of each new group, told by the group's name, as a place in `names`."""
    given = [name for name, share in shares.items() if share > 0]
    edges = np.array(list(accumulate(shares[name] for name in given)))
    places = np.array([names.index(name) for name in given], np.int64)
    at = np.searchsorted(edges, fractions("split", groups.to_pylist()), side="right")
    chosen: Places = places[np.minimum(at, len(given) - 1)]
    return chosen


def _splits(members: Memberships, of_sample: Places, names: Sequence[str]) -> pa.Table:
    placed = np.flatnonzero(of_sample >= 0)
    ids = members.samples.take(pa.array(placed))
    return pa.table([ids, _named(of_sample[placed], names)], schema=SPLITS)


def _conflicts(members: Memberships, held: Places, root: Places, words: Mapping[int, str]) -> pa.Table:
    rows = pa.array(held)
    roots = root[members.first[held]]
    known = np.array(sorted(words), np.int64)
    details = pa.array([words[r] for r in known.tolist()], pa.string()).take(pa.array(np.searchsorted(known, roots)))
    return pa.table([members.samples.take(rows), members.records.take(rows), details], schema=CONFLICTS)


def _grown(fit: pa.Table, groups: pa.Array, split: Places, names: Sequence[str]) -> pa.Table:
    """The fit with groups that it did not know; those without a split stay out."""
    new = np.flatnonzero(split >= 0)
    if not len(new):
        return fit.select(FIT.names).cast(FIT)
    more = pa.table([groups.take(pa.array(new)), _named(split[new], names)], schema=FIT)
    return pa.concat_tables([fit.select(FIT.names).cast(FIT), more]).sort_by("group") if fit.num_rows else more


def _named(codes: Places, names: Sequence[str]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(codes))


def moved(before: pa.Table, after: pa.Table) -> int:
    """How many groups are in another split than they were."""
    at = pc.index_in(before.column("group"), value_set=after.column("group").combine_chunks())
    now = after.column("split").take(at.combine_chunks())
    return int(pc.sum(pc.not_equal(now, before.column("split"))).as_py() or 0)
