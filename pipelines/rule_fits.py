"""Fits of rules over the opinions of the whole dataset: made once, and used until a refit."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.history import parts, read_parts
from affectory.pipelines.remembered import Remembered
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.store.files import PartFile
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.parquet import read_parquet
from affectory.transforms.views._base import FIT

_OPINIONS = b"opinions"
"""Where the file of a fit says how many there were."""
_OUTGROWN = 1.5


@dataclass(frozen=True)
class RuleFit:
    """What a rule has to know of all opinions; `attached` are the commits that hold them, in any order."""

    rule: Ruled
    workspace: Workspace
    attached: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"rule {self.rule.name}"

    @cached_property
    def remembered(self) -> Remembered:
        return self._remembered(FIT)

    def _remembered(self, schema: pa.Schema) -> Remembered:
        return Remembered(self.workspace.fits(), f"rules/{self.rule.identity[:16]}", schema)

    def make(self, refit: bool) -> int:
        """Fit and remember it, unless that is done; of how many numbers a refit changed what was found."""
        first, known = self.remembered.newest() is None, self.remembered.load()
        if not first and not refit:
            return 0
        found, now = rounded(self.rule.fit(self._evidence(self.rule.view.most))), self._now()
        if first or not found.equals(known) or now != self._then():
            self._remembered(FIT.with_metadata({_OPINIONS: str(now)})).write([found])
        return _moved(known, found)

    def outgrown(self) -> str | None:
        """In words, where it was made of far fewer opinions than there are."""
        then, now = self._then(), self._now()
        if then is None or now <= _OUTGROWN * then:
            return None
        return f"{self.name} was fitted to {then:,} opinions and there are {now:,}: `affectory build --refit`"

    def _now(self) -> int:
        return int(read_parts(self._files, OPINIONS_TABLE.schema, ["rater_kind"]).num_rows)

    def _then(self) -> int | None:
        newest = self.remembered.newest()
        if newest is None:
            return None
        about = pq.read_schema(io.BytesIO(self.remembered.files.read(newest))).metadata or {}
        return int(about[_OPINIONS]) if _OPINIONS in about else None

    @property
    def _files(self) -> list[PartFile]:
        return parts(self.workspace, sorted(self.attached), "opinions")

    def _evidence(self, most: int) -> pa.Table:
        """That of all parts; where there are too many samples, of those whose ids come first, as ids are hashes."""
        files = self._files
        last = _last_of(files, most)
        found = [self.rule.evidence(opinions) for opinions in _opinions(files, last) if opinions.num_rows]
        if not found:
            found = [self.rule.evidence(OPINIONS_TABLE.empty())]
        return pa.concat_tables(found).sort_by([("sample_id", "ascending"), ("opinion_id", "ascending")])


def _last_of(files: Sequence[PartFile], most: int) -> str | None:
    """The last sample that a fit sees; None where it sees all."""
    ids = pc.unique(read_parts(files, OPINIONS_TABLE.schema, ["sample_id"]).column("sample_id"))
    return None if len(ids) <= most else ids.take(pc.sort_indices(ids)[most - 1 : most])[0].as_py()


def _opinions(files: Sequence[PartFile], last: str | None) -> Iterator[pa.Table]:
    for file in files:
        table = OPINIONS_TABLE.cast(read_parquet(file))
        yield table if last is None else table.filter(pc.less_equal(table.column("sample_id"), last))


def rounded(fit: pa.Table) -> pa.Table:
    """Numbers as far as they can be trusted to come out alike on every machine."""
    fit = fit.cast(FIT).sort_by("name").combine_chunks()
    values = fit.column("values").combine_chunks()
    flat = np.asarray(values.flatten(), np.float64).astype(np.float32).astype(np.float64)
    return pa.table([fit.column("name"), pa.ListArray.from_arrays(values.offsets, pa.array(flat))], schema=FIT)


def _moved(known: pa.Table, found: pa.Table) -> int:
    old = dict(zip(*(known.column(name).to_pylist() for name in FIT.names), strict=True))
    new = dict(zip(*(found.column(name).to_pylist() for name in FIT.names), strict=True))
    return sum(new.get(name) != values for name, values in old.items())
