"""The engine for one machine: partitions on worker processes, or in this process to debug.

Stages that need a GPU run on one worker, the same throughout, as each that runs them loads their models; the others
bring partitions up to these stages, and on from there. A machine with several GPUs is for the Ray engine.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import Any

import pyarrow as pa

from affectory.pipelines.engines import _machine, _shelves
from affectory.pipelines.engines.base import Choice, Notice, PartitionKillsWorkers, Report, heavy_first
from affectory.pipelines.runner.child import Child, ChildDied
from affectory.pipelines.runner.partition import Partition, PartitionReport, StageReport, run_partition
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


@dataclass(frozen=True)
class _Piece:
    """A partition with what is left to do of it: numbers of links, each with whether a GPU is needed up to there."""

    partition: Partition
    left: tuple[tuple[int | None, bool], ...]
    done: tuple[StageReport, ...] = ()

    @classmethod
    def of(cls, partition: Partition) -> "_Piece":
        needs = [link.stage.transform.resources.gpus > 0 for link in partition.links[: partition.until]]
        if not any(needs):
            return cls(partition, ((partition.until, False),))
        ends = [i for i, gpu in enumerate(needs, 1) if gpu != (needs[i] if i < len(needs) else False)]
        return cls(partition, (*((end, needs[end - 1]) for end in ends), (partition.until, False)))

    @property
    def gpu(self) -> bool:
        return self.left[0][1]

    @property
    def work(self) -> Partition:
        return replace(self.partition, until=self.left[0][0])


class _Pool:
    def __init__(self, partitions: Sequence[Partition], workers: int) -> None:
        self._waiting, self._for_gpu = deque[_Piece](), deque[_Piece]()
        for partition in heavy_first(partitions):
            self._wait(_Piece.of(partition))
        self._idle = [Child() for _ in range(workers)]
        self._busy: dict[Child, _Piece] = {}
        self._holder: Child | None = None

    def run(self) -> Iterator[Report]:
        try:
            while self._waiting or self._for_gpu or self._busy:
                self._start()
                yield from self._finished()
        finally:
            for child in (*self._idle, *self._busy):
                child.stop()

    def _wait(self, piece: _Piece, first: bool = False) -> None:
        queue = self._for_gpu if piece.gpu else self._waiting
        (queue.appendleft if first else queue.append)(piece)

    def _start(self) -> None:
        if self._for_gpu and self._idle and self._holder in (None, *self._idle):
            self._holder = self._holder or self._idle[-1]
            self._idle.remove(self._holder)
            self._send(self._holder, self._for_gpu.popleft())
        while self._waiting and self._idle:
            self._send(self._idle.pop(), self._waiting.popleft())

    def _send(self, child: Child, piece: _Piece) -> None:
        try:
            child.send(run_partition, piece.work)
        except ChildDied:  # while idle: the partition is not to blame
            child.send(run_partition, piece.work)
        self._busy[child] = piece

    def _finished(self) -> Iterator[Report]:
        wait([child.pipe for child in self._busy], timeout=_BEAT_S)
        # The pipe of one that died stays open where a process that it started lives on.
        ready = [child for child in self._busy if child.answers(0)]
        if not ready:
            yield None
        for child in ready:
            piece = self._busy.pop(child)
            # The one that holds models takes work that needs none only if nobody else is idle.
            self._idle.insert(0 if child is self._holder else len(self._idle), child)
            try:
                yield self._settled(piece, child.receive())
            except ChildDied as died:
                self._wait(replace(piece, partition=self._again(piece.partition, died)), first=True)
                text = f"partition {piece.partition.root[:12]} runs again (its worker died: {died})"
                yield Notice("again", text, piece.partition.root)

    def _settled(self, piece: _Piece, report: PartitionReport) -> Report:
        done = (*piece.done, *report.stages)
        if len(piece.left) == 1 or report.left:
            return replace(report, stages=done)
        self._wait(_Piece(piece.partition, piece.left[1:], done), first=True)
        return None

    @staticmethod
    def _again(partition: Partition, died: ChildDied) -> Partition:
        """A stage that was thought safe ended the worker: once more, with every stage isolated."""
        if partition.isolate == "all":
            raise PartitionKillsWorkers(partition.root, 2, str(died))
        return replace(partition, isolate="all")
