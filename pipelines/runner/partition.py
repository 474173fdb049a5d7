"""One partition through its stages: read, run and commit, the same on every engine."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.consent import Consent, Crowd, Known, asks_consent
from affectory.pipelines.runner.ahead import Ahead, looks
from affectory.pipelines.runner.asking import Desk, Questions, Tries
from affectory.pipelines.runner.child import Child
from affectory.pipelines.runner.conversing import Rounds
from affectory.pipelines.runner.execute import ALLOWED, Allowance, run_looks, run_stage
from affectory.pipelines.runner.finish import Finish
from affectory.pipelines.runner.finishing import ending
from affectory.pipelines.runner.fitting import Told, signs_of, with_told
from affectory.pipelines.runner.kinds import mine, of_kinds, there
from affectory.pipelines.runner.media import changed, externalise, hydrate, without_changed
from affectory.pipelines.runner.memory import no_more_than
from affectory.pipelines.runner.rejects import failed_for, rejects_of
from affectory.pipelines.runner.repeats import without_repeats
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.runner.till import OutOfBudget, Till
from affectory.pipelines.store.assets import AssetStore
from affectory.pipelines.store.budget import UNLIMITED, Limits
from affectory.pipelines.store.commits import Commit, CommitStore, Counts
from affectory.pipelines.store.usage import Usage, as_facts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS, SAMPLES
from affectory.schemas.errors import NotConserved
from affectory.transforms.base import Columns, Result, Said, Whom
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asking import COLUMNS


@dataclass(frozen=True)
class Link:
    """One stage of a partition under its key; a retry names the commit whose failed rows it runs again.

    Of a stage with a fit over the dataset there are two: the rows pass by the one that `signs` them, and the one that
    is `told` what the fit says gets those that could be signed.
    """

    stage: Stage
    key: str
    retry_of: str = ""
    reason: str = ""
    signs: bool = False
    told: Told | None = None


@dataclass(frozen=True)
class Partition:
    """What travels to a worker: where to read, which stages, under which keys.

    With `until`, only the first so many links run and nothing is finished; every commit keeps its key. At a `barrier`
    it stops after its last link, as a fit has to be known first. `refused` says why questions to models, by their ids,
    got no reply where they were asked before; `known` is where people's consent is looked up.
    """

    workspace: str
    epoch: int
    root: str
    rows: int
    kinds: frozenset[str]
    links: tuple[Link, ...]
    finish: Finish
    roots: Mapping[str, str] = field(default_factory=dict)
    isolate: Literal["none", "declared", "all"] = "declared"
    until: int | None = None
    refused: Mapping[str, Said] = field(default_factory=dict)
    allowance: Allowance = ALLOWED
    barrier: bool = False
    limits: Limits = UNLIMITED
    known: Known = Known()  # noqa: RUF009

    @property
    def keys(self) -> tuple[str, ...]:
        links = tuple(link.key for link in self.links)
        return (self.root, *links) if self.barrier else (self.root, *links, *self.finish.keys)


@dataclass(frozen=True)
class StageReport:
    """What one stage did to one partition, for progress and logs; `asked` are questions that a model answered."""

    stage: str
    key: str
    counts: Counts
    seconds: float
    asked: int = 0
    used: Mapping[str, int] = field(default_factory=dict)
    """Usage of the answers that it is made of, as facts."""


@dataclass(frozen=True)
class PartitionReport:
    """`left` are questions that the build may not ask any more; without their answers the partition goes no further."""

    partition: str
    stages: tuple[StageReport, ...]
    left: int = 0


class _Own(threading.local):
    """Each thread that runs partitions has one child; its stages that may crash share it."""

    def __init__(self) -> None:
        self.child = Child()


_OWN = _Own()


def end_child() -> None:
    """End this thread's child; its next stage starts another, in the surroundings of then."""
    _OWN.child.stop()


def run_partition(partition: Partition) -> PartitionReport:
    """Run what is not committed yet; everything committed before a kill is found again here."""
    with _running(partition) as run:
        return PartitionReport(partition.root, tuple(run.stages()), run.left)


