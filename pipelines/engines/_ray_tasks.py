"""Partitions as Ray tasks: a bounded number on their way; those that went down with a worker or a node run again."""

import sys
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from affectory.pipelines.engines._ray_cluster import Cluster, translated
from affectory.pipelines.engines._ray_hops import LIGHT, Hop, Needs, hops
from affectory.pipelines.engines._ray_losses import ATTEMPTS, loss_of
from affectory.pipelines.engines._ray_work import Raised, work
from affectory.pipelines.engines.base import Notice, Report, heavy_first
from affectory.pipelines.runner.partition import Partition, PartitionReport, StageReport
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

_BEAT_S = 1.0
_PATIENCE_S = 30.0
_ROOM_S, _LEAST = 5.0, 2
_AHEAD = 2
"""Tasks on their way for each that can run, so that no worker waits for the driver; and an autoscaler sees a demand."""


@dataclass(frozen=True)
class _Task:
    partition: Partition
    left: tuple[Hop, ...]
    done: tuple[StageReport, ...] = ()
    lost: int = 0
    alone: bool = False

    @property
    def hop(self) -> Hop:
        return self.left[0]


class Tasks:
    """One run of partitions over a cluster."""

    def __init__(
        self,
        partitions: Sequence[Partition],
        cluster: Cluster,
        at_once: int | None,
        marker: str,
        done: Mapping[str, Sequence[StageReport]] = MappingProxyType({}),
    ) -> None:
        self._cluster, self._at_once, self._marker = cluster, at_once, marker
        self._waiting: dict[Needs, deque[_Task]] = defaultdict(deque)
        self._running: dict[Any, _Task] = {}
        self._rooms: dict[Needs, int] = {}
        self._looked = self._quiet_since = time.monotonic()
        self._told: set[Needs] = set()
        for partition in heavy_first(partitions):
            self._wait(_Task(partition, hops(partition), tuple(done.get(partition.root, ()))))

    def run(self) -> Iterator[Report]:
        import ray

        # Who runs again, and how often, is told below. A process that held a GPU ends, so that the next one has it all.
        light, heavy = ray.remote(max_retries=0)(work), ray.remote(max_retries=0, num_gpus=1, max_calls=1)(work)
        try:
            while self._running or any(self._waiting.values()):
                yield from self._submit(light, heavy)
                yield from self._finished()
        finally:
            for ref in self._running:
                ray.cancel(ref, force=True)

    def _wait(self, task: _Task, first: bool = False) -> None:
        task = self._ahead(task)
        queue = self._waiting[task.hop.needs]
        (queue.appendleft if first else queue.append)(task)

    def _submit(self, light: Any, heavy: Any) -> Iterator[Report]:
        """Each kind of needs has its own room: those who wait for a GPU do not keep others from the processors."""
        for needs, queue in list(self._waiting.items()):
            if queue and needs not in self._told:
                self._told.add(needs)
                yield from self._look_for(needs)
            while queue and self._has_room(needs):
                task = queue.popleft()
                partition = replace(task.partition, until=task.hop.until)
                remote = (heavy if needs.gpus else light).options(**self._options(task))
                self._running[remote.remote(partition, self._marker, bool(needs.gpus))] = task

    def _has_room(self, needs: Needs) -> bool:
        if time.monotonic() - self._looked > _ROOM_S:
            self._looked = time.monotonic()
            self._rooms.clear()
        if needs not in self._rooms:
            self._rooms[needs] = _AHEAD * max(_LEAST, sum(map(needs.times, self._cluster.nodes())))
        alike = sum(task.hop.needs == needs for task in self._running.values())
        return alike < self._rooms[needs] and len(self._running) < (self._at_once or sys.maxsize)

    def _options(self, task: _Task) -> dict[str, Any]:
        needs = task.hop.needs
        if task.alone:
            needs = replace(needs, cpus=min((n["CPU"] for n in self._cluster.nodes() if needs.times(n)), default=1.0))
        name = f"partition {task.partition.root[:12]}"
        spread = {"scheduling_strategy": "SPREAD"} if task.lost else {}
        return {**needs.options(), "name": name, **spread, **self._cluster.task_options}

    @staticmethod
    def _ahead(task: _Task) -> _Task:
        """Past tasks that would wait for a scarce thing only to find their work done."""
        commits = Workspace(task.partition.workspace).commits()
        while task.hop.needs != LIGHT and commits.has(task.partition.links[(task.hop.until or 0) - 1].key):
            task = replace(task, left=task.left[1:])
        return task

    def _finished(self) -> Iterator[Report]:
        import ray

        refs = list(self._running)
        if not ray.wait(refs, timeout=_BEAT_S)[0]:
            yield None
            yield from self._waits()
            return
        for ref in ray.wait(refs, num_returns=len(refs), timeout=0)[0]:
            yield self._settled(ref, self._running.pop(ref))
        self._quiet_since = time.monotonic()

    def _settled(self, ref: Any, task: _Task) -> Report:
        import ray
        from ray.exceptions import RayError

        try:
            answer = ray.get(ref)
        except RayError as error:
            return self._again(task, error)
        if isinstance(answer, Raised):
            raise answer.error
        done = (*task.done, *answer.stages)
        if len(task.left) == 1 or answer.left:
            return PartitionReport(task.partition.root, done, answer.left)
        self._wait(_Task(task.partition, task.left[1:], done), first=True)
        return None

    def _again(self, task: _Task, error: Exception) -> Notice:
        """Once a worker died under it, with every stage isolated: a row that ends processes is then found."""
        loss = loss_of(error)
        if loss is None:
            raise translated(error) from error
        root, times = task.partition.root, task.lost + 1
        if times == ATTEMPTS:
            raise loss.last(root, times, error) from error
        partition = replace(task.partition, isolate="all") if loss.own else task.partition
        alone = task.alone or loss.memory
        self._wait(replace(task, partition=partition, lost=times, alone=alone), first=True)
        return Notice("again", f"partition {root[:12]} runs again ({loss.why}; {times} of {ATTEMPTS - 1} times)", root)

    def _look_for(self, needs: Needs) -> Iterator[Report]:
        """A machine of its own will never have what it has not; a cluster may grow."""
        nodes = self._cluster.nodes()
        if any(needs.times(node) for node in nodes):
            return
        if self._cluster.own:
            hint = "build on a cluster that has it (--address), or leave those stages out"
            raise UserError(f"a stage needs {needs}, which this machine does not have", hint)
        yield Notice("waiting", f"waiting for a node with {needs}: none of {len(nodes)} has that")

    def _waits(self) -> Iterator[Report]:
        if time.monotonic() - self._quiet_since < _PATIENCE_S:
            return
        self._quiet_since = time.monotonic()
        for needs in {task.hop.needs for task in self._running.values()}:
            yield from self._look_for(needs)
        yield Notice("waiting", f"no partition ended for {_PATIENCE_S:g} s; {self._cluster.load()}")
