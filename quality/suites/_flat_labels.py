"""Flat columns of labels: whether values are what their space and their taxonomy allow."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.suites._arrays import (
    Floats,
    Mask,
    between,
    flat,
    lengths,
    mask,
    numbers,
    rows_of,
    rows_with,
    some,
    sums,
    truth,
    within,
)
from affectory.quality.suites._flat_samples import Prepared
from affectory.quality.suites._ground import Ground

TOLERANCE = 1e-4
SHARES = ("simplex", "multi-label")


def _count_right(rows: pa.Table, ground: Ground) -> pa.Array:
    """Whether there is a value for each label, or for each of a row's own names."""
    values, names = lengths(within(rows, "values")), lengths(within(rows, "names"))
    wanted = names.copy()
    for asked in ground.about.asked:
        of_this = mask(pc.equal(rows.column("taxonomy"), asked.taxonomy)) & (names < 0)
        wanted[of_this] = len(asked.labels)
    return truth(values == wanted, (wanted >= 0) & (lengths(within(rows, "times_us")) < 0))


def _with(wrong: Callable[[Floats], Mask], only: tuple[str, ...], rows: pa.Table) -> pa.Array:
    found = rows_with(within(rows, "values"), wrong)
    return truth(~found, mask(pc.is_in(rows.column("space"), pa.array(only))) if only else None)


def _finite(rows: pa.Table, _: Ground) -> pa.Array:
    return _with(lambda v: ~np.isfinite(v), (), rows)


def _shares(rows: pa.Table, _: Ground) -> pa.Array:
    return _with(lambda v: (v < 0) | (v > 1 + TOLERANCE), SHARES, rows)


def _total(rows: pa.Table, _: Ground) -> pa.Array:
    """What the values of a simplex sum to; null where a state says why it has none."""
    values = within(rows, "values")
    simplex = mask(pc.equal(rows.column("space"), "simplex"))
    none_said = ~some(values) & np.asarray(pc.is_valid(rows.column("state")), dtype=bool)
    return pa.array(sums(values), mask=~(simplex & ~none_said))


def _interval(rows: pa.Table, __: Ground) -> pa.Array:
    """Whether each value lies between its low and its high."""
    values, low, high = (within(rows, name) for name in ("values", "low", "high"))
    there = (lengths(low) >= 0) | (lengths(high) >= 0)
    even = (lengths(low) == lengths(values)) & (lengths(high) == lengths(values))
    at = np.flatnonzero(there & even)
    picked = pa.array(at)
    (middle, parents), (below, _), (above, _) = (flat(column.take(picked)) for column in (values, low, high))
    with np.errstate(invalid="ignore"):
        lost = numbers(below) > numbers(middle) + TOLERANCE
        lost |= numbers(above) < numbers(middle) - TOLERANCE
    sound = even.copy()
    sound[at] = ~rows_of(parents[lost], len(at))
    return truth(sound, there)


def _spread(rows: pa.Table, _: Ground) -> pa.Array:
    spread = within(rows, "spread")
    wrong = rows_with(spread, lambda v: ~np.isfinite(v) | (v < 0)) | (
        lengths(spread) != lengths(within(rows, "values"))
    )
    return truth(~wrong, lengths(spread) >= 0)


def _covariance(rows: pa.Table, _: Ground) -> pa.Array:
    covariance = lengths(within(rows, "covariance"))
    return truth(covariance == lengths(within(rows, "values")) ** 2, covariance >= 0)


def _chosen(rows: pa.Table, ground: Ground) -> pa.Array:
    """Whether what is chosen is among a row's own names, or the labels of its taxonomy."""
    chosen, names = within(rows, "chosen"), within(rows, "names")
    own, there = lengths(names) >= 0, lengths(chosen) >= 0
    picked, parents = flat(chosen)
    wrong, known = np.zeros(len(rows), dtype=bool), own & there
    for asked in ground.about.asked:
        of_this = mask(pc.equal(rows.column("taxonomy"), asked.taxonomy)) & ~own
        known |= of_this & there
        strange = ~mask(pc.is_in(picked, pa.array(asked.labels, pa.string())))
        wrong |= of_this & rows_of(parents[strange], len(rows))
    at = np.flatnonzero(own & there)
    pairs = zip(chosen.take(pa.array(at)).to_pylist(), names.take(pa.array(at)).to_pylist(), strict=True)
    wrong[at] = [not set(picks) <= set(among) for picks, among in pairs]
    return truth(~wrong, known)


def _times(rows: pa.Table, _: Ground) -> pa.Array:
    """Whether a trace has a rising time for each value."""
    times = within(rows, "times_us")
    at, parents = flat(times)
    back = np.flatnonzero((np.diff(numbers(at)) <= 0) & (np.diff(parents) == 0))
    uneven = lengths(times) != lengths(within(rows, "values"))
    return truth(~(rows_of(parents[back], len(rows)) | uneven), lengths(times) >= 0)


def _people(rows: pa.Table, _: Ground) -> pa.Array:
    """Of views of people, how many opinions they count."""
    of_people = mask(pc.equal(rows.column("pool"), "human"))
    return pc.if_else(pa.array(of_people), within(rows, "count"), pa.scalar(None, pa.int32()))


def _share(name: str) -> Callable[[pa.Table, Ground], pa.Array]:
    return lambda rows, _: between(within(rows, name), -TOLERANCE, 1 + TOLERANCE)


COLUMNS: Prepared = {
    "values_counted": (("taxonomy", "values", "names", "times_us"), _count_right),
    "values_finite": (("values", "space"), _finite),
    "shares_sound": (("values", "space"), _shares),
    "values_sum": (("values", "space", "state"), _total),
    "interval_sound": (("values", "low", "high"), _interval),
    "spread_sound": (("values", "spread"), _spread),
    "covariance_square": (("values", "covariance"), _covariance),
    "chosen_allowed": (("taxonomy", "names", "chosen"), _chosen),
    "times_rise": (("values", "times_us"), _times),
    "people_count": (("pool", "count"), _people),
    "uncertainty_sound": (("uncertainty",), _share("uncertainty")),
    "agreement_sound": (("agreement",), _share("agreement")),
}
