"""Running one stage over a table: batch by batch, in a child where it may crash, down to the one bad row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from affectory.pipelines.runner.child import Child, ChildDied, ChildHung, ChildTooLarge, RaisedInChild
from affectory.pipelines.runner.stage import Stage
from affectory.schemas.errors import AffectoryError, NotConserved, UserError
from affectory.schemas.tables import cast_table
from affectory.transforms.base import Failed, Rejected, Result, Step
from affectory.transforms.looking import looks_together
from affectory.transforms.rows import told

_STEPS: dict[str, Step] = {}
_ENDS: dict[type[Exception], str] = {ChildDied: "Crashed", ChildHung: "TimedOut", ChildTooLarge: "OutOfMemory"}
"""The ways in which a child can end, as rows fail for them."""


@dataclass(frozen=True)
class Allowance:
    """What a row may cost: memory of the process that works on it, and how often it is tried once more.

    No stage's identity knows of it, as it decides only which rows fail.
    """

    memory_mb: int = 4096
    retries: int = 1

    def memory_of(self, stage: Stage) -> int:
        """A stage that says it needs more than all others may have gets that."""
        return max(self.memory_mb, stage.transform.resources.memory_mb or 0)


ALLOWED = Allowance()


@dataclass(eq=False)
class SetUpFailed(AffectoryError):
    """A stage could not start, so no row is to blame."""

    stage: str
    kind: str
    detail: str

    def __str__(self) -> str:
        return f"stage {self.stage} could not be set up: {self.kind}: {self.detail}"


def set_up(stage: Stage) -> Step:
    """The stage's step in this process; models are loaded once."""
    if stage.identity not in _STEPS:
        try:
            _STEPS[stage.identity] = stage.transform.setup()
        except UserError:
            raise
        except Exception as error:
            raise SetUpFailed(stage.name, type(error).__name__, str(error)[:2000]) from error
    return _STEPS[stage.identity]


def run_here(stage: Stage, batch: pa.Table) -> Result:
    """One batch in this process, held to the conservation law and the declared schema."""
    schema = stage.output_schema(batch.schema)
    result = set_up(stage)(batch)
    result.check(batch.num_rows, stage.name)
    rows = cast_table(result.rows, schema, f"output of {stage.name}")
    return Result(rows, result.origin, result.rejected, result.failed)


def run_isolated(child: Child, stage: Stage, batch: pa.Table, allowance: Allowance = ALLOWED) -> Result:
    """One batch in a child process, under the stage's limits of time and memory."""
    memory = allowance.memory_of(stage)
    _make_ready(child, stage, memory)
    limit = stage.transform.resources.timeout_s * batch.num_rows
    result: Result = child.call(run_here, stage, batch.combine_chunks(), timeout_s=limit, memory_mb=memory)
    return result


def run_looks(
    child: Child | None, stages: Sequence[Stage], row: pa.Table, allowance: Allowance = ALLOWED
) -> list[Result]:
    """What stages that look at pictures write about one row, in a pass that they share, up to the first to drop it."""
    if child is None:
        return looks_here(stages, row)
    memory = max(allowance.memory_of(stage) for stage in stages)
    for stage in stages:
        _make_ready(child, stage, memory)
    limit = sum(stage.transform.resources.timeout_s for stage in stages)
    found: list[Result] = child.call(looks_here, stages, row.combine_chunks(), timeout_s=limit, memory_mb=memory)
    return found


def looks_here(stages: Sequence[Stage], row: pa.Table) -> list[Result]:
    """One row before several stages in this process; each is held to the conservation law."""
    results = looks_together([set_up(stage) for stage in stages], row)
    for stage, result in zip(stages, results, strict=False):
        result.check(1, stage.name)
    return results


