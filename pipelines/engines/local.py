"""The engine for one machine: partitions on worker processes, or in this process to debug."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import Any

import pyarrow as pa

from affectory.pipelines.engines import _machine, _shelves
from affectory.pipelines.engines.base import Choice, Notice, PartitionKillsWorkers, Report, heavy_first
from affectory.pipelines.runner.child import Child, ChildDied
from affectory.pipelines.runner.partition import Partition, run_partition
from affectory.schemas.errors import UserError

_MEMORY_PER_WORKER = 2 << 30
_BEAT_S = 1.0


def workers_for(cores: int | None = None) -> int:
    """As many workers as this process may use cores, and as the memory that it may use has room for."""
    return max(1, min(cores or _machine.cores(), _machine.memory() // _MEMORY_PER_WORKER))


@dataclass(frozen=True)
class Local:
    """Worker processes of this machine; with none of them everything runs in this process, for debugging."""

    workers: int

    def run(self, partitions: Sequence[Partition]) -> Iterator[Report]:
        yield from run(partitions if self.workers else [replace(p, isolate="none") for p in partitions], self.workers)

    def exchange(
        self, parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]
    ) -> None:
        """All in this process: rows of few columns, held a part and a 64th at a time."""
        _shelves.exchange(parts, read, reduce)

    def close(self) -> None:
        """Workers end with their run."""


def engine(choice: Choice) -> Local:
    """The engine as chosen."""
    if choice.address or choice.options:
        what = "--address" if choice.address else "--engine-option"
        raise UserError(f"{what} is for a cluster; the engine here is local", "name it: --engine ray (or beam)")
    return Local(workers_for() if choice.workers is None else choice.workers)


def run(partitions: Sequence[Partition], workers: int) -> Iterator[Report]:
    """Reports of the partitions as they finish, in no particular order; None now and then while all are at work."""
    if workers == 0:
        yield from map(run_partition, partitions)
    elif partitions:
        yield from _Pool(partitions, min(workers, len(partitions))).run()


class _Pool:
    def __init__(self, partitions: Sequence[Partition], workers: int) -> None:
        self._waiting = deque(heavy_first(partitions))
        self._idle = [Child() for _ in range(workers)]
        self._busy: dict[Child, Partition] = {}

    def run(self) -> Iterator[Report]:
        try:
            while self._waiting or self._busy:
                self._start()
                yield from self._finished()
        finally:
            for child in (*self._idle, *self._busy):
                child.stop()

    def _start(self) -> None:
        while self._waiting and self._idle:
            child, partition = self._idle.pop(), self._waiting.popleft()
            try:
                child.send(run_partition, partition)
            except ChildDied:  # while idle: the partition is not to blame
                child.send(run_partition, partition)
            self._busy[child] = partition

    def _finished(self) -> Iterator[Report]:
        wait([child.pipe for child in self._busy], timeout=_BEAT_S)
        # The pipe of one that died stays open where a process that it started lives on.
        ready = [child for child in self._busy if child.answers(0)]
        if not ready:
            yield None
        for child in ready:
            partition = self._busy.pop(child)
            self._idle.append(child)
            try:
                yield child.receive()
            except ChildDied as died:
                self._waiting.appendleft(self._again(partition, died))
                text = f"partition {partition.root[:12]} runs again (its worker died: {died})"
                yield Notice("again", text, partition.root)

    @staticmethod
    def _again(partition: Partition, died: ChildDied) -> Partition:
        """A stage that was thought safe ended the worker: once more, with every stage isolated."""
        if partition.isolate == "all":
            raise PartitionKillsWorkers(partition.root, 2, str(died))
        return replace(partition, isolate="all")
