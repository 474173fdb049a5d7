"""Labels in the words of another taxonomy: mapped or rolled up, with what is lost on the way; and whether two sets of
labels of different granularity say the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality._label_sets import LabelSet, aligned, label_sets, values_of
from affectory.quality.distances import Floats, total_variation
from affectory.quality.findings import Finding, merged
from affectory.schemas.derived import LABELS
from affectory.schemas.errors import UserError
from affectory.schemas.parquet import Part, read_all
from affectory.schemas.taxonomy import Taxonomy, TaxonomyMap, load_map, roll_up
from affectory.transforms.views._rows import entropy_share, in_order, numbers

SAME = ("sample_id", "perspective", "whose", "modalities", "pool")
"""What two labels share that may be compared."""
LINEAR = "vote_share"
"""The rule whose labels are the same whether they are mapped before or after they are made."""
_READ = (*SAME, "taxonomy", "rule", "space", "values", "names", "chosen", "state", "count")
_AT_ONCE, _ROUNDED = 16, 4


@dataclass(frozen=True)
class Mapped:
    """Labels in another taxonomy."""

    labels: pa.Table
    """Rows of `labels`; `state` says of each how much of it had no counterpart, and its values share out the rest."""
    unmapped: dict[str, float]
    """Of each label without a counterpart the weight that was on it, over all rows."""
    left_out: int
    """Rows that are no distributions over the source's labels: of another taxonomy, grades, places in VAD."""


def rolled_up(labels: pa.Table, taxonomy: Taxonomy, tier: int) -> Mapped:
    """Labels of the tier that a taxonomy asks as labels of a tier above it."""
    return mapped(labels, roll_up(taxonomy, tier))


def mapped(labels: pa.Table, through: TaxonomyMap) -> Mapped:
    """Labels of the map's source as labels of its target.

    Shares of a whole are added up. Of shares of raters who may name several labels only bounds are known: the values
    are the least that they can be, `low` and `high` the bounds.
    """
    fits = pc.and_(
        pc.and_(pc.equal(labels.column("taxonomy"), through.source), pc.is_null(labels.column("names"))),
        pc.equal(pc.list_value_length(labels.column("values")), len(through.source_labels)),
    )
    parts, unmapped = [LABELS.empty()], np.zeros(len(through.source_labels))
    for space, convert in (("simplex", _shares), ("multi-label", _bounds)):
        rows = labels.filter(pc.and_(fits, pc.equal(labels.column("space"), space)))
        values = values_of(rows, len(through.source_labels))
        unmapped += np.nan_to_num(values).sum(axis=0)
        parts.append(convert(rows, values, through))
    found = in_order(pa.concat_tables(parts))
    lost = {label: float(unmapped[through.source_labels.index(label)]) for label in through.unmapped}
    return Mapped(found, lost, labels.num_rows - found.num_rows)


def _shares(rows: pa.Table, values: Floats, through: TaxonomyMap) -> pa.Table:
    asked, sums = _sums(~np.isnan(values), through.matrix > 0) > 0, _sums(values, through.matrix)
    kept, whole = sums.sum(axis=1, keepdims=True), np.nansum(values, axis=1, keepdims=True)
    shares = np.divide(sums, kept, out=np.full_like(sums, np.nan), where=asked & (kept > 0))
    lost = 1 - np.divide(kept, whole, out=np.ones_like(kept), where=whole > 0)
    told = f"on labels of {through.source} that have no counterpart:"
    more = {"uncertainty": pa.array(entropy_share(shares), pa.float32(), from_pandas=True)}
    return _rewritten(rows, shares, through, lost[:, 0], told, **more)


def _bounds(rows: pa.Table, values: Floats, through: TaxonomyMap) -> pa.Table:
    leads = through.matrix > 0
    asked, most = _sums(~np.isnan(values), leads) > 0, np.zeros((len(values), leads.shape[1]))
    for place, targets in enumerate(leads):
        most = np.maximum(most, np.nan_to_num(values[:, place, None]) * targets)
    low, high = (np.where(asked, bound, np.nan) for bound in (most, np.minimum(_sums(values, leads), 1.0)))
    lost = np.nan_to_num(np.where(leads.any(axis=1), 0.0, values)).max(axis=1, initial=0)
    told = f"labels of {through.source} that have no counterpart were named by up to"
    return _rewritten(rows, low, through, lost, told, low=numbers(low), high=numbers(high))


def _sums(values: Any, shares: Any) -> Floats:
    """Of each target label the sum of what leads to it. One source after the other: the last bits of a matrix product
    are not the same everywhere."""
    found = np.zeros((len(values), shares.shape[1]))
    for place, share in enumerate(shares):
        found += np.nan_to_num(values[:, place, None].astype(np.float64)) * share
    return found


def _rewritten(
    rows: pa.Table, values: Floats, through: TaxonomyMap, lost: Floats, told: str, **more: pa.Array
) -> pa.Table:
    """The rows with other values; what does not follow from those of the source is null."""
    columns = {name: rows.column(name) for name in (*SAME, "rule", "space", "count")}
    columns |= {"taxonomy": pa.repeat(through.target, rows.num_rows), "values": numbers(values)}
    columns |= {"chosen": _chosen(rows, through), "state": _states(rows, lost, told), **more}
    absent = {c.name: pa.nulls(rows.num_rows, c.type) for c in LABELS.columns if c.name not in columns}
    return LABELS.cast(pa.table({**columns, **absent}))


