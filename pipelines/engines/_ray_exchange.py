"""Rows of many partitions brought together by Ray Data: read, sorted by bucket over the cluster, reduced."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from affectory.schemas.errors import AffectoryError

_ATTEMPTS = 3
_PARTS_A_TASK = 16


@dataclass(frozen=True)
class _Read:
    read: Callable[[Any], pa.Table]

    def __call__(self, batch: dict[str, Any]) -> pa.Table:
        import ray.cloudpickle as pickle

        return pa.concat_tables([self.read(pickle.loads(part)) for part in batch["part"]])


@dataclass(frozen=True)
class _Reduce:
    reduce: Callable[[int, pa.Table], None]

    def __call__(self, rows: pa.Table) -> pa.Table:
        bucket = rows.column("bucket")[0].as_py()
        self.reduce(bucket, rows)
        return pa.table({"bucket": pa.array([bucket], pa.int64())})


def exchange(parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]) -> None:
    """Reduce every bucket of what the parts hold. Ray makes lost blocks again; beyond that the whole is repeated,
    which is safe, as a bucket may be reduced twice."""
    from ray.exceptions import RayError

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _exchange(parts, read, reduce)
            return
        except Exception as error:
            own = root_of(error)
            if own is not None:
                raise own from None
            if attempt == _ATTEMPTS or not isinstance(error, RayError):
                raise


def _exchange(parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]) -> None:
    import ray.cloudpickle as pickle
    import ray.data

    _settle()
    items = [{"part": pickle.dumps(part)} for part in parts]
    blocks = -(-len(items) // _PARTS_A_TASK)
    rows = ray.data.from_items(items, override_num_blocks=blocks).map_batches(
        _Read(read), batch_size=_PARTS_A_TASK, batch_format="numpy"
    )
    reduced = rows.groupby("bucket").map_groups(_Reduce(reduce), batch_format="pyarrow")
    for _ in reduced.iter_internal_ref_bundles():
        pass


def _settle() -> None:
    """Sorting is done by tasks, whose lost results Ray makes again; the hash shuffle keeps rows in actors."""
    from ray.data import DataContext
    from ray.data.context import ShuffleStrategy

    context = DataContext.get_current()
    context.shuffle_strategy = ShuffleStrategy.SORT_SHUFFLE_PULL_BASED
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray.data", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)


def root_of(error: BaseException) -> AffectoryError | None:
    """Our own error below those that Ray wrapped around it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AffectoryError):
            return seen
        cause = getattr(seen, "cause", None)
        seen = cause if isinstance(cause, BaseException) else seen.__cause__
    return None
