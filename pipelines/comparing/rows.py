"""The rows that two releases differ in, one by one."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.comparing.joined import Joined
from affectory.pipelines.release.diff import Side, changed_columns

SHOWN = 20
CHANGES = ("added", "removed", "changed", "moved")
ROWS = pa.schema([
    ("sample_id", pa.string()), ("change", pa.string()), ("split_a", pa.string()), ("split_b", pa.string()),
    ("label_a", pa.string()), ("label_b", pa.string()), ("columns", pa.list_(pa.string())),
])  # fmt: skip
"""`columns` are those of the config `default` that differ; none where only other configs do."""


@dataclass(frozen=True)
class First:
    """How many rows changed in one way, and the ids of the first of them."""

    change: str
    rows: int
    ids: tuple[str, ...]


def firsts(both: Joined) -> tuple[First, ...]:
    """By kind of change, those that there are."""
    ids = both.table["sample_id"].combine_chunks()
    found = ((what, ids.filter(pc.fill_null(pc.equal(both.change, what), False))) for what in CHANGES)
    return tuple(First(what, len(mine), tuple(mine[:SHOWN].to_pylist())) for what, mine in found if len(mine))


def changed_rows(a: Side, b: Side, both: Joined) -> pa.Table:
    """All rows that were added, removed, changed or moved to another split, by id."""
    ids, change = both.table["sample_id"], both.change
    changed = ids.filter(pc.fill_null(pc.equal(change, "changed"), False)).to_pylist()
    of = dict(changed_columns(a, b, changed))
    columns = [of.get(sample) for sample in ids.to_pylist()]
    rows = pa.table(
        [ids, change, both.table["split_a"], both.table["split_b"], both.named("a"), both.named("b"),
         pa.array(columns, pa.list_(pa.string()))],
        schema=ROWS,
    )  # fmt: skip
    return rows.filter(pc.is_valid(change))


def write_changed(rows: pa.Table, out: Path) -> None:
    """As Parquet, JSONL or CSV, in which the names of columns stand in one cell."""
    from affectory.pipelines.report import write_rows

    if out.suffix == ".csv":
        cells = [" ".join(names or ()) for names in rows["columns"].to_pylist()]
        rows = rows.set_column(rows.schema.get_field_index("columns"), "columns", pa.array(cells, pa.string()))
    write_rows(rows, out)
