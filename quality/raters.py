"""Raters: how much they judged, whether they attended, and whom it touches that some are weighed down.

Agreement with others stands in the report for information. It never lowers a rater's attention.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality._label_sets import aligned, values_of
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._answers import votes
from affectory.transforms.views._attention import ATTENTION, attention
from affectory.transforms.views._grouping import KEYS, Floats, Grouped, Ints, grouped
from affectory.transforms.views._judged import judged
from affectory.transforms.views._rows import numbers
from affectory.transforms.views._tally import answered

FEW_RATERS, FEW_SAMPLES = 10, 30
NOT_SAID = "not said"
_SEPARATOR = "\x1f"
Marks = NDArray[np.bool_]

RATERS = pa.schema(
    [
        ("rater", pa.string()),
        ("judgements", pa.int64()),
        ("samples", pa.int64()),
        ("shared", pa.int64()),
        ("agreement", pa.float64()),
        ("agreement_of_others", pa.float64()),
        ("median_s", pa.float64()),
        *(f for f in ATTENTION if f.name != "rater"),
    ]
)
"""`shared`: judgements of samples that others judged too; `agreement`: the chance that one of these says the same;
`agreement_of_others`: that two of these do, where there are two. The rest is evidence of attention."""

SHIFT = pa.schema(
    [
        ("group", pa.string()),
        ("raters", pa.int64()),
        ("judgements", pa.int64()),
        ("samples", pa.int64()),
        ("moved", pa.float64()),
        ("before", pa.float64()),
        ("after", pa.float64()),
        ("shift", pa.float64()),
        ("state", pa.string()),
    ]
)
"""Total variation, from 0 to 1: `moved` between the labels before and after; `before` and `after` between the group's
own answers and the labels; `shift` is by how much the labels went away from the group."""


def rater_report(opinions: pa.Table, taxonomy: Taxonomy, gold: pa.Table | None = None) -> pa.Table:
    """A row `RATERS` for each person. `gold` has columns `sample_id` and `labels`: samples whose answer is known."""
    rows = judged(opinions, taxonomy)
    found = attention(rows, taxonomy, gold)
    names = found.column("rater").combine_chunks()
    rater = pc.index_in(rows.column("rater"), value_set=names)
    mine = pc.and_(rows.column("person"), pc.is_valid(rater))
    rows, rater = rows.filter(mine), rater.filter(mine).to_numpy().astype(np.int64)
    columns = {
        "judgements": np.bincount(rater, minlength=len(names)),
        "samples": _distinct(rater, _numbers(rows.column("sample_id")), len(names)),
        **_agreement(_Cells.of(opinions, taxonomy), names),
        "median_s": _medians(rater, rows.column("spent_s").to_numpy(zero_copy_only=False), len(names)),
        **{name: found.column(name) for name in found.column_names},
    }
    return pa.table({name: columns[name] for name in RATERS.names}).cast(RATERS)


def _numbers(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.combine_chunks().dictionary_encode().indices.to_numpy(), np.int64)


def _distinct(of: Ints, what: Ints, n: int) -> Ints:
    pairs = np.unique(np.stack([of, what]), axis=1)
    return np.bincount(pairs[0], minlength=n).astype(np.int64)


def _medians(rater: Ints, seconds: Floats, n: int) -> pa.Array:
    found = np.full(n, np.nan)
    known = np.flatnonzero(np.isfinite(seconds) & (seconds > 0))
    order = known[np.lexsort((seconds[known], rater[known]))]
    for who, times in zip(*_split(rater[order], seconds[order]), strict=True):
        found[who] = np.median(times)
    return _number(found)


def _split(keys: Ints, values: Floats) -> tuple[list[int], list[Floats]]:
    names, first = np.unique(keys, return_index=True)
    return names.tolist(), np.split(values, first[1:]) if len(names) else []


def _number(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


@dataclass(frozen=True)
class _Cells:
    """Persons' mean votes of each sample (of one perspective, on one evidence): a row for each rater and group."""

    groups: Grouped
    group: Ints
    rater: pa.Array
    judgements: Floats
    votes: Floats

    @property
    def keys(self) -> pa.Table:
        return self.groups.keys

    @classmethod
    def of(cls, opinions: pa.Table, taxonomy: Taxonomy) -> "_Cells":
        groups = grouped(opinions)
        groups = groups.only(judged(opinions, taxonomy).column("person").to_numpy(zero_copy_only=False))
        groups, cast = answered(groups.opinions, taxonomy, votes)
        names = groups.opinions.column("rater").combine_chunks().dictionary_encode()
        rater = names.indices.to_numpy().astype(np.int64)
        pairs, cell = np.unique(np.stack([groups.group, rater]), axis=1, return_inverse=True)
        cell = cell.reshape(-1)
        times = np.bincount(cell, minlength=pairs.shape[1]).astype(np.float64)
        sums = [np.bincount(cell, weights=column, minlength=pairs.shape[1]) for column in np.nan_to_num(cast).T]
        who = names.dictionary.take(pa.array(pairs[1]))
        return cls(groups, pairs[0], who, times, np.stack(sums, axis=1) / times[:, None])

    def sum(self, values: Floats) -> Floats:
        """Over the raters of each group."""
        return np.bincount(self.group, weights=values, minlength=self.groups.size).astype(np.float64)