def _chosen(rows: pa.Table, through: TaxonomyMap) -> list[list[str] | None]:
    """What was chosen, where all of it has one counterpart."""
    whole = {label: row[0][0] for label, row in through.entries if len(row) == 1}
    found: list[list[str] | None] = []
    for chosen in rows.column("chosen").to_pylist():
        known = chosen is not None and all(label in whole for label in chosen)
        named = {whole[label] for label in chosen} if known else set()
        found.append([label for label in through.target_labels if label in named] if known else None)
    return found


def _states(rows: pa.Table, lost: Floats, told: str) -> list[str | None]:
    """What was said of each row, and how much of it is lost."""
    lines = [f"{told} {share:.0%}" if share >= 5e-3 else None for share in lost]
    return ["; ".join(filter(None, both)) or None for both in zip(rows.column("state").to_pylist(), lines, strict=True)]


@dataclass(frozen=True)
class TwoSets:
    """How a coarse and a fine set of labels of the same samples go together."""

    conflicts: pa.Table
    """A row for each pair that differs: the coarse values, those that follow from the fine ones, the share of the whole
    that lies elsewhere, and where they differ most, in words."""
    compared: int
    only_fine: int
    only_coarse: int

    def finding(self) -> Finding:
        """The samples whose sets differ, as the gate tells it."""
        rows = self.conflicts.column("sample_id").to_pylist()
        return Finding.of("labels", "the coarse labels are not the fine ones mapped", rows, "warns")


def two_sets(fine: pa.Table, coarse: pa.Table, through: TaxonomyMap, tolerance: float = 1e-4) -> TwoSets:
    """Compares labels of one rule in two taxonomies, of the same perspective, modalities and pool of raters.

    `tolerance` is the share of the whole that may lie on other labels. Sets that people gave separately need some.
    """
    ours, theirs = _one_set(mapped(fine, through).labels, "fine"), _one_set(coarse, "coarse", through)
    if ours is None or theirs is None:
        counts = [0 if found is None else found.rows.num_rows for found in (ours, theirs)]
        return TwoSets(_conflicts([], []), 0, *counts)
    left, right = aligned(theirs.keys(*SAME), ours.keys(*SAME))
    a, b = theirs.values[left], ours.values[right]
    apart = total_variation(a, b)
    wrong = np.flatnonzero(~(apart <= tolerance + 1e-6))  # labels hold 32 bits; NaN was not asked alike
    keys = theirs.rows.take(pa.array(left[wrong])).select(SAME).to_pylist()
    told = [_difference(a[i], b[i], float(apart[i]), through.target_labels) for i in wrong]
    only = (ours.rows.num_rows - len(right), theirs.rows.num_rows - len(left))
    return TwoSets(_conflicts(keys, told), len(left), *only)


def contradictions(parts: Sequence[Part]) -> list[Finding]:
    """For the gate: samples to which vote share gives labels in two taxonomies, between which there is a map, that are
    not the same mapped. All labels of a sample are in one part.

    Of other rules that is no fault: what decides or weighs may come out otherwise at another grain.
    """
    found: list[Finding] = []
    for first in range(0, len(parts), _AT_ONCE):
        tables = list(read_all(parts[first : first + _AT_ONCE], list(_READ)))
        found += _contradictions(pa.concat_tables(tables))
    return merged(found)


def _contradictions(labels: pa.Table) -> Iterator[Finding]:
    labels = labels.filter(pc.equal(labels.column("rule"), LINEAR))
    names = pc.unique(labels.column("taxonomy")).sort().to_pylist()
    for fine, coarse in permutations(names, 2):
        if (through := _map(fine, coarse)) is not None:
            ours, theirs = (labels.filter(pc.equal(labels.column("taxonomy"), name)) for name in (fine, coarse))
            if rows := two_sets(ours, theirs, through).conflicts.column("sample_id").to_pylist():
                rule = f"labels in {coarse} are not those in {fine} mapped to it"
                yield Finding.of("labels", rule, rows, "warns")


def _map(fine: str, coarse: str) -> TaxonomyMap | None:
    """A map that loses nothing, to fewer labels."""
    try:
        found = load_map(fine, coarse)
    except UserError:
        return None
    return found if found.total and len(found.source_labels) > len(found.target_labels) else None


def _one_set(labels: pa.Table, called: str, through: TaxonomyMap | None = None) -> LabelSet | None:
    if through is not None:
        labels = labels.filter(pc.equal(labels.column("taxonomy"), through.target))
    found = [s for s in label_sets(labels) if s.space == "simplex"]
    if len(found) > 1:
        rules = ", ".join(sorted({one.rule for one in found}))
        raise UserError(f"the {called} labels are of several rules: {rules}", "give those of one rule")
    return found[0] if found else None


def _difference(coarse: Floats, mapped: Floats, apart: float, names: Sequence[str]) -> dict[str, object]:
    off = np.nan_to_num(np.abs(coarse - mapped), nan=-1.0)
    most = int(off.argmax())
    told = f"{names[most]}: {coarse[most]:.2f}, but {mapped[most]:.2f} by the fine labels"
    asked = np.array_equal(np.isnan(coarse), np.isnan(mapped))
    return {
        "coarse": _listed(coarse),
        "from_fine": _listed(mapped),
        "distance": round(apart, _ROUNDED) if asked else None,
        "told": told if asked else "other labels were asked",
    }


def _listed(row: Floats) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), _ROUNDED) for value in row]


def _conflicts(keys: Sequence[dict[str, object]], told: Sequence[dict[str, object]]) -> pa.Table:
    lists = pa.list_(pa.float64())
    schema = pa.schema(
        [
            *((name, pa.string()) for name in SAME),
            ("coarse", lists),
            ("from_fine", lists),
            ("distance", pa.float64()),
            ("told", pa.string()),
        ]
    )
    return pa.Table.from_pylist([{**key, **said} for key, said in zip(keys, told, strict=True)], schema)
