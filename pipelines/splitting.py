"""The step that splits a finished build: its samples, placed by the fit, in one commit."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from affectory.pipelines.bind import Bound
from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.engines.base import Engine
from affectory.pipelines.exchanges import Exchanges, buckets_for
from affectory.pipelines.split_fit import SplitFit
from affectory.pipelines.splits import FIT, memberships_of, moved, place
from affectory.pipelines.splits_exchanged import Placing, SamplesPart, samples_of
from affectory.pipelines.store.commits import CommitStore, Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS
from affectory.schemas.errors import NotConserved
from affectory.schemas.ids import digest
from affectory.schemas.recipe.publishing import Splits

AT_ONCE = 2_000_000
"""Samples that this process places by itself, whatever the engine: seconds, and some 400 MB a million. More of them
are placed by exchanges on the engine."""
TOGETHER = 8
"""Partitions whose samples are read as one part."""
_READERS = 16


class _Placed(Protocol):
    """Where samples are now, in order."""

    @property
    def splits(self) -> pa.Table: ...

    @property
    def conflicts(self) -> pa.Table: ...


def split(
    bound: Bound, workspace: Workspace, finished: list[str], epoch: int, engine: Engine, refit: bool = False
) -> tuple[str, int]:
    """Place every sample; the key of the commit that says where, and how many groups a refit moved."""
    return _Splitting(bound.recipe.spec.publish.splits, workspace, tuple(finished), epoch, engine, refit).go()


@dataclass(frozen=True)
class _Splitting:
    rule: Splits
    workspace: Workspace
    finished: tuple[str, ...]
    epoch: int
    engine: Engine
    refit: bool

    def go(self) -> tuple[str, int]:
        commits, fit = self.workspace.commits(self.epoch), SplitFit(self.workspace.fits(), *self._asked)
        if not self.refit and commits.has(key := self._key(fit.version)):
            return key, 0
        rows = _count(commits, self.finished)
        exchanges = self._exchanges(rows, fit.version) if rows > AT_ONCE else None
        placed, changed = self._exchanged(exchanges, rows, fit) if exchanges else self._here(commits, fit)
        key = self._key(fit.version)
        kept, held = placed.splits.num_rows, placed.conflicts.num_rows
        tables = {"splits": placed.splits, "rejects": _rejects(placed.conflicts)}
        commits.commit(key, "split", Counts(rows, kept, kept, held), tables, {"moved": changed})
        if exchanges:
            exchanges.remove()
        return key, changed

    @property
    def _asked(self) -> tuple[Sequence[str], dict[str, float]]:
        return self.rule.by, self.rule.shares

    def _key(self, fit: str) -> str:
        by, shares = self._asked
        code = code_hash("affectory.pipelines.splits")
        return digest("split", code, list(by), list(shares.items()), fit, list(self.finished))

    def _here(self, commits: CommitStore, fit_file: SplitFit) -> tuple[_Placed, int]:
        fit, members = fit_file.load(), memberships_of(samples_of(commits, self.finished), self.rule.by)
        placed = place(members, self.rule.shares, FIT.empty_table() if self.refit else fit)
        fit_file.save(placed.fit)
        return placed, moved(fit, placed.fit) if self.refit else 0

    def _exchanged(self, exchanges: Exchanges, rows: int, fit_file: SplitFit) -> tuple[_Placed, int]:
        where, by = str(self.workspace.root), tuple(self.rule.by)
        starts = range(0, len(self.finished), TOGETHER)
        cuts = enumerate(self.finished[start : start + TOGETHER] for start in starts)
        samples = [SamplesPart(number, where, keys, by) for number, keys in cuts]
        placed = Placing(exchanges, samples, self.rule.shares, fit_file.parts(), self.refit).place()
        accounted = placed.splits.num_rows + placed.conflicts.num_rows
        if accounted != rows:
            raise NotConserved("split", "samples with a split or a reason", rows, accounted)
        if placed.fit_changed:
            fit_file.write(placed.pieces())
        return placed, placed.moved

    def _exchanges(self, rows: int, fit: str) -> Exchanges:
        """Named by all that they depend on, so that a build that was cut short finds what it has."""
        by, shares = self._asked
        code, buckets = code_hash("affectory.pipelines.splits_exchanged"), buckets_for(rows)
        names = [code, list(by), list(shares.items()), fit, list(self.finished), self.refit, buckets]
        return Exchanges(self.engine, self.workspace.exchanges(), digest("splits", *names), buckets)


def _count(commits: CommitStore, keys: Sequence[str]) -> int:
    with ThreadPoolExecutor(_READERS) as pool:
        return sum(commit.counts.out for commit in pool.map(commits.get, keys))


def _rejects(conflicts: pa.Table) -> pa.Table:
    ids = ["x_" + digest("split", sample)[:24] for sample in conflicts.column("sample_id").to_pylist()]
    same = {"stage": "split", "outcome": "rejected", "reason": "split_conflict"}
    columns = {"reject_id": pa.array(ids, pa.string())}
    columns |= {name: pa.array([value] * len(ids), pa.string()) for name, value in same.items()}
    return REJECTS.cast(pa.table(columns | {name: conflicts.column(name) for name in conflicts.column_names}))
