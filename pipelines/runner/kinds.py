"""Rows of the kinds that a stage works on, apart from those that pass it by, and back among them."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.pipelines.runner.execute import join
from affectory.pipelines.runner.stage import Stage
from affectory.transforms.base import Columns, Result


def mine(stage: Stage, table: pa.Table) -> NDArray[np.bool_]:
    """The rows of the kinds that a stage works on."""
    return np.asarray(pc.is_in(table.column("kind"), value_set=pa.array(sorted(stage.transform.on))))


def there(stage: Stage, rows: pa.Table) -> Columns:
    """Of the columns that a stage reads those that are there: others may be written for other kinds of samples only."""
    return {name: dtype for name, dtype in stage.transform.reads().items() if name in rows.column_names}


def of_kinds(stage: Stage, table: pa.Table, outcomes: Callable[[pa.Table], Result]) -> Result:
    """What becomes of the rows of its kinds, and the others as they were, in their order."""
    own = mine(stage, table)
    if own.all() and table.num_rows:
        return _in_order(outcomes(table))
    result = outcomes(table.filter(pa.array(own)))
    schema = stage.output_schema(table.schema)
    passing = _widened(table.filter(pa.array(~own)), schema)
    by = Result(passing, np.flatnonzero(~own).astype(np.int64))
    return _in_order(join([(0, result.at(np.flatnonzero(own))), (0, by)], schema))


def _widened(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [rows.column(f.name) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type) for f in schema]
    return pa.table(columns, schema=schema)


def _in_order(result: Result) -> Result:
    if (result.origin[1:] >= result.origin[:-1]).all():
        return result
    order = np.argsort(result.origin, kind="stable")
    return Result(result.rows.take(pa.array(order)), result.origin[order], result.rejected, result.failed)
