"""Traces in equal steps: what they say of a time stays what it was."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import Row, labels_of, opinion

from affectory.transforms.views._traces import (
    LONGEST,
    Trace,
    aligned,
    concordance,
    lags,
    steps,
    together,
    trace_of,
)
from affectory.transforms.views.trace import Trace as TraceView

STEP = 40_000


def traced(number: int, values: Any, of: str = "valence", at: Any = None, **given: Any) -> Row:
    """A rater's trace, of 25 points a second unless said otherwise."""
    times = range(0, STEP * len(values), STEP) if at is None else at
    points = [{"at_us": t, "value": v} for t, v in zip(times, values, strict=True)]
    return opinion(number, labels=(of,), answer={"trace": points}, **given)


def test_a_trace_that_is_regular_already_comes_back() -> None:
    [label] = labels_of(TraceView(), traced(1, [0.0, 0.5, -0.5]))
    assert (label["values"], label["times_us"]) == ([0, 0.5, -0.5], [0, STEP, 2 * STEP])
    assert (label["space"], label["count"], label["names"]) == ("continuous", 1, ["valence"] * 3)
    assert label["low"] == label["high"] == label["spread"] == [None] * 3, "one rater says nothing of how raters differ"


def test_raters_are_averaged_step_by_step_and_questions_kept_apart() -> None:
    rows = [traced(1, [0.0, 0.5]), traced(2, [0.5, 0.5]), traced(3, [1.0, 1.0], of="arousal")]
    [label] = labels_of(TraceView(), *rows)
    assert (label["names"], label["count"]) == (["arousal", "arousal", "valence", "valence"], 3)
    assert (label["values"], label["times_us"]) == ([1, 1, 0.25, 0.5], [0, STEP, 0, STEP])
    assert label["spread"] == [None, None, 0.25, 0]
    assert label["low"][2] == pytest.approx(0.25 - 12.706205 * 0.25, rel=1e-5), "Student's t of two raters"
    assert label["low"][3] == label["high"][3] == 0.5


def test_where_one_says_nothing_the_others_are_the_mean() -> None:
    [label] = labels_of(TraceView(), traced(1, [0.0, None, 0.5, None]), traced(2, [1.0, 1.0], at=[0, STEP]))
    assert label["values"] == [0.5, 1.0, 0.5, None]


def test_points_may_come_in_any_order_and_the_last_word_at_a_time_counts() -> None:
    found = trace_of([STEP, 0, 0], [0.5, 9.0, 0.25])
    assert found is not None
    assert (found.at_us.tolist(), found.values.tolist(), found.end_us) == ([0, STEP], [0.25, 0.5], 2 * STEP)


@pytest.mark.parametrize("points", [[], [(0, 1.0)], [(0, None), (1, None)], [(0, float("nan")), (5, None)]])
def test_what_does_not_move_in_time_is_no_trace(points: list[tuple[int, float | None]]) -> None:
    assert trace_of([t for t, _ in points], [v for _, v in points]) is None
    assert labels_of(TraceView(), traced(1, [v for _, v in points], at=[t for t, _ in points])) == []


def test_opinions_without_a_trace_have_no_label() -> None:
    assert labels_of(TraceView(), opinion(1, [1, 0, 0])) == labels_of(TraceView()) == []


def test_times_that_cannot_be_right_are_told_and_cost_no_memory() -> None:
    [label] = labels_of(TraceView(), traced(1, [0.0, 1.0], at=[0, 40 * LONGEST * STEP]))
    assert (label["values"], label["state"]) == ([], "times too far apart to be one trace")


Points = st.lists(
    st.tuples(st.integers(0, 5_000_000), st.one_of(st.none(), st.floats(-1, 1))), min_size=2, max_size=30
).map(lambda points: trace_of([t for t, _ in points], [v for _, v in points]))


@given(Points.filter(bool), st.sampled_from([0.3, 1.0, 7.0, 25.0, 100.0]))
def test_resampling_keeps_the_mean(trace: Trace, hz: float) -> None:
    edges = steps([trace], hz)
    assert edges is not None
    values, known = trace.averaged(edges), covered(trace, edges)
    kept = ~np.isnan(values)
    assert (values[kept] * known[kept]).sum() / known[kept].sum() == pytest.approx(trace.mean, abs=1e-6)
    whole = float(known.min()) == pytest.approx(float(known.max()))
    assert not whole or values.mean() == pytest.approx(trace.mean, abs=1e-6), "and the plain mean where none has a gap"


