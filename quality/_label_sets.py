"""Rows of `labels` as matrices: what every comparison of labels begins with."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.distances import Floats
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy

Ints = NDArray[np.int64]
_SEPARATOR = "\x1f"
_NAMED = " names"
_KIND = ["taxonomy", "rule", "space", _NAMED]


@dataclass(frozen=True)
class LabelSet:
    """Labels of one taxonomy, rule and space; `values` has a row for each and a column for each of `names`."""

    rows: pa.Table
    values: Floats
    names: tuple[str, ...]
    taxonomy: str
    rule: str
    space: str

    def take(self, places: Ints) -> "LabelSet":
        rows = self.rows.take(pa.array(places, pa.int64()))
        return LabelSet(rows, self.values[places], self.names, self.taxonomy, self.rule, self.space)

    def where(self, column: str, value: str) -> "LabelSet":
        return self.take(np.flatnonzero(pc.equal(self.rows.column(column), value).to_numpy(zero_copy_only=False)))

    def fullest(self, *alike: str) -> "LabelSet":
        """Of the labels of each sample those of the raters who saw and heard most of it."""
        best: dict[str, tuple[int, bool, str, int]] = {}
        seen = self.rows.column("modalities").to_pylist()
        for place, key in enumerate(self.keys("sample_id", *alike).to_pylist()):
            had = (seen[place].count("+"), bool(seen[place]), seen[place], place)
            best[key] = max(best.get(key, had), had)
        return self.take(np.array(sorted(place for *_, place in best.values()), np.int64))

    def keys(self, *columns: str) -> pa.Array:
        """One text for each row, equal where the columns are."""
        parts = [pc.fill_null(self.rows.column(name), "") for name in columns]
        return pa.chunked_array(pc.binary_join_element_wise(*parts, _SEPARATOR)).combine_chunks()


def label_sets(labels: pa.Table, own: Taxonomy | None = None) -> Iterator[LabelSet]:
    """The sets that a table of labels holds, in the order of their names; `own` is a taxonomy that is not built in."""
    joined = pc.fill_null(pc.binary_join(labels.column("names").combine_chunks(), _SEPARATOR), "")
    labels = labels.append_column(_NAMED, joined)
    for kind in labels.group_by(_KIND).aggregate([]).sort_by([(name, "ascending") for name in _KIND]).to_pylist():
        masks = [pc.equal(labels.column(name), value) for name, value in kind.items()]
        rows = labels.filter(reduce(pc.and_, masks)).drop_columns(_NAMED)
        names = _names(rows, own)
        rows = rows.filter(pc.equal(pc.list_value_length(rows.column("values")), len(names)))
        if names and rows.num_rows:
            yield LabelSet(rows, values_of(rows, len(names)), names, kind["taxonomy"], kind["rule"], kind["space"])


def values_of(rows: pa.Table, width: int) -> Floats:
    """The values of rows that have so many, NaN for null."""
    flat = pc.list_flatten(rows.column("values").combine_chunks())
    values = np.asarray(flat.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    return values.reshape(rows.num_rows, width)


def aligned(a: pa.Array, b: pa.Array) -> tuple[Ints, Ints]:
    """The rows of both that have the same key, in the order of the first."""
    found = pc.index_in(a, value_set=b)
    there = pc.is_valid(found).to_numpy(zero_copy_only=False)
    return np.flatnonzero(there), pc.drop_null(found).to_numpy().astype(np.int64)


def _names(rows: pa.Table, own: Taxonomy | None) -> tuple[str, ...]:
    """What the values are of: as the rows say, else the labels of their taxonomy, else numbers."""
    if (said := rows.column("names")[0].as_py()) is not None:
        return tuple(said)
    name = rows.column("taxonomy")[0].as_py()
    try:
        return (own if own is not None and own.name == name else load_taxonomy(name)).labels
    except UserError:
        width = pc.max(pc.list_value_length(rows.column("values"))).as_py() or 0
        return tuple(str(place + 1) for place in range(width))
