"""How long raters take."""

from dataclasses import dataclass

import numpy as np

from affectory.annotation.status.columns import Bools, Floats, Ints, Texts, by_group, codes, named
from affectory.annotation.status.matching import UNKNOWN, Asks, Returns


@dataclass(frozen=True)
class Took:
    """Seconds an item: in the middle, and what nine of ten stay under."""

    name: str
    count: int
    median_s: float
    p90_s: float


@dataclass(frozen=True)
class Times:
    """Of all answers, by kind of sample and by rater."""

    total: Took | None
    kinds: tuple[Took, ...]
    raters: tuple[Took, ...]


def times(asks: Asks, returns: Returns) -> Times:
    """The time of the answers that were taken."""
    rows = np.flatnonzero(timed(returns))
    spent = returns.spent_s[rows]
    by = [_by(names[rows], spent) for names in (kinds_of(asks, returns), returns.rater)]
    return Times(_took("all", spent) if len(spent) else None, *by)


def timed(returns: Returns) -> Bools:
    """Those that were taken and whose time is known."""
    known = np.isfinite(returns.spent_s) & (np.nan_to_num(returns.spent_s) > 0)
    return np.asarray(known & (returns.verdict == "taken").astype(bool))


def kinds_of(asks: Asks, returns: Returns) -> Texts:
    """Of each annotation the kind of its sample."""
    return _of_ask(asks.kind, returns.ask)


def _of_ask(column: Texts, ask: Ints) -> Texts:
    """What a column of asks says of each annotation."""
    return np.append(column, UNKNOWN)[ask]


def usual(asks: Asks, returns: Returns) -> Floats:
    """The time of each annotation as a multiple of what is usual for its questions and kind; NaN where not known."""
    found = np.full(len(returns), np.nan)
    rows = np.flatnonzero(timed(returns))
    group = codes(returns.question[rows], kinds_of(asks, returns)[rows])
    for _, mine in by_group(group):
        found[rows[mine]] = returns.spent_s[rows[mine]] / np.median(returns.spent_s[rows[mine]])
    return found


def _by(names: Texts, spent: Floats) -> tuple[Took, ...]:
    group, distinct = named(names)
    found = (_took(distinct[place], spent[rows]) for place, rows in by_group(group))
    return tuple(sorted(found, key=lambda took: took.name))


def _took(name: str, spent: Floats) -> Took:
    median, p90 = np.quantile(spent, [0.5, 0.9])
    return Took(name, len(spent), float(median), float(p90))