def covered(trace: Trace, edges: Any) -> Any:
    """How much of each step has a value, one piece of the trace after the other."""
    at = trace.edges
    pieces = [(at[i], at[i + 1]) for i in range(len(trace.values)) if not np.isnan(trace.values[i])]
    return np.array([sum(max(0.0, min(b, d) - max(a, c)) for c, d in pieces) for a, b in pairwise(edges)])


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=50), st.integers(0, 10**12))
def test_the_mean_of_a_trace_is_that_of_its_label(values: list[float], start: int) -> None:
    at = [start + place * STEP for place in range(len(values))]
    [label] = labels_of(TraceView(hz=10), traced(1, values, at=at))
    assert np.mean(label["values"]) == pytest.approx(np.mean(np.float32(values)), abs=1e-6)


@settings(max_examples=30)
@given(st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=9), st.randoms())
def test_the_order_of_raters_does_not_matter_to_the_last_bit(values: list[float], random: Any) -> None:
    rows = [traced(n, values[n % 2 :] + values, at=None) for n in range(5)]
    shuffled = random.sample(rows, len(rows))
    assert labels_of(TraceView(most_lag_s=1), *rows) == labels_of(TraceView(most_lag_s=1), *shuffled)


SECONDS = np.arange(0, 60, STEP / 1e6)
WAVE = np.sin(1.3 * SECONDS) + np.sin(0.4 * SECONDS)


def late(by_s: float, noise: float = 0.0) -> Trace:
    """Somebody who follows the wave so many seconds after it."""
    moved = np.interp(SECONDS - by_s, SECONDS, WAVE) + noise * np.random.default_rng(7).standard_normal(len(WAVE))
    found = trace_of(np.rint(SECONDS * 1e6).astype(np.int64), moved)
    assert found is not None
    return found


@pytest.mark.parametrize("by_s", [0.0, 0.04, 0.53, 1.234, -2.01])
def test_a_lag_is_found_to_a_part_of_a_step(by_s: float) -> None:
    first, second = lags([late(0), late(by_s, noise=0.05)])
    assert (first, second) == (pytest.approx(-by_s, abs=0.02), pytest.approx(by_s, abs=0.02))


def test_of_several_raters_each_is_compared_with_the_others() -> None:
    found = lags([late(0), late(0.5), late(1.0)])
    assert found == pytest.approx([-0.75, 0, 0.75], abs=0.15)
    assert lags(aligned([late(0), late(0.5), late(1.0)], 25, 5)) == pytest.approx([0, 0, 0], abs=0.01)


def test_moving_raters_together_brings_the_mean_nearer_to_each() -> None:
    raters = [late(0), late(1.0)]
    rows = [traced(n, list(t.values)) for n, t in enumerate(raters)]
    spreads = [np.nanmean([s for s in label["spread"] if s is not None]) for label in (
        labels_of(view, *rows)[0] for view in (TraceView(), TraceView(most_lag_s=3))
    )]  # fmt: skip
    assert spreads[1] < 0.1 * spreads[0]


@pytest.mark.parametrize(
    "raters",
    [[], [late(0)], [late(0), Trace(late(0).at_us, np.ones(len(SECONDS)), late(0).end_us)], [late(0), late(9)]],
    ids=["nobody", "one rater", "one that does not move", "later than can be"],
)
def test_a_lag_that_cannot_be_told_is_not_a_number(raters: list[Trace]) -> None:
    assert np.isnan(lags(raters, most_s=0.5)).all()


def test_concordance_counts_distance_as_well_as_shape() -> None:
    _, (one, other) = together([late(0), late(0)], 25)
    assert concordance(one, other) == pytest.approx(1)
    assert concordance(one, other + 1) == pytest.approx(2 * one.var() / (2 * one.var() + 1))
    assert np.isnan(concordance(np.ones(5), np.ones(5)))
    assert concordance(np.ones(5), np.arange(5.0)) == 0


def test_moves_that_would_take_for_ever_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 3000 is possible"):
        TraceView(hz=1000, most_lag_s=60)
    assert TraceView(hz=1000, most_lag_s=3).most_lag_s == 3
