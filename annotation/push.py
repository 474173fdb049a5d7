"""Brings it about that exactly the planned tasks lie in Label Studio, whatever happened before or happens meanwhile.

A push looks, decides, does, and looks again until there is nothing left to do. So a push after one that was killed, a
lost answer, a request that was done twice and a second push at the same time all end in one task per uid.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from affectory.annotation.client.errors import Refused
from affectory.annotation.client.listing import Lying, answered, counts
from affectory.annotation.client.listing import tasks as lying_in
from affectory.annotation.client.server import Server, silence
from affectory.annotation.found import ProjectSpec, Task
from affectory.annotation.push_plan import Steps, by_overlap, reconcile
from affectory.annotation.push_project import Home, settled
from affectory.annotation.push_steps import Progress, Sent, apply
from affectory.schemas.errors import UserError

ROUNDS = 30
"""Looks until we give up: each push that runs beside ours costs a few."""
MOST_APART_S = 1.0


@dataclass(frozen=True)
class Pushed:
    """What a push did, and where each uid lies; `repaired` tasks were there more than once, or lacked a prediction."""

    project_id: int
    made: int = 0
    updated: int = 0
    closed: int = 0
    kept: int = 0
    repaired: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    """Uids whose content changed after somebody had answered: they stay as they were."""
    doubled: tuple[str, ...] = ()
    """Uids that were answered in two tasks; both stay, and what was answered in either counts."""


@dataclass
class _Tally:
    """What all rounds together did."""

    made: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    repaired: int = 0

    def add(self, steps: Steps, lying: Sequence[Lying]) -> None:
        there, dropped = {task.uid for task in lying}, set(steps.drop)
        gone = {task.uid for task in lying if task.number in dropped}
        for task in steps.send:
            (self.updated if task.uid in gone or task.uid in self.updated else self.made).add(task.uid)
        self.made -= self.updated
        self.closed.update(steps.closed)
        self.repaired += steps.repaired if there else 0


@dataclass
class _Known:
    """What earlier looks of a push left behind."""

    tally: _Tally = field(default_factory=_Tally)
    held: set[int] = field(default_factory=set)
    """Tasks that were to be deleted: whichever is still there is being answered."""
    predicted: set[int] = field(default_factory=set)


def push(
    server: Server,
    project: ProjectSpec,
    tasks: Sequence[Task],
    *,
    tell: Callable[[str], None] = silence,
    progress: Callable[[Progress], None] = lambda at: None,
) -> Pushed:
    """Exactly one task per uid with its prediction and overlap; those that nobody wants go, or are closed."""
    _check(tasks)
    known = _Known()
    for _ in range(ROUNDS):
        home = settled(server, project, by_overlap(tasks, project.overlap), tell)
        try:
            pushed = _round(server, home, tasks, known, progress)
        except Refused as refused:
            if refused.status != 404:
                raise
            pushed = None
        if pushed is not None:
            _warn(pushed, tell)
            return pushed
    raise UserError(
        f"Tasks of {project.title!r} in Label Studio kept changing while they were pushed.",
        "Another push with another plan seems to run: let it end, and push again.",
    )


def _round(
    server: Server,
    home: Home,
    tasks: Sequence[Task],
    known: _Known,
    progress: Callable[[Progress], None],
) -> Pushed | None:
    """One look and what follows from it; the result once there is nothing left to do."""
    lying = _lying(server, home, known)
    steps = reconcile(lying, tasks, known.held)
    if steps.done:
        return _result(home, steps, known.tally)
    sent = apply(server, home, steps, progress)
    known.tally.add(steps, lying)
    known.held.update(sent.dropped)
    known.predicted.update(sent.predicted)
    if not sent.alone or steps.repaired:
        time.sleep(random.uniform(0, MOST_APART_S))
    if sent.certain and sent.alone and not (steps.drop or steps.set or steps.predict or steps.unpredict):
        return _if_exact(server, home, lying, steps, sent, known.tally)
    return None


def _lying(server: Server, home: Home, known: _Known) -> list[Lying]:
    """Where the counts of tasks are not those of the annotations, the annotations are read."""
    if not home.tasks:
        return []
    lying = list(lying_in(server, home.number))
    lying = [replace(task, predictions=1) if task.number in known.predicted else task for task in lying]
    if sum(task.answers + task.skips for task in lying) == counts(server, home.number).annotations:
        return lying
    true = answered(server, home.number)
    pairs = [(task, *true.get(task.number, (0, 0))) for task in lying]
    return [replace(task, answers=answers, skips=skips) for task, answers, skips in pairs]


def _if_exact(
    server: Server, home: Home, lying: Sequence[Lying], steps: Steps, sent: Sent, tally: _Tally
) -> Pushed | None:
    """All answers came: where the server counts what we count, it need not list it."""
    found = counts(server, home.number)
    tasks = len(lying) + len(steps.send)
    predictions = sum(task.predictions for task in lying) + sum(task.prediction is not None for task in steps.send)
    if (found.tasks, found.predictions) != (tasks, predictions):
        return None
    steps.numbers.update(sent.numbers)
    return _result(home, steps, tally)


def _result(home: Home, steps: Steps, tally: _Tally) -> Pushed:
    changed = len(tally.made) + len(tally.updated)
    return Pushed(
        home.number,
        len(tally.made),
        len(tally.updated),
        len(tally.closed),
        len(steps.numbers) - changed,
        tally.repaired,
        steps.numbers,
        tuple(steps.stale),
        tuple(steps.doubled),
    )


def _check(tasks: Sequence[Task]) -> None:
    uids = [task.uid for task in tasks]
    if not all(uids) or len(set(uids)) < len(uids):
        raise ValueError("every task needs a uid of its own")


def _warn(pushed: Pushed, tell: Callable[[str], None]) -> None:
    if pushed.stale:
        tell(f"{len(pushed.stale)} tasks were answered before what they show changed; they stay as they were")
    if pushed.doubled:
        tell(f"{len(pushed.doubled)} samples were answered in two tasks each; both stay, and all answers count")
