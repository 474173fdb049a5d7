"""What runs on Ray workers while models are asked: tasks find what to ask, actors ask it, both tell the driver."""

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

NOTE = "_note"
"""The column of what is told to the driver; rows to ask about have none."""
_ROOT = "_root"
_PLACES = ("original", "source", "uri")
"""Columns by which media are found."""
_MOST_REFUSED = 100_000
"""Reasons for no reply that are kept in mind; questions beyond that are asked again to know them."""


@dataclass
class Streamed:
    """What came of it: stages that were committed on the way, why some questions got no reply, how many got one, and
    how many batches were left as they ended too many actors."""

    stages: dict[str, list[StageReport]] = field(default_factory=dict)
    refused: dict[str, dict[str, Said]] = field(default_factory=dict)
    answered: int = 0
    left: int = 0

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
class _Asked:
    root: str
    answered: int
    refused: Mapping[str, Said]

    def told(self, came: Streamed) -> None:
        came.answered += self.answered
        if sum(map(len, came.refused.values())) + len(self.refused) <= _MOST_REFUSED:
            came.refused.setdefault(self.root, {}).update(self.refused)


@dataclass(frozen=True)
class _Left:
    """Rows that ended their actor too often."""

    root: str

    def told(self, came: Streamed) -> None:
        came.left += 1


@dataclass(frozen=True)
class _Wrong:
    error: Exception

    def told(self, came: Streamed) -> None:
        raise self.error


@dataclass(frozen=True)
class Prepare:
    """Brings partitions up to the last of some stages; `asks`: and finds what that one would ask."""

    stages: tuple[str, ...]
    asks: bool
    marker: str

    def __call__(self, batch: dict[str, Any]) -> pa.Table:
        partition: Partition = pickle.loads(batch["work"][0])
        done: list[StageReport] = []
        try:
            if self.marker:
                check_shared(partition, self.marker)
            rows = self._rows(partition, done)
        except Exception as error:
            return _notes([_Wrong(portable(error))])
        note = _notes([_Prepared(partition.root, tuple(done))])
        if rows is None:
            return note
        return pa.concat_tables([note, rows], promote_options="default")

    def _rows(self, partition: Partition, done: list[StageReport]) -> pa.Table | None:
        """None as well where a partition has to go on in its own task: that has what its stages need."""
        for index, link in enumerate(partition.links):
            if link.stage.identity in self.stages:
                done += runner.run_partition(replace(partition, until=index)).stages
                rows = runner.questions(partition, index)
                if self.asks and link.stage.identity == self.stages[-1]:
                    return None if rows is None else _to_send(rows, link.stage, partition.root)
                if rows is not None and rows.num_rows:
                    return None
                done += runner.run_partition(replace(partition, until=index + 1)).stages
            elif link.stage.transform.resources.gpus:
                return None
        return None


def _to_send(rows: pa.Table, stage: Stage, root: str) -> pa.Table:
    """What an actor needs of rows."""
    names = dict.fromkeys([*stage.transform.reads(), *_PLACES])
    return rows.select(list(names)).append_column(_ROOT, pa.repeat(root, rows.num_rows)).combine_chunks()


def told(batch: pa.Table, came: Streamed) -> None:
    """Take in what workers had to tell."""
    for note in batch.column(NOTE).drop_null().to_pylist():
        pickle.loads(note).told(came)


def _notes(notes: Sequence[Any]) -> pa.Table:
    return pa.table({NOTE: pa.array([pickle.dumps(note) for note in notes], pa.binary())})


class Model:
    """An actor that holds a model, and asks it about rows of whichever partition."""

    def __init__(self, work: bytes) -> None:
        self._like: Partition
        self._stage: Stage
        self._marker: str
        self._like, self._stage, self._marker = pickle.loads(work)

    def __call__(self, batch: pa.Table) -> pa.Table:
        noted = pc.is_valid(batch.column(NOTE))
        told = batch.filter(noted).select([NOTE])
        rows = batch.filter(pc.invert(noted))
        if not rows.num_rows:
            return told
        roots = pc.unique(rows.column(_ROOT)).to_pylist()
        notes = [self._ask(root, rows.filter(pc.equal(rows.column(_ROOT), root))) for root in roots]
        return pa.concat_tables([told, _notes(notes)])

    def _ask(self, root: str, rows: pa.Table) -> _Asked | _Left | _Wrong:
        try:
            if self._marker:
                check_shared(self._like, self._marker)
            refused = runner.ask(replace(self._like, root=root), self._stage, rows.drop_columns([_ROOT, NOTE]))
        except Exception as error:
            return _Wrong(portable(error))
        return _Left(root) if refused is None else _Asked(root, rows.num_rows - len(refused), refused)