def _make_ready(child: Child, stage: Stage, memory_mb: int, again: bool = True) -> None:
    """Start the process and load models first: no row is to blame for the time that takes, or for its end in it."""
    try:
        child.call(_ready, stage, memory_mb=memory_mb)
        child.hold_to(memory_mb)
    except ChildTooLarge as large:
        if not again:
            raise SetUpFailed(stage.name, _ENDS[ChildTooLarge], str(large)) from large
        _make_ready(child, stage, memory_mb, again=False)  # it may have held much from stages before
    except ChildDied as died:
        if not again:
            raise SetUpFailed(stage.name, _ENDS[ChildDied], str(died)) from died
        _make_ready(child, stage, memory_mb, again=False)  # it may have died while idle


def _ready(stage: Stage) -> None:
    set_up(stage)


def run_stage(
    stage: Stage, table: pa.Table, child: Child | None, *, everything: bool = False, allowance: Allowance = ALLOWED
) -> Result:
    """All rows of a partition through one stage, in a child where it may crash, or where `everything` has to."""

    def run(batch: pa.Table) -> Result:
        if child is not None and (everything or stage.transform.resources.isolated):
            return run_isolated(child, stage, batch, allowance)
        return run_here(stage, batch)

    schema, size = stage.output_schema(table.schema), stage.transform.resources.batch_rows
    starts = range(0, table.num_rows, size)
    parts = [(i, bisected(run, table.slice(i, size), schema, allowance.retries)) for i in starts]
    return join(parts, schema)


def bisected(run: Callable[[pa.Table], Result], batch: pa.Table, schema: pa.Schema, retries: int = 0) -> Result:
    """Run a batch; when it fails as a whole, halve it until the one row that is to blame is found."""
    try:
        return run(batch)
    except (NotConserved, SetUpFailed, UserError):
        raise
    except Exception as error:
        if batch.num_rows == 1:
            return _alone(run, batch, schema, error, retries)
        # Each half that holds a hanging row would cost its whole time limit, so those go one by one.
        size = 1 if isinstance(error, ChildHung) else (batch.num_rows + 1) // 2
    starts = range(0, batch.num_rows, size)
    return join([(start, bisected(run, batch.slice(start, size), schema, retries)) for start in starts], schema)


def _alone(
    run: Callable[[pa.Table], Result], row: pa.Table, schema: pa.Schema, error: Exception, retries: int, tries: int = 1
) -> Result:
    """A row that failed by itself. What ended its process may have been there before it, so it gets a fresh one;
    an exception would only come again."""
    if tries > retries or type(error) not in _ENDS:
        return Result(schema.empty_table(), np.array([], np.int64), failed=(_blame(error, tries),))
    try:
        return run(row)
    except (NotConserved, SetUpFailed, UserError):
        raise
    except Exception as again:
        return _alone(run, row, schema, again, retries, tries + 1)


def _blame(error: Exception, tries: int) -> Failed:
    if isinstance(error, RaisedInChild):
        return Failed(0, error.kind, error.detail)
    if type(error) in _ENDS:
        often = "once" if tries == 1 else f"{tries} times"
        then = ", then `affectory retry --reason OutOfMemory`" if isinstance(error, ChildTooLarge) else ""
        return Failed(0, _ENDS[type(error)], f"{told(error)}{then}; tried {often}")
    return Failed(0, type(error).__name__, told(error))


def join(parts: list[tuple[int, Result]], schema: pa.Schema) -> Result:
    """Results of consecutive slices as one, with rows counted from the start of the first."""
    rows = pa.concat_tables([schema.empty_table(), *(r.rows.replace_schema_metadata(None) for _, r in parts)])
    origin = np.concatenate([np.array([], np.int64), *(r.origin + start for start, r in parts)])
    rejected = tuple(Rejected(x.row + start, x.reason, x.detail) for start, r in parts for x in r.rejected)
    failed = tuple(Failed(x.row + start, x.error, x.detail) for start, r in parts for x in r.failed)
    return Result(rows, origin, rejected, failed)
