"""Does what a plan of a push says. What is sent once and not known to be done is left to the next look."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from affectory.annotation.client.errors import Uncertain
from affectory.annotation.client.listing import UNTOUCHED, answered, counts, filtered
from affectory.annotation.client.server import Server
from affectory.annotation.client.settling import rest
from affectory.annotation.found import Task
from affectory.annotation.push_plan import Steps
from affectory.annotation.push_project import MODEL, Home

MOST_TASKS, MOST_BYTES = 1000, 4 << 20
"""Of one import."""
MOST_DROPPED = 500
"""Tasks that one request deletes."""


@dataclass(frozen=True)
class Progress:
    """How far a push is: tasks there of all that should be, and the time left in seconds, as far as anybody knows."""

    done: int
    of: int
    per_s: float
    left_s: float | None


@dataclass
class Sent:
    """What an application of steps knows of its end."""

    numbers: dict[str, int] = field(default_factory=dict)
    dropped: list[int] = field(default_factory=list)
    predicted: list[int] = field(default_factory=list)
    """Tasks that have their prediction, whatever Label Studio counts."""
    certain: bool = True
    """Every answer came, and said what it should."""
    alone: bool = True
    """Nobody else was seen to bring tasks into the project."""


def apply(server: Server, home: Home, steps: Steps, progress: Callable[[Progress], None]) -> Sent:
    """Does the steps in an order in which a death at any point leaves less to do."""
    sent = Sent()
    _drop(server, home.number, steps.drop, sent)
    for number, setting in steps.set.items():
        server.patch(f"/api/tasks/{number}/", {"overlap": setting.overlap, "is_labeled": setting.finished})
    for number, task in steps.predict.items():
        _predict(server, number, task, sent)
    if steps.unpredict:  # deleted one by one, they would still be counted
        chosen = {"selectedItems": {"all": False, "included": steps.unpredict}}
        server.act("/api/dm/actions", chosen, id="delete_tasks_predictions", project=home.number)
    _send(server, home, steps, progress, sent)
    return sent


def _drop(server: Server, project: int, numbers: Sequence[int], sent: Sent) -> None:
    """What was answered is spared twice: we look at the annotations, and the server at what it has counted since."""
    for start in range(0, len(numbers), MOST_DROPPED):
        part = list(numbers[start : start + MOST_DROPPED])
        sent.dropped += part
        spared = answered(server, project, part)
        part = [number for number in part if number not in spared]
        if not part:
            continue
        chosen = {"selectedItems": {"all": False, "included": part}, "filters": filtered(UNTOUCHED)}
        server.act("/api/dm/actions", chosen, id="delete_tasks", project=project)


def _predict(server: Server, number: int, task: Task, sent: Sent) -> None:
    """How many there are is not believed of the count that is kept with the task."""
    there = sorted(int(one["id"]) for one in server.get("/api/predictions/", task=number))
    for surplus in there[1:]:
        server.delete(f"/api/predictions/{surplus}/")
    if there:
        sent.predicted.append(number)
        return
    try:
        server.post("/api/predictions/", {"task": number, **_prediction(task)})
    except Uncertain:
        sent.certain = False


def _send(server: Server, home: Home, steps: Steps, progress: Callable[[Progress], None], sent: Sent) -> None:
    if not steps.send:
        return
    clock = _Clock(len(steps.numbers), len(steps.numbers) + len(steps.send))
    begun = counts(server, home.number).tasks if home.tasks else 0
    for first, batch, body in batches(steps.send):
        if first and counts(server, home.number).tasks != begun + first:
            sent.alone = False
            return
        if not _import(server, home.number, batch, body, begun, sent):
            sent.certain = False
            return
        progress(clock.at(first + len(batch)))
    for task in steps.send:
        if task.overlap != home.overlap:
            offered = {"overlap": task.overlap, "is_labeled": False}
            server.patch(f"/api/tasks/{sent.numbers[task.uid]}/", offered)


def _import(server: Server, project: int, batch: Sequence[Task], body: bytes, begun: int, sent: Sent) -> bool:
    """Whether the server says that it has all of it. A lost answer is waited for, and the next look tells."""
    expected = begun + len(sent.numbers) + len(batch)
    try:
        answer = server.post(f"/api/projects/{project}/import", body, return_task_ids="true")
    except Uncertain:
        rest(server, lambda: counts(server, project).tasks, expected)
        return False
    numbers, predictions = answer.get("task_ids") or [], sum(task.prediction is not None for task in batch)
    if len(numbers) != len(batch) or answer.get("prediction_count") != predictions:
        return False
    sent.numbers.update(zip((task.uid for task in batch), map(int, numbers), strict=True))
    return True


def batches(tasks: Sequence[Task]) -> Iterator[tuple[int, Sequence[Task], bytes]]:
    """Place of the first, the tasks, and the body: no more than a server takes at once."""
    first, size, rows = 0, 0, list[str]()
    for place, task in enumerate(tasks):
        row = json.dumps(_row(task), ensure_ascii=False, separators=(",", ":"))
        length = len(row.encode()) + 1
        if rows and (len(rows) == MOST_TASKS or size + length > MOST_BYTES):
            yield first, tasks[first:place], _body(rows)
            first, size, rows = place, 0, []
        rows.append(row)
        size += length
    if rows:
        yield first, tasks[first:], _body(rows)


def _body(rows: Sequence[str]) -> bytes:
    return f"[{','.join(rows)}]".encode()


def _row(task: Task) -> dict[str, Any]:
    data = {**task.data, "uid": task.uid, "content": task.content}
    return {"data": data} if task.prediction is None else {"data": data, "predictions": [_prediction(task)]}


def _prediction(task: Task) -> dict[str, Any]:
    return {**(task.prediction or {}), "model_version": MODEL}


class _Clock:
    """Tells how far we are, and how long the rest will take at the same pace."""

    def __init__(self, there: int, of: int) -> None:
        self._there, self._of, self._begun = there, of, time.monotonic()

    def at(self, sent: int) -> Progress:
        took = max(time.monotonic() - self._begun, 1e-6)
        per_s = sent / took
        return Progress(self._there + sent, self._of, per_s, (self._of - self._there - sent) / per_s if sent else None)
