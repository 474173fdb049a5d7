"""What was asked so far, what came of it, and which of it is to be closed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.selecting.wanted import Wanted
from affectory.schemas.recipe.review import Question

BACK = ("declined", "refused", "retracted")
"""States of an answer that does not count: its place goes to somebody else."""
ASIDE = "adjudication"
"""What is planned apart from the rest."""
_COLUMNS = [
    *("ask_id", "revision", "closed", "task", "sample_id", "occasion", "rater", "purpose"),
    *("probability", "position", "content", "form", "round"),
]
_ORDER = ("taken", *BACK)


class Ask(NamedTuple):
    """An ask as its newest revision has it; `row` is that row of the ledger, `state` what came of it: open, answered
    (with `labels`), or why it is closed."""

    row: int
    id: str
    revision: int
    closed: str | None
    task: str
    sample: str
    occasion: str
    rater: str | None
    purpose: str
    probability: float | None
    position: int | None
    content: str | None
    form: str
    round: int
    state: str = ""
    labels: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether it counts: it may be answered, or was."""
        return self.state in ("open", "answered")


class Answer(NamedTuple):
    """What came back about a task from one person."""

    task: str
    rater: str
    state: str
    labels: tuple[str, ...]
    harmful: bool


@dataclass(frozen=True)
class Past:
    """Asks in the order of their ids, all answers, and those answers that nobody asked for."""

    asks: tuple[Ask, ...]
    answers: Mapping[tuple[str, str], Answer]
    uninvited: tuple[Answer, ...]

    @cached_property
    def declined(self) -> Counter[str]:
        """How many people declined each task."""
        return Counter(answer.task for answer in self.answers.values() if answer.state == "declined")

    def sample_of(self) -> dict[str, tuple[str, str]]:
        """Of each task its sample and occasion."""
        return {ask.task: (ask.sample, ask.occasion) for ask in self.asks}


def past(wanted: Wanted, aside: bool = False) -> Past:
    """What the ledger of asks and the answers say together; of adjudications alone, or of all else."""
    answers = _answers(wanted.done)
    by_task: dict[str, list[Ask]] = {}
    for ask in newest(wanted.asks):
        if (ask.purpose == ASIDE) == aside:
            by_task.setdefault(ask.task, []).append(ask)
    told: dict[str, list[Answer]] = {}
    for answer in answers.values():
        told.setdefault(answer.task, []).append(answer)
    found, uninvited = [], []
    for task, asks in by_task.items():
        done, rest = _matched(asks, told.get(task, []))
        found += done
        uninvited += rest
    return Past(tuple(sorted(found, key=lambda ask: ask.id)), answers, tuple(uninvited))


def most_declines(question: Question) -> int:
    """Where as many people declined a sample as were to judge it, two at least, nobody is asked any more."""
    return max(question.raters, 2)


def newest(asks: pa.Table) -> Iterator[Ask]:
    """Each ask once, as its newest revision has it, in the order of ids."""
    order = pc.sort_indices(asks, [("ask_id", "ascending"), ("revision", "ascending")])
    ids = asks.column("ask_id").take(order)
    last = pc.not_equal(ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1)).to_pylist() + [True] * (len(ids) > 0)
    rows = order.filter(pa.array(last, pa.bool_()))
    found = asks.select(_COLUMNS).take(rows)
    return map(Ask, rows.to_pylist(), *(column.to_pylist() for column in found.columns))


def _answers(done: pa.Table) -> dict[tuple[str, str], Answer]:
    """By task and rater; of several of one person the one that counts, else the one that says most."""
    names = ("task", "rater", "state", "labels", "harmful")
    columns = [done.column(n).to_pylist() for n in names]
    rows = [
        Answer(task, rater or "", state, tuple(labels or ()), bool(harmful))
        for task, rater, state, labels, harmful in zip(*columns, strict=True)
    ]
    found: dict[tuple[str, str], Answer] = {}
    for answer in sorted(rows, key=lambda a: (a.task, a.rater, _ORDER.index(a.state), a.labels)):
        first = found.setdefault((answer.task, answer.rater), answer)
        if answer.harmful and not first.harmful:
            found[answer.task, answer.rater] = first._replace(harmful=True)
    return found


def _matched(asks: Sequence[Ask], answers: Sequence[Answer]) -> tuple[list[Ask], list[Answer]]:
    """The asks of one task with what came of them, and the answers that none of them asked for.

    An ask of whoever comes stays open until somebody answers it: who declines leaves it to others.
    """
    told = {answer.rater: answer for answer in answers}
    found = [_of_one(ask, told.pop(ask.rater or "", None)) for ask in _named(asks)]
    taken = sorted((a for a in told.values() if a.state == "taken"), key=lambda a: a.rater)
    for ask in sorted((ask for ask in asks if ask.rater is None), key=lambda ask: (ask.round, ask.id)):
        if taken and ask.closed is None:
            found.append(ask._replace(state="answered", labels=taken.pop(0).labels))
        else:
            found.append(ask._replace(state=ask.closed or "open"))
    return found, taken


def _named(asks: Sequence[Ask]) -> Iterator[Ask]:
    """Those of somebody; where one was asked twice about a task, an open ask comes first."""
    return iter(
        sorted((ask for ask in asks if ask.rater is not None), key=lambda ask: (ask.closed is not None, ask.id))
    )


def _of_one(ask: Ask, answer: Answer | None) -> Ask:
    if answer is not None and answer.state == "taken":
        return ask._replace(state="answered", labels=answer.labels)
    if ask.closed is not None:
        return ask._replace(state=ask.closed)
    return ask._replace(state="open" if answer is None else answer.state)


def spent_lately(wanted: Wanted) -> tuple[dict[str, float], dict[str, float], float]:
    """Of each rater the seconds of the last seven days and the median seconds of an answer; the median of all."""
    done = wanted.done.select(["rater", "spent_s", "at"]).drop_null()
    if not done.num_rows:
        return {}, {}, 0.0
    ago = pc.subtract(pa.scalar(wanted.today).cast(pa.int32()), done.column("at").cast(pa.int32()))
    recent = done.filter(pc.and_(pc.less(ago, 7), pc.greater_equal(ago, 0)))
    spent = recent.group_by("rater").aggregate([("spent_s", "sum")])
    found = dict(zip(spent.column("rater").to_pylist(), spent.column("spent_s_sum").to_pylist(), strict=True))
    each: dict[str, list[float]] = {}
    for rater, seconds in zip(done.column("rater").to_pylist(), done.column("spent_s").to_pylist(), strict=True):
        each.setdefault(rater, []).append(seconds)
    middle = sorted(x for own in each.values() for x in own)
    return found, {rater: sorted(own)[len(own) // 2] for rater, own in each.items()}, middle[len(middle) // 2]
