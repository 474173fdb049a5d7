"""Traces: an answer that moves in time. A value holds until the next is given, the last for as long as is usual."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.transforms.views._grouping import Floats, Ints

SECOND_US = 1_000_000
_SOME = 1e-6
"""Share of a step that must be known; less is an error of rounding."""
LONGEST = 2_000_000
"""Steps of time at most: what is longer has times that cannot be right."""


@dataclass(frozen=True)
class Trace:
    """Values with the times from which they hold, rising; NaN where the rater gave none."""

    at_us: Ints
    values: Floats
    end_us: int

    @property
    def mean(self) -> float:
        """Over the time for which a value was given."""
        total, known = self.integrals()
        return float(total[-1] / known[-1]) if known[-1] > 0 else float("nan")

    @property
    def edges(self) -> Floats:
        """Where values begin, and where the last one ends."""
        return np.append(self.at_us, self.end_us).astype(np.float64)

    def integrals(self) -> tuple[Floats, Floats]:
        """Up to each edge, the integral of what was given, and for how long something was."""
        lasting, known = np.diff(self.edges), ~np.isnan(self.values)
        parts = (np.where(known, self.values, 0.0) * lasting, known * lasting)
        total, time = (np.concatenate([[0.0], np.cumsum(part)]) for part in parts)
        return total, time

    def moved(self, by_us: float) -> "Trace":
        """The same trace at a later time."""
        whole = round(by_us)
        return Trace(self.at_us + whole, self.values, self.end_us + whole)

    def averaged(self, edges: Floats) -> Floats:
        """Its mean between each edge and the next, over the time for which it has values; NaN where it has none."""
        total, known = (np.diff(np.interp(edges, self.edges, part)) for part in self.integrals())
        mean: Floats = np.divide(total, known, out=np.full_like(total, np.nan), where=known > _SOME * np.diff(edges))
        return mean


def trace_of(at_us: Sequence[int] | Ints, values: Sequence[float | None] | Floats) -> Trace | None:
    """A trace of points in any order; of several at one time the last counts. None of fewer than two."""
    times, given = np.asarray(at_us, np.int64), np.asarray(values, np.float64)
    order = np.argsort(times, kind="stable")
    times, given = times[order], given[order]
    kept = np.append(np.diff(times) > 0, True)[: len(times)]
    times, given = times[kept], np.where(np.isfinite(given[kept]), given[kept], np.nan)
    if len(times) < 2 or np.isnan(given).all():
        return None
    return Trace(times, given, int(times[-1]) + int(np.median(np.diff(times))))


def traces_of(opinions: pa.Table) -> list[Trace | None]:
    """The trace of each opinion, None where it gave none that moves."""
    given = pc.struct_field(opinions.column("answer").combine_chunks(), "trace")
    found: list[Trace | None] = [None] * len(given)
    for row in np.flatnonzero(pc.greater(pc.fill_null(pc.list_value_length(given), 0), 1)).tolist():
        found[row] = trace_of(*_points(given[row].values))
    return found


def _points(points: Any) -> tuple[Ints, Floats]:
    """The times and values of the points that have a time."""
    timed = points.filter(pc.is_valid(pc.struct_field(points, "at_us")))
    at, value = (pc.struct_field(timed, name) for name in ("at_us", "value"))
    return at.to_numpy(zero_copy_only=False), value.to_numpy(zero_copy_only=False)


def steps(traces: Sequence[Trace], hz: float) -> Floats | None:
    """The edges of equal steps from the first beginning to the last end, of about 1/`hz`: as many as fit best, so that
    they tile it and the mean is kept. None where that is longer than times that are right can be."""
    first, last = min(t.edges[0] for t in traces), max(t.edges[-1] for t in traces)
    count = max(1, round((last - first) * hz / SECOND_US))
    return None if count > LONGEST else first + (last - first) * np.arange(count + 1) / count


def together(traces: Sequence[Trace], hz: float) -> tuple[Ints, Floats]:
    """The times of common steps, and a row for each trace; no steps where they are too many."""
    edges = steps(traces, hz) if traces else None
    if edges is None:
        return np.zeros(0, np.int64), np.zeros((len(traces), 0))
    return np.rint(edges[:-1]).astype(np.int64), np.stack([trace.averaged(edges) for trace in traces])


def lags(traces: Sequence[Trace], hz: float = 25.0, most_s: float = 5.0) -> Floats:
    """By how many seconds each trace comes after the mean of the others; NaN where that cannot be told."""
    rows = together(traces, hz)[1]
    others = (mean_of(np.delete(rows, place, axis=0)) for place in range(len(rows)))
    return np.array([lag(row, other, hz, most_s) for row, other in zip(rows, others, strict=True)], np.float64)


def aligned(traces: Sequence[Trace], hz: float, most_s: float) -> list[Trace]:
    """Each trace moved to the middle of all; one whose lag cannot be told stays."""
    late = np.nan_to_num(lags(traces, hz, most_s))
    late *= (len(traces) - 1) / max(len(traces), 1)  # the mean of the others lacks one's own part
    return [t.moved(-(s - late.mean()) * SECOND_US) for t, s in zip(traces, late, strict=True)]


def mean_of(rows: Floats) -> Floats:
    """The mean of traces at each step, over those that have a value."""
    known = (~np.isnan(rows)).sum(axis=0).astype(np.float64)
    sums = np.nan_to_num(rows).sum(axis=0)
    mean: Floats = np.divide(sums, known, out=np.full(rows.shape[1], np.nan), where=known > 0)
    return mean


def lag(one: Floats, other: Floats, hz: float, most_s: float) -> float:
    """By how many seconds `one` comes after `other`, steps of 1/`hz`: where their correlation has its peak, found to a
    part of a step. NaN where there is no peak within `most_s`."""
    furthest = min(round(most_s * hz), len(one) // 2)
    shifts = sorted(range(-furthest, furthest + 1), key=lambda k: (abs(k), k))
    found = {shift: correlation(*_shifted(one, other, shift)) for shift in shifts}
    known = [shift for shift in shifts if found[shift] > 0]
    if not known:
        return float("nan")
    best = max(known, key=lambda k: round(found[k], 12))
    before, peak, after = (found.get(best + side, float("nan")) for side in (-1, 0, 1))
    curve = before - 2 * peak + after
    return (best + 0.5 * (before - after) / curve) / hz if curve < 0 else float("nan")


def _shifted(one: Floats, other: Floats, shift: int) -> tuple[Floats, Floats]:
    length = len(one) - abs(shift)
    return one[max(shift, 0) :][:length], other[max(-shift, 0) :][:length]


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's, over the steps that both have; NaN where one does not move or they share fewer than three."""
    a, b = _moments(one, other)
    below = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / below) if len(a) > 2 and below > 1e-12 else float("nan")


def concordance(one: Floats, other: Floats) -> float:
    """Lin's concordance correlation, over the steps that both have; NaN where neither moves."""
    both = ~(np.isnan(one) | np.isnan(other))
    if both.sum() < 2:
        return float("nan")
    a, b = _moments(one, other)
    apart = one[both].mean() - other[both].mean()
    below = (a * a).mean() + (b * b).mean() + apart * apart
    moves = (a * a).mean() + (b * b).mean() > 1e-12
    return float(2 * (a * b).mean() / below) if moves else float("nan")


def _moments(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Both without their means, where both are known."""
    both = ~(np.isnan(one) | np.isnan(other))
    a, b = one[both], other[both]
    return (a - a.mean(), b - b.mean()) if len(a) else (a, b)
