"""The step that splits a finished build: its samples, placed by the fit, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from affectory.pipelines.bind import Bound
from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.engines.base import Engine
from affectory.pipelines.split_fit import SplitFit
from affectory.pipelines.splits import FIT, NARROW, Placement, memberships_of, moved, narrow, place
from affectory.pipelines.store.commits import CommitStore, Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS, SAMPLES
from affectory.schemas.ids import digest
from affectory.schemas.recipe.model import Splits


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
        commits, fit_file = self.workspace.commits(self.epoch), SplitFit(self.workspace.fits(), *self._asked)
        if not self.refit and commits.has(key := self._key(fit_file.version)):
            return key, 0
        fit = fit_file.load()
        samples = samples_of(commits, self.finished)
        placed = place(
            memberships_of(samples, self.rule.by), self.rule.shares, FIT.empty_table() if self.refit else fit
        )
        changed = moved(fit, placed.fit) if self.refit else 0
        fit_file.save(placed.fit)
        key = self._key(fit_file.version)
        self._commit(commits, key, samples.num_rows, placed, changed)
        return key, changed

    @property
    def _asked(self) -> tuple[Sequence[str], dict[str, float]]:
        return self.rule.by, self.rule.shares

    def _key(self, fit: str) -> str:
        by, shares = self._asked
        code = code_hash("affectory.pipelines.splits")
        return digest("split", code, list(by), list(shares.items()), fit, list(self.finished))

    def _commit(self, commits: CommitStore, key: str, rows: int, placed: Placement, changed: int) -> None:
        kept, held = placed.splits.num_rows, placed.conflicts.num_rows
        tables = {"splits": placed.splits, "rejects": _rejects(placed.conflicts)}
        commits.commit(key, "split", Counts(rows, kept, kept, held), tables, {"moved": changed})


def samples_of(commits: CommitStore, keys: Sequence[str]) -> pa.Table:
    """What decides about the splits of the samples that were committed under some keys."""
    found = (commits.read(commits.get(key), "samples", list(NARROW)) for key in keys)
    none = narrow(SAMPLES.schema.empty_table())
    return pa.concat_tables([none, *(narrow(table).cast(none.schema) for table in found if table is not None)])


def _rejects(conflicts: pa.Table) -> pa.Table:
    ids = ["x_" + digest("split", sample)[:24] for sample in conflicts.column("sample_id").to_pylist()]
    same = {"stage": "split", "outcome": "rejected", "reason": "split_conflict"}
    columns = {"reject_id": pa.array(ids, pa.string())}
    columns |= {name: pa.array([value] * len(ids), pa.string()) for name, value in same.items()}
    return REJECTS.cast(pa.table(columns | {name: conflicts.column(name) for name in conflicts.column_names}))
