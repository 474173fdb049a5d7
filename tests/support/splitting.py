"""Splits as dicts for tests: the columnar code called as the oracle is."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from support.split_oracle import Placement, Tokens

from affectory.pipelines import splits
from affectory.pipelines.splits import FIT, Memberships

Given = Mapping[str, Tokens]


def members_of(tokens: Given) -> Memberships:
    """Samples and their groups as the columnar code has them."""
    samples, groups = sorted(tokens), sorted({t for own in tokens.values() for t in own})
    at = {group: i for i, group in enumerate(groups)}
    widest = max(map(len, tokens.values()), default=1)
    places = [[at[tokens[s][i]] if i < len(tokens[s]) else -1 for s in samples] for i in range(widest)]
    ids = pa.array(samples, pa.string())
    return Memberships(ids, ids, pa.array(groups, pa.string()), tuple(np.array(p, np.int64) for p in places))


def tokens_of(samples: pa.Table, by: Sequence[str]) -> dict[str, list[str]]:
    """The groups of each sample, read back from the columnar form."""
    members = splits.memberships_of(splits.narrow(samples), by)
    names = members.groups.to_pylist()
    ids = members.samples.to_pylist()
    return {s: [names[p[i]] for p in members.places if p[i] >= 0] for i, s in enumerate(ids)}


def fit_table(fit: Mapping[str, str]) -> pa.Table:
    groups = sorted(fit)
    return pa.table([pa.array(groups, pa.string()), pa.array([fit[g] for g in groups], pa.string())], schema=FIT)


def as_dict(table: pa.Table, value: str) -> dict[str, str]:
    """A table by its first column, which must be in order and name everything once."""
    keys = table.column(0).to_pylist()
    assert keys == sorted(set(keys))
    return dict(zip(keys, table.column(value).to_pylist(), strict=True))


def place(tokens: Given, shares: Mapping[str, float], fit: Mapping[str, str]) -> Placement:
    placed = splits.place(members_of(tokens), shares, fit_table(fit))
    return as_placement(placed.splits, placed.conflicts, placed.fit)


def as_placement(placed: pa.Table, conflicts: pa.Table, fit: pa.Table) -> Placement:
    return Placement(as_dict(placed, "split"), as_dict(conflicts, "detail"), as_dict(fit, "split"))
