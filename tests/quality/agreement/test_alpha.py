"""Krippendorff's alpha: the reference's figures, laws, and what a bootstrap draws."""

from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.rating import rated

from affectory.quality.agreement import alpha, alpha_by_rater
from affectory.quality.agreement._alpha import Alpha
from affectory.quality.agreement._coded import by_raters, interval, tail

Matrix = list[list[float | None]]
MATRICES = st.integers(2, 5).flatmap(
    lambda items: st.lists(
        st.lists(st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.0, 5.0])), min_size=items, max_size=items),
        min_size=2,
        max_size=5,
    )
)
METRICS: list[Any] = ["nominal", "ordinal", "interval", "ratio"]


def reference(matrix: Matrix, metric: Any) -> float:
    """Of the `krippendorff` package; it raises where there is nothing to compare."""
    data = np.array([[np.nan if v is None else v for v in row] for row in matrix], float)
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement=metric))


@given(MATRICES, st.sampled_from(METRICS))
def test_it_is_what_the_reference_says(matrix: Matrix, metric: Any) -> None:
    items = [[v for v in item if v is not None] for item in zip(*matrix, strict=True)]
    assume(len({v for item in items if len(item) > 1 for v in item}) > 1)
    assert alpha(rated(matrix, "interval"), metric) == pytest.approx(reference(matrix, metric), abs=1e-9)


@given(MATRICES, st.sampled_from(METRICS), st.randoms())
def test_the_order_of_raters_and_items_does_not_matter(matrix: Matrix, metric: Any, random: Any) -> None:
    raters = random.sample(matrix, len(matrix))
    columns = random.sample(list(zip(*raters, strict=True)), len(matrix[0]))
    a, b = (alpha(rated(m, "interval"), metric) for m in (matrix, [list(r) for r in zip(*columns, strict=True)]))
    assert a == pytest.approx(b, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "matrix",
    [[[1, 2, 3]], [[1, 1], [1, 1]], [[1, None], [None, 2]], [[None, None], [None, None]], [[1], [1]]],
    ids=["one rater", "one value", "no overlap", "gaps", "one item"],
)
def test_without_anything_to_compare_there_is_none(matrix: Any, metric: Any) -> None:
    made = rated(matrix, "interval")
    assert np.isnan(alpha(made, metric))
    assert np.isnan(alpha_by_rater(made, metric)).all()


def test_sets_that_hold_each_other_differ_less_than_sets_that_overlap() -> None:
    by_hand = {"jaccard": 1 - 1 / 2, "masi": 1 - 1 / 2 * 2 / 3}
    made = rated([[["a"], ["a", "b"]], [["a", "b"], ["a", "b"]]], "multi-label")
    for metric, apart in by_hand.items():
        # Two items, one of which differs by `apart`; of 12 ordered pairs of any ratings 6 are of {a} and {a, b}.
        assert alpha(made, metric) == pytest.approx(1 - (2 * apart / 4) / (6 * apart / 12))


def test_an_empty_set_is_an_answer_that_shares_nothing_with_others() -> None:
    agreed = rated([[[], ["a"], []], [[], ["a"], []]], "multi-label")
    assert alpha(agreed, "masi") == 1.0
    differ = rated([[[], ["a"]], [["a"], []]], "multi-label")
    assert alpha(differ, "masi") == pytest.approx(-0.5)


@given(MATRICES, st.sampled_from(METRICS))
def test_the_parts_of_raters_make_up_the_whole(matrix: Matrix, metric: Any) -> None:
    made = rated(matrix, "interval")
    whole, parts = alpha(made, metric), alpha_by_rater(made, metric)
    weight = np.bincount(made.rater, made.sizes[made.item] > 1, len(made.raters))
    if np.isfinite(whole):
        assert np.average(np.nan_to_num(parts), weights=weight) == pytest.approx(whole, abs=1e-9)


def test_a_rater_who_answers_at_random_has_the_smallest_part() -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(0, 3, 60)
    raters = [np.where(draw.random(60) < 0.8, truth, draw.integers(0, 3, 60)) for _ in range(4)]
    matrix = [list(map(float, r)) for r in [*raters, draw.integers(0, 3, 60)]]
    parts = alpha_by_rater(rated(matrix, "nominal"), "nominal")
    assert parts.argmin() == 4
    assert parts[:4].min() > parts[4] + 0.2


@given(MATRICES, st.sampled_from(METRICS), st.integers(0, 9))
def test_items_that_are_drawn_twice_count_as_two(matrix: Matrix, metric: Any, seed: int) -> None:
    made = rated(matrix, "interval")
    often = np.random.default_rng(seed).integers(0, 3, len(made.items))
    places = [int(name[1:]) for name in made.items]
    columns = [[row[place] for row in matrix] for place, n in zip(places, often, strict=True) for _ in range(n)]
    again = rated([list(r) for r in zip(*columns, strict=True)] or [[None]], "interval")
    drawn = alpha(made, metric, items=often.astype(float))
    assert drawn == pytest.approx(alpha(again, metric), abs=1e-9, nan_ok=True)


def test_a_rater_who_is_drawn_twice_does_not_agree_with_himself() -> None:
    matrix: Matrix = [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 1, 0]]
    made = rated(matrix, "nominal")
    twice = alpha(made, "nominal", weights=np.array([2.0, 1.0, 0.0])[made.rater])
    only = alpha(made, "nominal", weights=np.array([1.0, 1.0, 0.0])[made.rater])
    assert only == pytest.approx(-0.75)
    assert twice < -0.4, "raters who always differ, one of them doubled"


def panel(draw: np.random.Generator, raters: int, truth: Any) -> list[list[int]]:
    """Raters of differing care who rate the same items."""
    care = draw.beta(4, 3, raters)
    return [np.where(draw.random(len(truth)) < c, truth, draw.integers(0, 3, len(truth))).tolist() for c in care]


@pytest.mark.parametrize(("raters", "least"), [(6, 0.85), (10, 0.85), (20, 0.88)])
def test_intervals_over_raters_hold_what_very_many_raters_come_to(raters: int, least: float) -> None:
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 3, 40)
    whole = alpha(rated(panel(draw, 400, truth)), "nominal")
    hits = []
    for _ in range(60):
        made = Alpha(rated(panel(draw, raters, truth)), "nominal")
        found = interval(made.value(), made.value, by_raters(made.ratings, 200, 0), tail(0.95, raters))
        hits.append(found is not None and found[0] <= whole <= found[1])
    assert np.mean(hits) >= least, "plain percentiles of 6 raters hold it 80 times in 100"
