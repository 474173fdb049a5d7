"""Rows of many partitions brought together by Ray Data: read, sorted by bucket over the cluster, reduced."""

import logging
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from affectory.pipelines.engines._ray_cluster import translated
from affectory.schemas.errors import AffectoryError

_ATTEMPTS = 3
_PARTS_A_TASK = 16


def exchange(parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]) -> None:
    """Reduce every bucket of what the parts hold. Ray makes lost blocks again; beyond that the whole is repeated,
    which is safe, as a bucket may be reduced twice."""
    from ray.exceptions import RayError

    settle()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _exchange(parts, read, reduce)
            return
        except Exception as error:
            own = root_of(error)
            if own is not None:
                raise own from None
            if attempt == _ATTEMPTS or not isinstance(error, RayError):
                raise translated(error) from error


def _exchange(parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]) -> None:
    import ray.cloudpickle as pickle
    import ray.data

    items = [{"part": pickle.dumps(part)} for part in parts]
    blocks = -(-len(items) // _PARTS_A_TASK)
    given = ray.data.from_items(items, override_num_blocks=blocks)
    rows = given.map_batches(partial(_read, read), batch_size=_PARTS_A_TASK, batch_format="numpy")
    rows.groupby("bucket").map_groups(partial(_reduce, reduce), batch_format="pyarrow").materialize()


def _read(read: Callable[[Any], pa.Table], batch: dict[str, Any]) -> pa.Table:
    import ray.cloudpickle as pickle

    return pa.concat_tables([read(pickle.loads(part)) for part in batch["part"]])


def _reduce(reduce: Callable[[int, pa.Table], None], rows: pa.Table) -> pa.Table:
    bucket = rows.column("bucket")[0].as_py()
    reduce(bucket, rows)
    return pa.table({"bucket": pa.array([bucket], pa.int64())})


def settle() -> None:
    """Ray Data as we use it. Sorting is done by tasks, whose lost results Ray makes again; the hash shuffle keeps rows
    in actors."""
    from ray.data import DataContext
    from ray.data.context import ShuffleStrategy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray Data warns of its own settings
        context = DataContext.get_current()
        context.shuffle_strategy = ShuffleStrategy.SORT_SHUFFLE_PULL_BASED
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.raise_original_map_exception = True
    for name in ("ray.data", "ray"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def root_of(error: BaseException) -> AffectoryError | None:
    """Our own error below those that Ray wrapped around it; what it raises pretends to be ours, too."""
    from ray.exceptions import RayError

    seen: BaseException | None = error
    while isinstance(seen, RayError):
        seen = getattr(seen, "cause", None) or seen.__cause__
    return seen if isinstance(seen, AffectoryError) else None
