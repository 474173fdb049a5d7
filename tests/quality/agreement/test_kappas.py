"""Kappas and F1 of pairs, by hand and by law."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rating import rated

from affectory.quality.agreement import Pairs, alpha, cohen_kappas, fleiss_kappa, named, pairwise_f1s

FULL = st.integers(2, 6).flatmap(
    lambda items: st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=items, max_size=items), min_size=2, max_size=4
    )
)


def test_cohen_by_hand() -> None:
    pairs = Pairs(rated([["a", "a", "b", "b"], ["a", "b", "b", "b"]]))
    # Three of four agree; by chance (2/4 * 1/4 + 2/4 * 3/4) would.
    assert named(pairs, cohen_kappas(pairs)) == {("r000", "r001"): pytest.approx((3 / 4 - 1 / 2) / (1 - 1 / 2))}


def test_weights_are_by_places_of_the_whole_scale() -> None:
    matrix = [[0, 2, 0, 2], [0, 2, 2, 0], [1, 1, 1, 1]]
    pairs = Pairs(rated(matrix))
    linear, square = (named(pairs, cohen_kappas(pairs, w)) for w in ("linear", "quadratic"))
    assert linear["r000", "r001"] == square["r000", "r001"] == 0.0


@given(FULL)
def test_quadratic_kappa_of_two_is_near_alpha_of_intervals(matrix: list[list[float]]) -> None:
    two = rated(matrix[:2])
    [kappa] = cohen_kappas(Pairs(two), "quadratic")
    if np.isfinite(kappa):
        assert kappa <= 1 and not np.isnan(alpha(two, "nominal"))


@given(FULL)
def test_fleiss_is_alpha_but_for_small_samples(matrix: list[list[float]]) -> None:
    made = rated(matrix)
    kappa, n = fleiss_kappa(made), made.size
    if np.isfinite(kappa):
        assert 1 - alpha(made, "nominal") == pytest.approx((1 - kappa) * (n - 1) / n, abs=1e-9)


@pytest.mark.parametrize("matrix", [[[1, 1], [1, 1]], [[1, 2], [1, None]], [[1, 2]], [[None]]])
def test_where_fleiss_is_not_defined_there_is_none(matrix: Any) -> None:
    assert np.isnan(fleiss_kappa(rated(matrix)))


def test_f1_is_the_mean_over_values_that_either_used() -> None:
    pairs = Pairs(rated([["a", "a", "b", "c"], ["a", "b", "b", "b"]]))
    assert pairwise_f1s(pairs).tolist() == pytest.approx([(2 / 3 + 2 / 4 + 0) / 3])


def test_pairs_share_enough_items_and_count_an_item_once() -> None:
    made = rated([[1, 2, 1, 2], [1, 2, 2, None], [None, None, None, 1]])
    assert Pairs(made, 2).raters == [("r000", "r001")]
    assert Pairs(made, 1).raters == [("r000", "r001"), ("r000", "r002")]
    assert Pairs(made, 1).tables().sum(axis=(1, 2)).tolist() == [3, 1]


def test_where_two_say_the_same_one_value_kappa_is_not_defined() -> None:
    assert np.isnan(cohen_kappas(Pairs(rated([[1, 1], [1, 1]])))).all()
