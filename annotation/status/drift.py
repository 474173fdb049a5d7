"""Whether a rater's work changes: the last third of it against the first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from affectory.annotation.status.columns import Floats, Ints

_LEAST = {"time": 15, "known answers": 5, "agreement": 15}
"""Fewer in a third say nothing."""
_SURE = 0.05
_FACTOR, _STEP = 1.5, 0.1
"""Changes of time by a smaller factor, and of shares by a smaller step, are of no interest."""
_WORDS = {
    ("time", False): "takes less time",
    ("time", True): "takes more time",
    ("known answers", False): "misses more known answers",
    ("known answers", True): "misses fewer known answers",
    ("agreement", False): "agrees less with others",
    ("agreement", True): "agrees more with others",
}


@dataclass(frozen=True)
class Drift:
    """One figure of one rater in the first third of their work and the last. `chance` is the probability of such a
    difference where nothing changes, for all raters and figures together (Holm); `words` is empty where it is luck."""

    rater: str
    what: str
    first: float
    last: float
    count: int
    """Of each third."""
    chance: float
    words: str = ""


def drifts(rater: Ints, names: list[str], order: Floats, figures: dict[str, Floats]) -> tuple[Drift, ...]:
    """Of each rater and figure (`time`, `known answers`, `agreement`) that can be told, in the order of answering.

    Time is a multiple of what is usual for the kind of item, so that other items are no change.
    """
    found = []
    for what, values in figures.items():
        known = np.flatnonzero(np.isfinite(values) & np.isfinite(order))
        rows = known[np.lexsort((known, order[known], rater[known]))]
        for mine in np.split(rows, np.flatnonzero(np.diff(rater[rows])) + 1):
            third = len(mine) // 3
            if third >= _LEAST[what]:
                found.append(_drift(names[rater[mine[0]]], what, values[mine[:third]], values[mine[-third:]]))
    return tuple(sorted(_sure(found), key=lambda drift: (drift.rater, drift.what)))


def _drift(rater: str, what: str, first: Floats, last: Floats) -> Drift:
    middle = np.median if what == "time" else np.mean
    return Drift(rater, what, float(middle(first)), float(middle(last)), len(first), _chance(what, first, last))


def _chance(what: str, first: Floats, last: Floats) -> float:
    from scipy.stats import fisher_exact, mannwhitneyu

    if what == "known answers":
        hits = [int(part.sum()) for part in (first, last)]
        table = [[hit, len(part) - hit] for hit, part in zip(hits, (first, last), strict=True)]
        return float(fisher_exact(table).pvalue)
    if np.ptp(np.concatenate([first, last])) == 0:
        return 1.0
    return float(mannwhitneyu(first, last, method="asymptotic").pvalue)


def _sure(found: list[Drift]) -> Iterator[Drift]:
    """Each with its chance among all that were looked at."""
    worst, many = 0.0, len(found)
    for place, drift in enumerate(sorted(found, key=lambda drift: drift.chance)):
        worst = max(worst, min(1.0, drift.chance * (many - place)))
        changed = worst < _SURE and _matters(drift)
        yield replace(drift, chance=worst, words=_WORDS[drift.what, drift.last > drift.first] if changed else "")


def _matters(drift: Drift) -> bool:
    if drift.what != "time":
        return abs(drift.last - drift.first) >= _STEP
    low, high = sorted((drift.first, drift.last))
    return high >= _FACTOR * low
