"""The engine for a cluster: partitions as Ray tasks, rows brought together by Ray Data."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import ray  # noqa: F401  # said at once where it is not installed

from affectory.pipelines.engines._ray_cluster import Cluster
from affectory.pipelines.engines._ray_exchange import exchange
from affectory.pipelines.engines._ray_metrics import Metrics
from affectory.pipelines.engines._ray_models import stream, way_of
from affectory.pipelines.engines._ray_tasks import Tasks
from affectory.pipelines.engines.base import Choice, Report
from affectory.pipelines.events import Event
from affectory.pipelines.runner.partition import Partition
from affectory.pipelines.store.files import below
from affectory.pipelines.store.workspace import Workspace


class Ray:
    """Connects when there is work: to a cluster by address, else to one of its own on this machine."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._way = way_of(choice.options)
        self._cluster = Cluster(choice)
        self._metrics: Metrics | None = None

    @property
    def workers(self) -> int:
        return self._cluster.cores if self._cluster.own else self._choice.workers or 0

    def run(self, partitions: Sequence[Partition]) -> Iterator[Report]:
        if partitions:
            self._cluster.connect()
            at_once = None if self._cluster.own else self._choice.workers
            marker = self._marker(partitions[0].workspace)
            came = yield from stream(partitions, self._cluster, marker, self._way)
            onward = [came.onward(partition) for partition in partitions]
            yield from Tasks(onward, self._cluster, at_once, marker, came.stages).run()

    def _marker(self, workspace: str) -> str:
        """A file that every node of a cluster must see; one machine sees itself."""
        if self._cluster.own or "://" in workspace:
            return ""
        name = f"seen/{uuid.uuid4().hex}"
        files = Workspace(workspace).records()
        files.discard(list(files.names("seen")))
        files.create(name, b"")
        return below(files.location, name)

    def exchange(
        self, parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]
    ) -> None:
        if parts:
            self._cluster.connect()
            exchange(parts, read, reduce)

    def heard(self, event: Event) -> None:
        """What happens in a build shows where the cluster's own metrics do."""
        if event["event"] == "start" and "dataset" in event:
            self._metrics = Metrics(event["dataset"])
        elif self._metrics and self._cluster.keeps_metrics:
            self._metrics(event)

    def close(self) -> None:
        self._cluster.close()


def engine(choice: Choice) -> Ray:
    """The engine as chosen."""
    return Ray(choice)
