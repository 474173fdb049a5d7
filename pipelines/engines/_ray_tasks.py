"""Partitions as Ray tasks: a bounded number on their way; those that went down with a worker or a node run again."""

import time
from collections import deque
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
_ROOM_S = 5.0
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
        self._waiting = deque(_Task(p, hops(p), tuple(done.get(p.root, ()))) for p in heavy_first(partitions))
        self._running: dict[Any, _Task] = {}
        self._room, self._looked = 0, 0.0
        self._quiet_since = time.monotonic()
        self._told: set[Needs] = set()

    def run(self) -> Iterator[Report]:
        import ray

        remote = ray.remote(max_retries=0)(work)  # who runs again, and how often, is told below
        try:
            while self._waiting or self._running:
                yield from self._submit(remote)
                yield from self._finished()
        finally:
            for ref in self._running:
                ray.cancel(ref, force=True)

    def _submit(self, remote: Any) -> Iterator[Report]:
        while self._waiting and len(self._running) < self._slots():
            task = self._ahead(self._waiting.popleft())
            if task.hop.needs not in self._told:
                self._told.add(task.hop.needs)
                yield from self._look_for(task)
            partition = replace(task.partition, until=task.hop.until)
            ref = remote.options(**self._options(task)).remote(partition, self._marker)
            self._running[ref] = task

    def _options(self, task: _Task) -> dict[str, Any]:
        needs = task.hop.needs
        if task.alone:
            needs = replace(needs, cpus=min((n["CPU"] for n in self._cluster.nodes() if needs.fit(n)), default=1.0))
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

    def _slots(self) -> int:
        if time.monotonic() - self._looked > _ROOM_S:
            self._looked = time.monotonic()
            self._room = max(4, _AHEAD * round(sum(node.get("CPU", 0) for node in self._cluster.nodes())))
        return min(self._room, self._at_once or self._room)

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
        if len(task.left) == 1:
            return PartitionReport(task.partition.root, done)
        self._waiting.appendleft(_Task(task.partition, task.left[1:], done))
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
        self._waiting.appendleft(replace(task, partition=partition, lost=times, alone=alone))
        return Notice("again", f"partition {root[:12]} runs again ({loss.why}; {times} of {ATTEMPTS - 1} times)", root)

    def _look_for(self, task: _Task) -> Iterator[Report]:
        """A machine of its own will never have what it has not; a cluster may grow."""
        needs, nodes = task.hop.needs, self._cluster.nodes()
        if any(needs.fit(node) for node in nodes):
            return
        if self._cluster.own:
            hint = "build on a cluster that has it (--address), or leave those stages out"
            raise UserError(f"a stage needs {needs}, which this machine does not have", hint)
        yield Notice("waiting", f"waiting for a node with {needs}: none of {len(nodes)} has that")

    def _waits(self) -> Iterator[Report]:
        if time.monotonic() - self._quiet_since < _PATIENCE_S:
            return
        self._quiet_since = time.monotonic()
        for task in {t.hop.needs: t for t in self._running.values()}.values():
            yield from self._look_for(task)
        yield Notice("waiting", f"no partition ended for {_PATIENCE_S:g} s; {self._cluster.load()}")