def questions(partition: Partition, index: int) -> pa.Table | None:
    """The rows that a link would ask its model about, each question once; None where the link is committed, or what is
    before it is not."""
    with _running(partition) as run:
        return run.questions(index)


def ask(partition: Partition, stage: Stage, rows: pa.Table) -> dict[str, Said] | None:
    """Put questions of a partition to a model and keep the replies; why some got none.

    Called again after it died, it asks what is not answered yet; None once it died more often than rows are retried.
    """
    with _running(partition) as run:
        return run.ask(stage, rows)


@contextmanager
def elsewhere(partition: Partition, stage: Stage) -> Iterator[Rounds]:
    """What a stage that talks says and hears where its questions are put by others, who bring back what came."""
    with _running(partition) as run:
        yield run.rounds(stage)


def forget_tries(partition: Partition) -> None:
    """Remove what tells how often `ask` was called in this build."""
    tries = _tries(Workspace(partition.workspace, partition.epoch), partition.epoch)
    tries.files.discard(list(tries.files.names(tries.folder)))


def _tries(workspace: Workspace, epoch: int) -> Tries:
    return Tries(workspace.records(), f"tries/{epoch}")


@contextmanager
def _running(partition: Partition) -> "Iterator[_Run]":
    """Media that were brought to this machine for a partition are gone from it afterwards."""
    workspace = Workspace(partition.workspace, partition.epoch)
    with workspace.assets() as assets:
        yield _Run(partition, workspace, assets)


