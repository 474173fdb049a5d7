"""What must be done so that exactly the tasks lie there that should: compared, decided, and nothing sent."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from affectory.annotation.client.listing import Lying
from affectory.annotation.found import Task


@dataclass(frozen=True)
class Setting:
    """How many people a task is for, and whether it is offered no more."""

    overlap: int
    finished: bool


@dataclass
class Steps:
    """What is to be done. Numbers are Label Studio's; `numbers` says which task holds a uid."""

    send: list[Task] = field(default_factory=list)
    drop: list[int] = field(default_factory=list)
    set: dict[int, Setting] = field(default_factory=dict)
    predict: dict[int, Task] = field(default_factory=dict)
    """Answered tasks without the prediction that they should have."""
    unpredict: list[int] = field(default_factory=list)
    """Answered tasks with too many predictions: they lose all, and get the right one at the next look."""
    numbers: dict[str, int] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    """Answered already, and what is shown has changed since: they stay as they are."""
    doubled: list[str] = field(default_factory=list)
    """Answered in more than one task: all of them stay."""
    closed: list[int] = field(default_factory=list)
    """Tasks that nobody is to answer any more, and that go or are offered no more."""
    repaired: int = 0
    """Tasks that were there more than once, or lacked their prediction."""

    @property
    def done(self) -> bool:
        """Whether all is as it should be."""
        return not (self.send or self.drop or self.set or self.predict or self.unpredict)


def reconcile(lying: Iterable[Lying], wanted: Sequence[Task], held: Collection[int] = ()) -> Steps:
    """The steps from what lies there to one task per uid. Whoever compares the same decides the same.

    Tasks in `held` did not go when they were to be deleted: somebody is answering them.
    """
    there: dict[str, list[Lying]] = defaultdict(list)
    for one in sorted(lying, key=lambda one: one.number):
        if one.uid:
            there[one.uid].append(one)
    steps, tasks = Steps(), {task.uid: task for task in wanted}
    for uid, task in tasks.items():
        _keep(steps, task, there.pop(uid, []), held)
    for left in there.values():
        _close(steps, left, held)
    return steps


def _keep(steps: Steps, task: Task, there: Sequence[Lying], held: Collection[int]) -> None:
    answered = [one for one in there if _touched(one, held)]
    free = [one for one in there if not _touched(one, held)]
    if answered:
        steps.repaired += len(free)
        steps.drop += [one.number for one in free]
        _keep_answered(steps, task, answered)
        return
    whole = [one for one in free if one.content == task.content and one.predictions == _predictions(task)]
    kept = whole[:1]
    steps.drop += [one.number for one in free if one not in kept]
    steps.repaired += len(free) - 1 if free else 0
    if not kept:
        steps.send.append(task)
        return
    steps.numbers[task.uid] = kept[0].number
    _set(steps, kept[0], task.overlap)


def _keep_answered(steps: Steps, task: Task, answered: Sequence[Lying]) -> None:
    """The lowest number goes on; further ones take no more answers, and those that they have count."""
    first, further = answered[0], answered[1:]
    steps.numbers[task.uid] = first.number
    if further:
        steps.doubled.append(task.uid)
        _close(steps, further, {one.number for one in further}, counted=False)
    if first.content != task.content:
        steps.stale.append(task.uid)
    elif first.predictions < _predictions(task):
        steps.predict[first.number] = task
        steps.repaired += 1
    elif first.predictions > _predictions(task):
        steps.unpredict.append(first.number)
    _set(steps, first, task.overlap - sum(one.answers for one in further))


def _set(steps: Steps, task: Lying, overlap: int) -> None:
    """Label Studio does not see by itself that a task whose overlap grew is open again."""
    finished, least = task.answers >= overlap, max(1, overlap)
    if task.overlap != least or task.finished != finished:
        steps.set[task.number] = Setting(least, finished)


def _close(steps: Steps, there: Sequence[Lying], held: Collection[int], counted: bool = True) -> None:
    for task in there:
        before = len(steps.drop) + len(steps.set)
        if not _touched(task, held):
            steps.drop.append(task.number)
        elif not task.finished:
            steps.set[task.number] = Setting(max(1, task.answers), finished=True)
        if counted and len(steps.drop) + len(steps.set) > before:
            steps.closed.append(task.number)


def _touched(task: Lying, held: Collection[int]) -> bool:
    return bool(task.answers or task.skips) or task.number in held


def _predictions(task: Task) -> int:
    return 0 if task.prediction is None else 1


def by_overlap(tasks: Sequence[Task], otherwise: int) -> int:
    """The overlap that most tasks have: a project's own, so that few must be told one by one."""
    count: Mapping[int, int] = _counted(tasks)
    return max(count, key=lambda overlap: (count[overlap], overlap)) if count else otherwise


def _counted(tasks: Sequence[Task]) -> Mapping[int, int]:
    count: dict[int, int] = defaultdict(int)
    for task in tasks:
        count[task.overlap] += 1
    return count
