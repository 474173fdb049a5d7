"""Fits made in tests: a table as one partition or many, its rows met in this process or by exchanges."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from affectory.pipelines import connecting
from affectory.pipelines.engines.local import Local
from affectory.pipelines.exchanges import Exchanges
from affectory.pipelines.grounds import Here, Over, Signed
from affectory.pipelines.history import last_build, parts
from affectory.pipelines.remembered import Remembered
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.files import files_at
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.parquet import read_all
from affectory.transforms.fitting import Fitting


@dataclass(frozen=True)
class Layout:
    """How a fit may be made without its result being another one; no buckets: all rows meet in this process."""

    partitions: int = 1
    buckets: int = 0


ALONE = Layout()


def fitted(
    step: Any, table: pa.Table, memory: pa.Table | None = None, layout: Layout = ALONE, refit: bool = False
) -> tuple[pa.Table, pa.Table]:
    """What is told of each row of a table, in its order, and what is remembered."""
    fitting = cast(Fitting, step)
    with TemporaryDirectory() as folder:
        workspace = Workspace(folder)
        signs = _signed(fitting, table, workspace, layout.partitions)
        kept = Remembered(files_at(Path(folder) / "fits"), "x", fitting.memory())
        kept.save(fitting.memory().empty_table() if memory is None else memory)
        ground = _ground(workspace, signs, layout.buckets)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connecting, "FEW", -1 if layout.buckets else connecting.FEW)
            found = fitting.fit(ground, () if refit else kept.parts())
            grown = ground.grown(kept.parts(), found.memory, fitting.memory(), refit)
            remembered = pa.concat_tables([fitting.memory().empty_table(), *grown.pieces])
            told = [rows for _, rows in ground.sliced(found.told)]
    return _in_order(table, told, fitting), remembered


def last_rows(workspace: str | Path) -> list[tuple[Any, ...]]:
    """Of each sample of the last build its key, its group of duplicates, and its notes."""
    found = Workspace(workspace)
    record = last_build(found)
    assert record is not None
    samples, notes = (
        pa.concat_tables(read_all(parts(found, record.finished, name))).to_pylist() for name in ("samples", "notes")
    )
    told = {(n["sample_id"], n["name"]): n["number"] if n["text"] is None else n["text"] for n in notes}
    names = sorted({name for _, name in told})
    return sorted((s["key"], s["duplicates"], *(told.get((s["sample_id"], n)) for n in names)) for s in samples)


def _signed(fitting: Fitting, table: pa.Table, workspace: Workspace, partitions: int) -> list[Signed]:
    schema = pa.schema([("sample_id", pa.string()), *fitting.signs().items()])
    found = []
    for number in range(partitions):
        part = table.filter(pa.array(np.arange(table.num_rows) % partitions == number))
        rows = fitting.signer()(part).rows.select(schema.names)
        counts = Counts(part.num_rows, part.num_rows, part.num_rows)
        workspace.commits().commit(f"{number:02}-signs", "signs", counts, {"signs": rows}, {"signed": part.num_rows})
        found.append(Signed(number, str(workspace.root), f"{number:02}-signs", schema))
    return found


def _ground(workspace: Workspace, signs: list[Signed], buckets: int) -> Here | Over:
    return Over(signs, Exchanges(Local(0), workspace.exchanges(), "x", buckets)) if buckets else Here(signs)


def _in_order(table: pa.Table, slices: list[pa.Table], fitting: Fitting) -> pa.Table:
    """Every row has to be told of once."""
    schema = pa.schema([("sample_id", pa.string()), *fitting.told().items()])
    told = pa.concat_tables([schema.empty_table(), *(rows.select(schema.names).cast(schema) for rows in slices)])
    ids = told.column("sample_id").to_pylist()
    assert sorted(ids) == sorted(table.column("sample_id").to_pylist())
    return told.take(pa.array([ids.index(i) for i in table.column("sample_id").to_pylist()], pa.int64()))
