"""Running ahead: while a file's pictures are at hand, later stages that look at pictures get their turn as well.

Stages are still committed one after the other, each with exactly what it would have found by itself. What was seen
ahead waits here without its media, which are in the store already; what is missing is run when its stage comes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np
import pyarrow as pa

from affectory.pipelines.runner.execute import SetUpFailed, join
from affectory.pipelines.runner.stage import Stage
from affectory.schemas.errors import NotConserved, UserError
from affectory.schemas.tables import cast_table
from affectory.transforms.base import Result
from affectory.transforms.carrying import carried
from affectory.transforms.looking import Looking
from affectory.transforms.rows import set_column

Run = Callable[[Stage, pa.Table], Result]
Together = Callable[[Sequence[Stage], pa.Table], list[Result]]
"""What stages write about one row, up to the first that does not keep it; media are in the store."""


_MOST = 10_000
"""Results that wait for their stage, at some kilobytes each; beyond, stages see their rows by themselves."""
_TOGETHER = 256


def looks(stage: Stage) -> bool:
    return isinstance(stage.transform, Looking)


def _cuts(stage: Stage) -> bool:
    """Whether what comes after a stage sees other samples."""
    return "sample_id" in stage.transform.writes()


@dataclass
class Ahead:
    """What stages of one partition wrote about rows before their turn."""

    run: Run
    together: Together
    _seen: dict[tuple[str, str], Result] = field(default_factory=dict)
    _alone: set[str] = field(default_factory=set)

    def outcomes(self, stage: Stage, rows: pa.Table, later: Sequence[Stage]) -> Result:
        """All rows through a stage; those of `later` that follow it without a gap run ahead, a row at a time."""
        stages = [stage, *takewhile(looks, later)]
        if not rows.num_rows or not (self._seen or len(stages) > 1):
            return self.run(stage, rows)
        schema, parts = stage.output_schema(rows.schema), list[tuple[int, Result]]()
        for start in range(0, rows.num_rows, _TOGETHER):
            some = rows.slice(start, _TOGETHER)
            singles = [(i, self._outcome(stages, some.slice(i, 1))) for i in range(some.num_rows)]
            parts.append((start, _compact(join(singles, schema))))
        return join(parts, schema)

    def _outcome(self, stages: Sequence[Stage], row: pa.Table) -> Result:
        stage, sample = stages[0], _sample(row)
        ahead = len(stages) > 1 and len(self._seen) < _MOST and row["kind"][0].as_py() == "video"
        if ahead and (stage.name, sample) not in self._seen:
            self._look(stages, row)
        written = self._seen.pop((stage.name, sample), None)
        return self.run(stage, row) if written is None else _placed(stage, row, written)

    def _look(self, stages: Sequence[Stage], row: pa.Table) -> None:
        """Show a row to the stages that can share it, and what they make of it to those that come after them."""
        sample = _sample(row)
        if sample in self._alone:
            return
        company = _company(stages)
        try:
            results = self.together(company, row)
        except (NotConserved, SetUpFailed, UserError):
            raise
        except Exception:  # it will come again where it belongs, and be told there
            self._alone.add(sample)
            return
        rows = row
        for stage, written in zip(company, results, strict=False):
            self._seen[stage.name, sample] = written
            rows = _placed(stage, rows, written).rows
        if len(results) == len(company) < len(stages):
            for i in range(rows.num_rows):
                self._look(stages[len(company) :], rows.slice(i, 1))


def _sample(row: pa.Table) -> str:
    return str(row["sample_id"][0])


def _compact(result: Result) -> Result:
    return Result(result.rows.combine_chunks(), result.origin, result.rejected, result.failed)


def _company(stages: Sequence[Stage]) -> list[Stage]:
    """The first stages that see the same row: none reads what another writes, only the last may cut."""
    company, written = list[Stage](), set[str]()
    for stage in stages:
        if written & set(stage.transform.reads()):
            break
        company.append(stage)
        written |= set(stage.transform.writes())
        if _cuts(stage):
            break
    return company


def _placed(stage: Stage, row: pa.Table, written: Result) -> Result:
    """A stage's result from what it wrote about a row."""
    writes = stage.transform.writes()
    columns = {name: written.rows.column(name).to_pylist() for name in ("anchor", "text") if name in writes}
    rows = carried(row, np.zeros(written.rows.num_rows, np.int64), columns, writes)
    for name in written.rows.column_names:
        rows = set_column(rows, name, written.rows.column(name))
    rows = cast_table(rows, stage.output_schema(row.schema), f"output of {stage.name}")
    return Result(rows, written.origin, written.rejected, written.failed)
