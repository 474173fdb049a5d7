"""How far a review is: by set of questions, kind of sample, rater and purpose, day by day, and when it will end."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from affectory.annotation.status.columns import Bools, Floats, Texts, named
from affectory.annotation.status.matching import STATES, Asks, Returns

DAY = 86_400.0
_WINDOW, _FEWEST, _DAYS = 14, 10, 2.0
_WIDE = 1.64
"""Of a normal distribution nine tenths lie within so many standard deviations."""


@dataclass(frozen=True)
class Count:
    """How many judgements were asked for, and what became of them: `asked` is the sum of the five that follow."""

    name: str
    asked: int
    answered: int
    declined: int
    refused: int
    left: int
    closed: int
    retracted: int = 0
    """Taken back by the rater; they are among those left, or closed."""


@dataclass(frozen=True)
class Ending:
    """When the last answer will come, if it goes on as in the last days; `text` says it, or why it cannot be said."""

    text: str
    a_day: float | None = None
    ends: date | None = None
    soonest: date | None = None
    latest: date | None = None


@dataclass(frozen=True)
class Progress:
    """Counts of asks, reasons, and answers by day."""

    total: Count
    questions: tuple[Count, ...]
    kinds: tuple[Count, ...]
    raters: tuple[Count, ...]
    purposes: tuple[Count, ...]
    declined: Mapping[str, int]
    refused: Mapping[str, int]
    closed: Mapping[str, int]
    beyond: int
    """Answers that were taken and that nobody asked for: of others than were asked."""
    days: tuple[tuple[date, int], ...]
    ending: Ending


def progress(asks: Asks, returns: Returns, today: date | None = None) -> Progress:
    """Where the asks stand."""
    taken = (returns.verdict == "taken").astype(bool)
    began = returns.began[taken & ~np.isnan(returns.began)]
    total = counted("all", asks.state, asks.retracted)
    return Progress(
        total=total,
        questions=_by(asks.question, asks),
        kinds=_by(asks.kind, asks),
        raters=_by(asks.rater, asks),
        purposes=_by(asks.purpose, asks),
        declined=_reasons(asks, "declined"),
        refused=_reasons(asks, "refused"),
        closed=_reasons(asks, "closed"),
        beyond=int((taken & (returns.ask < 0)).sum()),
        days=_days(began),
        ending=ending(np.sort(began), total.left, today),
    )


def counted(name: str, states: Texts, retracted: Bools) -> Count:
    """How many asks are in which state."""
    found = Counter(states.tolist())
    answered, declined, refused, left, closed = (found[state] for state in STATES)
    return Count(name, len(states), answered, declined, refused, left, closed, int(retracted.sum()))


def _by(names: Texts, asks: Asks) -> tuple[Count, ...]:
    group, distinct = named(names)
    rows = [np.flatnonzero(group == place) for place in range(len(distinct))]
    found = (counted(name, asks.state[mine], asks.retracted[mine]) for name, mine in zip(distinct, rows, strict=True))
    return tuple(sorted(found, key=lambda count: count.name))


def _reasons(asks: Asks, state: str) -> dict[str, int]:
    """The commonest first."""
    found = Counter(asks.reason[(asks.state == state).astype(bool)].tolist())
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _days(began: Floats) -> tuple[tuple[date, int], ...]:
    """Answers of each day (UTC) from the first to the last, also where there were none."""
    if not len(began):
        return ()
    day = np.floor(began / DAY).astype(np.int64)
    first, counts = int(day.min()), np.bincount(day - day.min())
    return tuple((_date((first + n) * DAY), int(count)) for n, count in enumerate(counts))


def _date(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def ending(began: Floats, left: int, today: date | None = None) -> Ending:
    """When `left` answers more will be there, by the pace of the last fourteen days. `began` rises."""
    if not left:
        return Ending("nothing is left to be asked")
    if not len(began):
        return Ending("nobody has answered yet")
    last = max(float(began[-1]), _end_of(today) if today else 0.0)
    first = max(float(np.floor(began[0] / DAY) * DAY), float(np.floor(last / DAY) * DAY) - (_WINDOW - 1) * DAY)
    recent = began[began >= first]
    days = (last - first) / DAY
    if len(recent) < _FEWEST or days < _DAYS:
        return Ending(f"too early to tell when it ends: {_counted(len(recent))} so far")
    return _ending(recent, first, days, last, left)


def _counted(answers: int) -> str:
    return f"{answers} answer{'s' * (answers != 1)}"


def _end_of(today: date) -> float:
    return datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()


def _ending(recent: Floats, first: float, days: float, last: float, left: int) -> Ending:
    pace = len(recent) / days
    by_day = np.bincount(((recent - first) // DAY).astype(np.int64), minlength=int(np.ceil(days)))
    doubt = _WIDE * max(float(by_day.std()), 1.0) / np.sqrt(days)
    ends, soonest = _after(last, left / pace), _after(last, left / (pace + doubt))
    latest = _after(last, left / (pace - doubt)) if pace - doubt > pace / 10 else None
    until = f"{latest}" if latest else "nobody knows when"
    between = "" if soonest == latest else f" ({soonest} to {until})"
    text = f"ends about {ends}{between}, at {pace:.0f} answers a day in the last {days:.0f} days"
    return Ending(text, pace, ends, soonest, latest)


def _after(last: float, days: float) -> date | None:
    """None where that lies beyond all plans."""
    return _date(last + days * DAY) if days < 36_500 else None
