"""What runs on Ray workers while models are asked: tasks find what to ask, actors ask it, both tell the driver."""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.engines._shared import check_shared
from affectory.pipelines.runner import partition as runner
from affectory.pipelines.runner.child import portable
from affectory.pipelines.runner.partition import Partition, StageReport
from affectory.pipelines.runner.stage import Stage
from affectory.transforms.base import Said
from affectory.transforms.models._asking import asks_of

NOTE = "_note"
"""The column of what is told to the driver; rows to ask about have none."""
ROOT = "_root"
_PLACES = ("original", "source", "uri")
"""Columns by which media are found."""
_MOST_REFUSED = 100_000
"""Reasons for no reply that are kept in mind; questions beyond that are asked again to know them."""


@dataclass
class Streamed:
    """What came of it: stages that were committed on the way, why some questions got no reply, how many got one, of how
    many it is known what came, and which batches were left as they ended too many actors."""

    stages: dict[str, list[StageReport]] = field(default_factory=dict)
    refused: dict[str, dict[str, Said]] = field(default_factory=dict)
    answered: int = 0
    known: int = 0
    left: set[str] = field(default_factory=set)

    def onward(self, partition: Partition) -> Partition:
        """The partition as it goes on."""
        return replace(partition, refused=self.refused.get(partition.root, {}))


@dataclass(frozen=True)
class _Prepared:
    root: str
    stages: tuple[StageReport, ...]

    def told(self, came: Streamed) -> None:
        came.stages.setdefault(self.root, []).extend(self.stages)


@dataclass(frozen=True)
class Asked:
    """How many questions of a partition got a reply, and why others got none."""

    root: str
    answered: int
    refused: Mapping[str, Said]

    @classmethod
    def of(cls, partition: Partition, stage: Stage, rows: pa.Table, refused: Mapping[str, Said]) -> "Asked":
        """Of a stage that talks the ledger tells: what a build may ask can have a limit."""
        answered = rows.num_rows - len(refused)
        if stage.models:
            with runner.elsewhere(partition, stage) as rounds:
                answered = rounds.answered(stage, rows)
        return cls(partition.root, answered, refused)

    def told(self, came: Streamed) -> None:
        came.answered += self.answered
        came.known += self.answered
        if sum(map(len, came.refused.values())) + len(self.refused) <= _MOST_REFUSED:
            refused = came.refused.setdefault(self.root, {})
            came.known += len(self.refused.keys() - refused.keys())
            refused.update(self.refused)


@dataclass(frozen=True)
class _Left:
    """Rows that ended their actor too often; in each round of a talk they are there again."""

    batch: str

    @classmethod
    def of(cls, root: str, rows: pa.Table) -> "_Left":
        return cls(hashlib.sha256(pickle.dumps([root, rows.to_pylist()])).hexdigest())

    def told(self, came: Streamed) -> None:
        came.left.add(self.batch)


@dataclass(frozen=True)
class Wrong:
    """What no question is to blame for."""

    error: Exception

    def told(self, came: Streamed) -> None:
        raise self.error


@dataclass(frozen=True)
class Prepare:
    """Brings partitions up to the last of some stages; `asks`: and finds what that one would ask, of a stage that talks
    with models what it would ask the one of that name."""

    stages: tuple[str, ...]
    asks: bool
    marker: str
    model: str = ""

    def __call__(self, batch: dict[str, Any]) -> pa.Table:
        partition: Partition = pickle.loads(batch["work"][0])
        done: list[StageReport] = []
        try:
            if self.marker:
                check_shared(partition, self.marker)
            rows = self._rows(partition, done)
        except Exception as error:
            return notes([Wrong(portable(error))])
        note = notes([_Prepared(partition.root, tuple(done))])
        if rows is None:
            return note
        return pa.concat_tables([note, rows], promote_options="default")

    def _rows(self, partition: Partition, done: list[StageReport]) -> pa.Table | None:
        """None as well where a partition has to go on in its own task: that has what its stages need."""
        for index, link in enumerate(partition.links):
            if link.stage.identity in self.stages:
                report = runner.run_partition(replace(partition, until=index))
                done += report.stages
                if report.left:
                    return None  # the build may not ask what comes before
                rows = runner.questions(partition, index)
                if self.asks and link.stage.identity == self.stages[-1]:
                    return None if rows is None else self._to_send(rows, link.stage, partition.root)
                if rows is not None and rows.num_rows:
                    return None
                done += runner.run_partition(replace(partition, until=index + 1)).stages
            elif link.stage.transform.resources.gpus:
                return None
        return None

    def _to_send(self, rows: pa.Table, stage: Stage, root: str) -> pa.Table:
        """What an actor needs of rows."""
        if stage.models:
            rows = rows.filter(pa.array([ask.model == self.model for ask in asks_of(rows)], pa.bool_()))
        else:
            rows = rows.select(list(dict.fromkeys([*stage.transform.reads(), *_PLACES])))
        return rows.append_column(ROOT, pa.repeat(root, rows.num_rows)).combine_chunks()


def told(batch: pa.Table, came: Streamed) -> int:
    """Take in what workers had to tell; how many rows are no notes."""
    found = batch.column(NOTE).drop_null().to_pylist()
    for note in found:
        pickle.loads(note).told(came)
    return int(batch.num_rows - len(found))


def untold(batch: pa.Table) -> pa.Table:
    """Without its notes, where these were taken in."""
    return batch.filter(pc.is_null(batch.column(NOTE)))


def notes(told: Sequence[Any]) -> pa.Table:
    """What is told to the driver, as rows."""
    return pa.table({NOTE: pa.array([pickle.dumps(note) for note in told], pa.binary())})


def parted(batch: pa.Table) -> tuple[pa.Table, dict[str, pa.Table]]:
    """The notes of a batch, and its rows by the partition that they are of."""
    noted = pc.is_valid(batch.column(NOTE))
    rows = batch.filter(pc.invert(noted))
    by_root: dict[str, pa.Table] = {}
    if rows.num_rows:
        roots = pc.unique(rows.column(ROOT)).to_pylist()
        of = {root: rows.filter(pc.equal(rows.column(ROOT), root)) for root in roots}
        by_root = {root: some.drop_columns([ROOT, NOTE]) for root, some in of.items()}
    return batch.filter(noted).select([NOTE]), by_root


class Model:
    """An actor that holds a model, and asks it about rows of whichever partition."""

    def __init__(self, work: bytes) -> None:
        self._like: Partition
        self._stage: Stage
        self._marker: str
        self._like, self._stage, self._marker = pickle.loads(work)

    def __call__(self, batch: pa.Table) -> pa.Table:
        told, by_root = parted(batch)
        return pa.concat_tables([told, notes([self._ask(root, rows) for root, rows in by_root.items()])])

    def _ask(self, root: str, rows: pa.Table) -> Asked | _Left | Wrong:
        try:
            if self._marker:
                check_shared(self._like, self._marker)
            partition = replace(self._like, root=root)
            refused = runner.ask(partition, self._stage, rows)
            return _Left.of(root, rows) if refused is None else Asked.of(partition, self._stage, rows, refused)
        except Exception as error:
            return Wrong(portable(error))
