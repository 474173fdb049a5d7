"""Dataset-wide fits: made of the signs of all partitions, committed with a slice for each, remembered for builds to
come."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pyarrow as pa

from affectory.pipelines.code_hash import own_hash
from affectory.pipelines.engines.base import Engine
from affectory.pipelines.exchanges import Exchanges, buckets_for
from affectory.pipelines.grounds import Here, Over, Signed
from affectory.pipelines.remembered import Remembered
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import NotConserved
from affectory.schemas.ids import digest
from affectory.transforms.fitting import Fitting, Rows

AT_ONCE = 60_000
"""Rows whose signs meet in this process, whatever the engine: some 300 MB. Of more they meet by exchanges on it."""
_SPREAD = 8
"""A row may meet others under many keys: so many times more buckets than rows alone would need."""


@dataclass(frozen=True)
class Slice:
    """What a partition is told: where it lies, and the hash of it. Both are empty where it has no rows."""

    part: str = ""
    hash: str = ""


@dataclass(frozen=True)
class Fit:
    """The fit of a stage over the partitions that it works on: their roots and the commits of their signs, in order."""

    stage: Stage
    workspace: Workspace
    signed: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def fitting(self) -> Fitting:
        return cast(Fitting, self.stage.transform)

    @property
    def remembered(self) -> Remembered:
        """Known by all that is asked of the step, and by which of several uses of it this is."""
        name, what = self.stage.name, digest(self.stage.name, repr(self.fitting))
        return Remembered(self.workspace.fits(), f"{name}/{what[:16]}", self.fitting.memory())

    @property
    def key(self) -> str:
        """Of the commit; it changes with what is remembered, so that one that was lost is not taken for another."""
        code = own_hash(
            *(f"affectory.pipelines.{name}" for name in ("grounds", "exchanges", "connecting", "components"))
        )
        return digest("fit", code, self.stage.identity, self.remembered.version, [key for _, key in self.signed])

    def slices(self) -> Mapping[str, Slice] | None:
        """By root what its partition is told; None where that is not known yet."""
        commits, key = self.workspace.commits(), self.key
        if not commits.has(key):
            return None
        named = ([*name.split(":"), part] for name, part in commits.get(key).parts.items())
        return {root: Slice(part, hash_) for root, hash_, part in named}


def make_fit(fit: Fit, epoch: int, engine: Engine, refit: bool) -> int:
    """Fit and commit; of how many remembered things a refit changed what was decided."""
    return _Making(fit, epoch, engine, refit).go()


@dataclass(frozen=True)
class _Making:
    fit: Fit
    epoch: int
    engine: Engine
    refit: bool

    def go(self) -> int:
        commits, fitting, memory = self.fit.workspace.commits(self.epoch), self.fit.fitting, self.fit.remembered
        rows = sum(commit.facts["signed"] for commit in commits.get_all(key for _, key in self.fit.signed))
        exchanges = self._exchanges(rows) if rows > AT_ONCE else None
        ground = Over(self._signs(), exchanges) if exchanges else Here(self._signs())
        known = memory.parts()
        fitted = fitting.fit(ground, () if self.refit else known)
        grown = ground.grown(known, fitted.memory, memory.schema, self.refit)
        written = self._written(ground, fitted.told)
        if grown.changed:
            memory.write(grown.pieces)
        told = sum(size for _, _, size in written)
        if told != rows:
            raise NotConserved(self.fit.stage.name, "rows with a place in the fit", rows, told)
        parts = {name: part for name, part, _ in written}
        commits.commit(self.fit.key, f"{self.fit.stage.name}-fit", Counts(rows, told, told), {}, {}, parts)
        if exchanges:
            exchanges.remove()
        return grown.moved

    def _signs(self) -> Sequence[Signed]:
        schema = pa.schema([("sample_id", pa.string()), *self.fit.fitting.signs().items()])
        where = str(self.fit.workspace.root)
        return [Signed(number, where, key, schema) for number, (_, key) in enumerate(self.fit.signed)]

    def _written(self, ground: Here | Over, told: Sequence[Rows]) -> list[tuple[str, str, int]]:
        """Write the slices, one after the other: how each is called, where it lies, how many rows it has."""
        commits, key, found = self.fit.workspace.commits(self.epoch), self.fit.key, []
        names = ["sample_id", *self.fit.fitting.told()]
        for number, rows in ground.sliced(told):
            part, data = commits.put(key, f"slice-{number:06d}", rows.select(names).combine_chunks())
            hash_ = hashlib.blake2b(data, digest_size=20).hexdigest()
            found.append((f"{self.fit.signed[number][0]}:{hash_}", part, rows.num_rows))
        return found

    def _exchanges(self, rows: int) -> Exchanges:
        """Named by all that they depend on, so that a build that was cut short finds what it has."""
        buckets = buckets_for(_SPREAD * rows)
        name = digest("fit", self.fit.key, self.refit, buckets)
        return Exchanges(self.engine, self.fit.workspace.exchanges(), name, buckets)
