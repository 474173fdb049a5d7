"""What a build does, as metrics on the cluster's metrics port, where Ray's own are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from affectory.pipelines.events import Event

EXPORTED = "ray_"
"""Ray puts this before every name."""


@dataclass(frozen=True)
class Metric:
    """A number over time, told apart by tags."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    says: str
    tags: tuple[str, ...]

    @property
    def series(self) -> tuple[str, ...]:
        """The names by which Prometheus knows it."""
        ends = ("_bucket", "_count", "_sum") if self.kind == "histogram" else ("",)
        return tuple(f"{EXPORTED}{self.name}{end}" for end in ends)


ROWS = Metric("affectory_rows_total", "counter", "Rows of a stage: in, out, rejected, failed", ("stage", "outcome"))
SECONDS = Metric("affectory_stage_seconds_total", "counter", "Worker seconds of a stage", ("stage", "resource"))
PARTITION = Metric("affectory_partition_seconds", "histogram", "Seconds of one partition in a stage", ("stage",))
QUESTIONS = Metric("affectory_questions_total", "counter", "Questions that models answered", ("stage",))
NOTICES = Metric("affectory_notices_total", "counter", "Partitions run again, and waits for the cluster", ("kind",))
PROGRESS = Metric("affectory_build_rows", "gauge", "Rows of the build that are done, and that wait", ("state",))
LOST = Metric("affectory_build_lost_rows", "gauge", "Rows of the build that were not kept", ("outcome",))
METRICS = (ROWS, SECONDS, PARTITION, QUESTIONS, NOTICES, PROGRESS, LOST)
_BOUNDS = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0]

Sample = tuple[Metric, Mapping[str, str], float]


class Metrics:
    """Hears the events of a build once its engine has connected; `dataset` is a tag of everything."""

    def __init__(self, dataset: str) -> None:
        self._dataset = dataset
        self._made: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        for metric, tags, value in samples(event):
            if metric.name not in self._made:
                self._made[metric.name] = _made(metric)
            _record(self._made[metric.name], metric, {"dataset": self._dataset, **tags}, value)


def samples(event: Event) -> Iterator[Sample]:
    """What an event says in numbers."""
    if event["event"] == "stage":
        yield from _stage(event)
    elif event["event"] == "progress" and event["what"] == "build":
        yield PROGRESS, {"state": "done"}, event["done"]
        yield PROGRESS, {"state": "waiting"}, event["total"] - event["done"]
        for outcome in ("rejected", "failed"):
            yield LOST, {"outcome": outcome}, event[outcome]
    elif event["event"] == "say" and event.get("what") in ("again", "waiting"):
        yield NOTICES, {"kind": event["what"]}, 1


def _stage(event: Event) -> Iterator[Sample]:
    stage = {"stage": event["stage"]}
    for outcome, count in (("in", "rows_in"), ("out", "out"), ("rejected", "rejected"), ("failed", "failed")):
        yield ROWS, {**stage, "outcome": outcome}, event[count]
    yield SECONDS, {**stage, "resource": "gpu" if event.get("gpus") else "cpu"}, event["seconds"]
    yield PARTITION, stage, event["seconds"]
    yield QUESTIONS, stage, event.get("asked", 0)


def _record(made: Any, metric: Metric, tags: Mapping[str, str], value: float) -> None:
    if metric.kind == "gauge":
        made.set(value, tags)
    elif metric.kind == "histogram":
        made.observe(value, tags)
    elif value > 0:  # Ray takes no zero
        made.inc(value, tags)


def _made(metric: Metric) -> Any:
    from ray.util import metrics

    more = {"boundaries": _BOUNDS} if metric.kind == "histogram" else {}
    cls = {"counter": metrics.Counter, "gauge": metrics.Gauge, "histogram": metrics.Histogram}[metric.kind]
    return cls(metric.name, description=metric.says, tag_keys=("dataset", *metric.tags), **more)
