"""A stage with a fit over the whole dataset, in the runner: its two halves, and what a partition is told between."""

from dataclasses import dataclass, replace
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.commits import CommitStore
from affectory.pipelines.store.files import PartFile
from affectory.schemas.errors import NotConserved
from affectory.schemas.parquet import read_parquet
from affectory.transforms.base import Columns, Resources, Step
from affectory.transforms.fitting import Fitting


@dataclass(frozen=True)
class Told:
    """What a partition is told: the commit with the signs of its rows, and the part that holds its slice of the fit."""

    signed: str
    part: str


@dataclass(frozen=True)
class _Half:
    """One half of a stage that fits, run as a stage of its own."""

    fitting: Fitting

    @property
    def on(self) -> frozenset[str]:
        return self.fitting.on


@dataclass(frozen=True)
class _Signs(_Half):
    @property
    def resources(self) -> Resources:
        return self.fitting.resources

    def reads(self) -> Columns:
        return self.fitting.reads()

    def writes(self) -> Columns:
        return self.fitting.signs()

    def setup(self) -> Step:
        return self.fitting.signer()


@dataclass(frozen=True)
class _Applies(_Half):
    resources: Resources = Resources(batch_rows=1 << 16)  # noqa: RUF009

    def reads(self) -> Columns:
        return self.fitting.told()

    def writes(self) -> Columns:
        return self.fitting.writes()

    def setup(self) -> Step:
        return self.fitting.setup()


def signing(stage: Stage) -> Stage:
    """The half that signs rows; they stay as they are."""
    transform = _Signs(cast(Fitting, stage.transform))
    return replace(stage, name=f"{stage.name}-signs", transform=transform, identity=f"{stage.identity}-signs")


def applying(stage: Stage) -> Stage:
    """The half that decides, once the fit is known."""
    transform = _Applies(cast(Fitting, stage.transform))
    return replace(stage, transform=transform, identity=f"{stage.identity}-applies")


def signs_of(stage: Stage, rows: pa.Table) -> pa.Table:
    """What is kept of rows that were signed."""
    mine = pc.is_in(rows.column("kind"), value_set=pa.array(sorted(stage.transform.on)))
    return rows.select(["sample_id", *stage.transform.writes()]).filter(mine)


def with_told(stage: Stage, rows: pa.Table, told: Told, commits: CommitStore) -> pa.Table:
    """The rows that could be signed, each beside what the fit says of it; rows of other kinds are told nothing."""
    lost = commits.read(commits.get(told.signed), "rejects", ["sample_id"])
    if lost is not None:
        rows = rows.filter(pc.invert(pc.is_in(rows.column("sample_id"), value_set=lost.column(0).combine_chunks())))
    names = stage.transform.reads()
    said = _slice(told, names, commits)
    at = pc.index_in(rows.column("sample_id"), value_set=said.column("sample_id").combine_chunks())
    mine = pc.is_in(rows.column("kind"), value_set=pa.array(sorted(stage.transform.on)))
    found, wanted = len(at) - at.null_count, pc.sum(mine).as_py() or 0
    if not found == wanted == said.num_rows:
        raise NotConserved(stage.name, f"the fit tells of {said.num_rows} rows, {found} of them here", wanted, found)
    for name in names:
        rows = rows.append_column(name, said.column(name).take(at))
    return rows


def _slice(told: Told, names: Columns, commits: CommitStore) -> pa.Table:
    schema = pa.schema([("sample_id", pa.string()), *names.items()])
    if not told.part:
        return schema.empty_table()
    return read_parquet(PartFile(commits.files.location, told.part), schema.names).cast(schema)