def _agreement(cells: _Cells, names: pa.Array) -> dict[str, Any]:
    n = cells.sum(np.ones(len(cells.group)))[cells.group]
    whole = np.stack([cells.sum(column) for column in cells.votes.T], axis=1)[cells.group]
    squares = (cells.votes**2).sum(axis=1)
    rest = whole - cells.votes
    alike = (cells.votes * rest).sum(axis=1) / np.maximum(n - 1, 1)
    pairs = (rest**2).sum(axis=1) - (cells.sum(squares)[cells.group] - squares)
    among = pairs / np.maximum((n - 1) * (n - 2), 1)
    rater = pc.index_in(cells.rater, value_set=names).to_numpy(zero_copy_only=False).astype(np.int64)
    return {
        "shared": np.bincount(rater, weights=cells.judgements * (n > 1), minlength=len(names)).astype(np.int64),
        "agreement": _means(rater, alike, n > 1, len(names)),
        "agreement_of_others": _means(rater, among, n > 2, len(names)),
    }


def _means(rater: Ints, values: Floats, used: Marks, n: int) -> pa.Array:
    sums, counts = (np.bincount(rater[used], weights=w[used], minlength=n) for w in (values, np.ones(len(values))))
    return _number(np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0))


def attended_share(opinions: pa.Table, taxonomy: Taxonomy, weights: Mapping[str, float]) -> pa.Table:
    """Labels by vote share in which each person's vote weighs what is said here, and 1 where nothing is said."""
    cells = _Cells.of(opinions, taxonomy)
    weight = cells.judgements * np.array([float(weights.get(rater, 1.0)) for rater in cells.rater.to_pylist()])
    sums = np.stack([cells.sum(weight * column) for column in cells.votes.T], axis=1)
    whole = sums.sum(axis=1, keepdims=True)
    values = np.divide(sums, whole, out=np.full_like(sums, np.nan), where=whole > 0)
    columns = {"values": numbers(values), "taxonomy": pa.repeat(taxonomy.name, len(values))}
    return pa.table({**{name: cells.keys.column(name) for name in KEYS}, **columns})


def shift_by_group(
    opinions: pa.Table, taxonomy: Taxonomy, before: pa.Table, after: pa.Table, groups: pa.Table
) -> pa.Table:
    """A row `SHIFT` for each group of raters: how far labels went away from what its raters said.

    `before` and `after` are labels of the same samples in this taxonomy, without and with raters weighed down; `groups`
    has columns `rater` and `group`. Raters that it does not name are a group of their own.
    """
    cells = _Cells.of(opinions, taxonomy)
    rows = [_placed(cells, taxonomy, labels) for labels in (before, after)]
    known = np.asarray(~np.isnan(np.concatenate(rows, axis=1)).any(axis=1))
    named = pc.fill_null(_group_of(cells.rater, groups), NOT_SAID).dictionary_encode()
    own = named.indices.to_numpy().astype(np.int64)
    found = [
        _shift(name, cells, np.flatnonzero((own == place) & known[cells.group]), *rows)
        for place, name in sorted(enumerate(named.dictionary.to_pylist()), key=lambda of: of[1])
    ]
    return pa.Table.from_pylist(found, schema=SHIFT)


def _group_of(raters: pa.Array, groups: pa.Table) -> pa.Array:
    if not {"rater", "group"} <= set(groups.column_names):
        raise UserError("the rater groups lack a column", "give a table with columns rater and group")
    place = pc.index_in(raters, value_set=groups.column("rater").cast(pa.string()).combine_chunks())
    return groups.column("group").cast(pa.string()).combine_chunks().take(place)


def _placed(cells: _Cells, taxonomy: Taxonomy, labels: pa.Table) -> Floats:
    """The labels' values for each group of opinions; NaN where there are none."""
    labels = labels.filter(pc.equal(labels.column("taxonomy"), taxonomy.name))
    if "rule" in labels.column_names and len(pc.unique(labels.column("rule"))) > 1:
        raise UserError("the labels are of several rules", "give the labels of one rule each")
    keys = [pc.binary_join_element_wise(*(of.column(name) for name in KEYS), _SEPARATOR) for of in (cells.keys, labels)]
    mine, theirs = aligned(*(pa.chunked_array(key).combine_chunks() for key in keys))
    found = np.full((cells.groups.size, len(taxonomy.labels)), np.nan)
    values = values_of(labels, len(taxonomy.labels))[theirs]
    found[mine] = np.where(np.isnan(values).all(axis=1, keepdims=True), np.nan, np.nan_to_num(values))
    return found


def _shift(name: str, cells: _Cells, mine: Ints, before: Floats, after: Floats) -> dict[str, Any]:
    sample, place = np.unique(cells.group[mine], return_inverse=True)
    many = np.bincount(place, weights=cells.judgements[mine], minlength=len(sample)).astype(np.float64)
    sums = [
        np.bincount(place, weights=cells.judgements[mine] * of[mine], minlength=len(sample)) for of in cells.votes.T
    ]
    own, old, new = np.stack(sums, axis=1) / many[:, None], before[sample], after[sample]
    far = {"moved": _apart(old, new, many), "before": _apart(own, old, many), "after": _apart(own, new, many)}
    raters = len(pc.unique(cells.rater.take(pa.array(mine))))
    few = [f"fewer than {FEW_RATERS} raters"] * (raters < FEW_RATERS)
    few += [f"fewer than {FEW_SAMPLES} samples"] * (len(sample) < FEW_SAMPLES)
    counts = {"group": name, "raters": raters, "judgements": int(many.sum()), "samples": len(sample)}
    shift = None if far["after"] is None or far["before"] is None else far["after"] - far["before"]
    return {**counts, **far, "shift": shift, "state": ", ".join(few) + ": too few to tell" if few else None}


def _apart(a: Floats, b: Floats, many: Floats) -> float | None:
    """Mean total variation over judgements."""
    if not len(many):
        return None
    return float((np.abs(a - b).sum(axis=1) / 2 * many).sum() / many.sum())