class _Run:
    def __init__(self, partition: Partition, workspace: Workspace, assets: AssetStore) -> None:
        self.partition = partition
        self.commits: CommitStore = workspace.commits()
        self.assets = assets
        self.workspace = workspace
        self._flow: tuple[str, pa.Table] | None = None
        self._asked, self._used, self.left = 0, dict[str, Usage](), 0

    def stages(self) -> Iterator[StageReport]:
        try:
            yield from self._stages()
        except OutOfBudget as out:
            self.left = out.left

    def _stages(self) -> Iterator[StageReport]:
        before = self.partition.root
        for link in self.partition.links[: self.partition.until]:
            if not self.commits.has(link.key):
                yield self._timed(link.stage.name, partial(self._link, link, before))
            before = before if link.signs else link.key
        if self.partition.until is not None or self.partition.barrier:
            return
        for key in self.partition.finish.keys:
            if not self.commits.has(key):
                yield self._ending(key, before)

    def _ending(self, key: str, before: str) -> StageReport:
        stage, commit = ending(key, self.partition.finish, partial(self._read, before), self.workspace, self.commits)
        return self._timed(stage, commit)

    def _timed(self, stage: str, work: Callable[[], Commit]) -> StageReport:
        start, self._asked, self._used = time.monotonic(), 0, {}
        commit = work()
        seconds = time.monotonic() - start
        return StageReport(stage, commit.key, commit.counts, seconds, self._asked, as_facts(self._used))

    def _read(self, key: str) -> pa.Table:
        if self._flow is None or self._flow[0] != key:
            rows = self.commits.read(self.commits.get(key), "rows")
            self._flow = key, self._schema(key).empty_table() if rows is None else rows.replace_schema_metadata(None)
        return self._flow[1]

    def _schema(self, key: str) -> pa.Schema:
        schema = root_schema()
        links = [link for link in self.partition.links if not link.signs]
        for link in links if key != self.partition.root else ():
            schema = link.stage.output_schema(schema)
            if link.key == key:
                break
        return schema

    @cached_property
    def _child(self) -> Child | None:
        return None if self.partition.isolate == "none" else _OWN.child

    def _link(self, link: Link, before: str) -> Commit:
        table = self._read(before)
        if link.told:
            table = with_told(link.stage, table, link.told, self.commits)
        chosen = self._chosen(link, table)
        result = self._stage(link.stage, chosen)
        rejects = rejects_of(link.stage.name, chosen, result)
        if link.signs:
            return self._commit_signs(link, table, signs_of(link.stage, result.rows), rejects)
        rows = result.rows.drop_columns(list(link.stage.transform.reads())) if link.told else result.rows
        return self._commit(link, table, externalise(rows, self.assets), rejects)

    def _retries(self, link: Link) -> bool:
        return bool(link.retry_of) and self.commits.has(link.retry_of)

    def _chosen(self, link: Link, table: pa.Table) -> pa.Table:
        """The rows to run: all of them, or those that are tried again."""
        if not self._retries(link):
            return table
        old = self.commits.read(self.commits.get(link.retry_of), "rejects")
        return table.filter(pc.is_in(table.column("sample_id"), value_set=failed_for(old, link.reason)))

    def _stage(self, stage: Stage, table: pa.Table) -> Result:
        result = of_kinds(stage, table, partial(self._outcomes, stage))
        return without_repeats(result) if "sample_id" in stage.transform.writes() else result

    def _outcomes(self, stage: Stage, rows: pa.Table) -> Result:
        if stage.models:
            outcome = self.rounds(stage).outcomes(stage, rows)
            self._asked, self._used = outcome.asked, dict(outcome.used)
            return outcome.result
        if stage.whom is None:
            rows = self._hydrated(stage, rows)
            result = self._ahead.outcomes(stage, rows, self._later(stage)) if looks(stage) else self._run(stage, rows)
            return without_changed(result, self._stale(stage, rows))
        result, self._asked = self._desk(stage, stage.whom).outcomes(stage, rows)
        return result

    def _desk(self, stage: Stage, whom: Whom) -> Desk:
        answers = self.workspace.answers(whom, self.partition.epoch)
        hydrate, stale = partial(self._hydrated, stage), partial(self._stale, stage)
        return Desk(answers, self.partition.root, self._run, hydrate, stale, self.partition.refused)

    def rounds(self, stage: Stage) -> Rounds:
        answers = partial(self.workspace.answers, epoch=self.partition.epoch)
        in_process = self.partition.isolate != "all"
        crowd = self._crowd if asks_consent(stage) else Crowd()
        turn = str(self.partition.epoch) if self.partition.limits else ""
        return Rounds(
            answers, self.partition.root, self._run, self._with_media, self._till, self.partition.refused, in_process,
            crowd, Consent.read(self.workspace, self.partition.known), turn,
            lambda asks: changed(asks, COLUMNS, self.workspace.hashes()),
        )  # fmt: skip

    def _till(self, model: AskedModel) -> Till:
        limits, epoch = self.partition.limits, self.partition.epoch
        return Till(model, self.workspace.meter(epoch), self.workspace.budget(limits, epoch) if limits else None)

    @cached_property
    def _crowd(self) -> Crowd:
        """Who is in which record: by the rows that they begin as, and by those of the same file elsewhere."""
        root = self.commits.read(self.commits.get(self.partition.root), "rows", ["anchor", "speaker", "segments"])
        return Crowd() if root is None else Crowd.of(root).with_also(self.partition.known.also)

    def _with_media(self, rows: pa.Table, reads: Columns) -> pa.Table:
        return hydrate(rows, reads, self.assets, self.partition.roots)

    def questions(self, index: int) -> pa.Table | None:
        link, before = self.partition.links[index], (self.partition.root, *(x.key for x in self.partition.links))[index]
        if self.commits.has(link.key) or not self.commits.has(before):
            return None
        table = self._read(before)
        table = self._chosen(link, table)
        rows = table.filter(pa.array(mine(link.stage, table)))
        if link.stage.models:
            return self.rounds(link.stage).pending(link.stage, rows)
        assert link.stage.whom is not None
        return self._desk(link.stage, link.stage.whom).pending(link.stage, rows).rows

    def ask(self, stage: Stage, rows: pa.Table) -> dict[str, Said] | None:
        begin = partial(_tries(self.workspace, self.partition.epoch).begin, self.partition.root)
        most = self.partition.allowance.retries
        if stage.models:
            return self.rounds(stage).put(stage, rows, begin, most)
        assert stage.whom is not None
        desk, given = self._desk(stage, stage.whom), Questions.of(stage, rows)
        if (tries := begin(given.ids)) > most:
            return None
        return desk.ask(stage, desk.pending(stage, rows) if tries else given)

    def _hydrated(self, stage: Stage, rows: pa.Table) -> pa.Table:
        return hydrate(rows, there(stage, rows), self.assets, self.partition.roots)

    def _run(self, stage: Stage, rows: pa.Table) -> Result:
        everything, allowance = self.partition.isolate == "all", self.partition.allowance
        with self._watched(stage):
            return run_stage(stage, rows, self._child, everything=everything, allowance=allowance)

    @cached_property
    def _ahead(self) -> Ahead:
        return Ahead(self._run, self._together)

    def _later(self, stage: Stage) -> list[Stage]:
        """The stages after one that will run on what it makes of its rows."""
        links = self.partition.links[: self.partition.until]
        at = next(i for i, link in enumerate(links) if link.stage.name == stage.name)
        if any(self._retries(link) for link in links[at:]):
            return []
        return [link.stage for link in links[at + 1 :]]

    def _together(self, stages: Sequence[Stage], row: pa.Table) -> list[Result]:
        reads = {name: dtype for stage in stages for name, dtype in stage.transform.reads().items()}
        row = hydrate(row, reads, self.assets, self.partition.roots)
        found = run_looks(self._child, stages, row, self.partition.allowance)
        return [Result(externalise(x.rows, self.assets), x.origin, x.rejected, x.failed) for x in found]

    def _stale(self, stage: Stage, rows: pa.Table) -> set[int]:
        return changed(rows, there(stage, rows), self.workspace.hashes())

    def _watched(self, stage: Stage) -> AbstractContextManager[None]:
        """A worker that runs a stage itself is held to what a child might hold."""
        if self.partition.isolate != "declared" or stage.transform.resources.isolated:
            return nullcontext()
        return no_more_than(self.partition.allowance.memory_of(stage))

    def _commit_signs(self, link: Link, table: pa.Table, signs: pa.Table, rejects: pa.Table) -> Commit:
        """What was signed lies beside the rows, which go on as they were."""
        if self._retries(link):
            signs, rejects = self._merged(link, signs, rejects, "signs")
        lost, rows_in = rejects.column("outcome").to_pylist(), table.num_rows
        kept = rows_in - len(lost)
        counts = Counts(rows_in, kept, kept, lost.count("rejected"), lost.count("failed"))
        tables, facts = {"signs": signs, "rejects": rejects}, {"signed": signs.num_rows}
        return self.commits.commit(link.key, link.stage.name, counts, tables, facts)

    def _commit(self, link: Link, table: pa.Table, rows: pa.Table, rejects: pa.Table) -> Commit:
        if self._retries(link):
            rows, rejects = self._merged(link, rows, rejects)
            if link.stage.models:
                asked = table.filter(pa.array(mine(link.stage, table)))
                self._used = dict(self.rounds(link.stage).usage(link.stage, asked))
        lost, rows_in = rejects.column("outcome").to_pylist(), table.num_rows
        counts = Counts(rows_in, rows_in - len(lost), rows.num_rows, lost.count("rejected"), lost.count("failed"))
        if counts.out < counts.kept:
            raise NotConserved(link.stage.name, f"{counts.out} rows out", rows_in, counts.out + len(lost))
        self._flow = link.key, rows
        tables = {"rows": rows, "rejects": rejects}
        return self.commits.commit(link.key, link.stage.name, counts, tables, as_facts(self._used))

    def _merged(self, link: Link, rows: pa.Table, rejects: pa.Table, what: str = "rows") -> tuple[pa.Table, pa.Table]:
        """The earlier attempt with its retried rows replaced by what became of them now."""
        old = self.commits.get(link.retry_of)
        kept, lost = self.commits.read(old, what), self.commits.read(old, "rejects")
        rows = rows if kept is None else pa.concat_tables([kept.replace_schema_metadata(None), rows])
        if lost is not None:
            retried = pc.is_in(lost.column("sample_id"), value_set=failed_for(lost, link.reason))
            rejects = pa.concat_tables([REJECTS.cast(lost.filter(pc.invert(retried))), rejects])
        return rows, rejects


def root_schema() -> pa.Schema:
    """The flowing table's schema before the first stage."""
    return pa.schema([pa.field(f.name, f.type) for f in SAMPLES.schema])
