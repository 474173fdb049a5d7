"""Splits as dicts for tests: the columnar code called as the oracle is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.split_oracle import Placement, Tokens
from support.steps import flow

from affectory.pipelines import connecting, splits
from affectory.pipelines.engines.local import Local
from affectory.pipelines.exchanges import Exchanges
from affectory.pipelines.split_fit import SplitFit
from affectory.pipelines.splits import FIT, Memberships
from affectory.pipelines.splits_exchanged import Placing, SamplesPart
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.files import below
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import sample_id

Given = Mapping[str, Tokens]
EVEN = {"train": 0.5, "test": 0.3, "ex": 0.2}
_NUMBER = count()

Sample = tuple[int, str | None, str | None]
"""Number of its record, speaker, dialogue."""


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


def table_of(given_samples: Sequence[Sample]) -> pa.Table:
    """Samples, several of a record, with their speakers and dialogues."""
    table = flow(["a"] * len(given_samples))
    records = [f"r_{record}" for record, _, _ in given_samples]
    ids = [sample_id(record, n) for n, record in enumerate(records)]
    anchor = pa.array([{"record": record} for record in records], table.schema.field("anchor").type)
    columns = {"sample_id": pa.array(ids, pa.string()), "anchor": anchor}
    columns |= {n: pa.array([s[i] for s in given_samples], pa.string()) for i, n in ((1, "speaker"), (2, "dialogue"))}
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), table.schema.field(name), column)
    return table


@dataclass(frozen=True)
class Layout:
    """How a run may differ without its result being another."""

    partitions: int = 3
    buckets: int = 2
    few: int = -1
    engine: Any = field(default_factory=lambda: Local(0))


def committed(workspace: Workspace, table: pa.Table, partitions: int) -> list[str]:
    """The samples in partitions, those of a record together."""
    records = pc.struct_field(table["anchor"], "record").to_pylist()
    places = np.array([int(record[2:]) % partitions for record in records])
    for n in range(partitions):
        rows = table.filter(pa.array(places == n))
        size = rows.num_rows
        workspace.commits().commit(f"{n:02}-finish", "label", Counts(size, size, size), {"samples": rows}, {})
    return [f"{n:02}-finish" for n in range(partitions)]


def exchanged(
    folder: str | Path, table: pa.Table, by: Sequence[str], fit: Mapping[str, str], layout: Layout, refit: bool = False
) -> tuple[Placement, int, bool]:
    """The placement by exchanges, groups moved, and whether the fit changed."""
    workspace = Workspace(below(folder, str(next(_NUMBER))))
    keys = committed(workspace, table, layout.partitions)
    parts = [SamplesPart(n, str(workspace.root), (key,), tuple(by)) for n, key in enumerate(keys)]
    fits_ = SplitFit(workspace.fits(), by, EVEN)
    fits_.save(fit_table(fit))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connecting, "FEW", layout.few)
        over = Exchanges(layout.engine, workspace.exchanges(), "x", layout.buckets)
        placed = Placing(over, parts, EVEN, fits_.parts(), refit).place()
        pieces = pa.concat_tables([fit_table({}), *placed.pieces()])
    return as_placement(placed.splits, placed.conflicts, pieces), placed.moved, placed.fit_changed
