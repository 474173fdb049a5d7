"""Halves, one against the rest, and shares of variance."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rating import rated

from affectory.quality.agreement import (
    Halves,
    Rest,
    alpha,
    icc,
    leave_one_out,
    leave_one_out_error,
    rater_correlations,
    shcmp,
    spearman_brown,
    split_half,
)

SHROUT_FLEISS = [[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]]


@pytest.mark.parametrize(
    ("kind", "published"), [("1", 0.17), ("2", 0.29), ("3", 0.71), ("1k", 0.44), ("2k", 0.62), ("3k", 0.91)]
)
def test_the_six_correlations_of_shrout_and_fleiss(kind: Any, published: float) -> None:
    assert icc(rated(SHROUT_FLEISS), kind) == pytest.approx(published, abs=0.005)


def test_one_way_correlation_takes_gaps_the_others_do_not() -> None:
    gap: Any = [*SHROUT_FLEISS[:3], [8, 2, 8, 6, 9, None]]
    assert 0 < icc(rated(gap), "1") < 1
    assert np.isnan(icc(rated(gap), "2")) and np.isnan(icc(rated(gap), "3"))


@pytest.mark.parametrize("kind", ["1", "2", "3"])
def test_items_drawn_as_often_as_they_come_change_nothing(kind: Any) -> None:
    made = rated(SHROUT_FLEISS)
    assert icc(made, kind, np.ones(6)) == pytest.approx(icc(made, kind), abs=1e-12)


def crowd(raters: int, noise: float, items: int = 80) -> list[list[float]]:
    draw = np.random.default_rng(5)
    truth = draw.normal(size=items)
    return [list(np.round(truth + noise * draw.normal(size=items), 3)) for _ in range(raters)]


def test_halves_agree_as_alpha_foretells() -> None:
    made = rated(crowd(20, 3.0), "interval")
    single, halves = alpha(made, "interval"), split_half(Halves(made))
    assert single < 0.2 < 0.4 < halves
    assert halves == pytest.approx(spearman_brown(single, 10), abs=0.03)
    assert split_half(Halves(made), whole=True) == pytest.approx(spearman_brown(single, 20), abs=0.03)


def test_halves_are_the_same_for_a_seed_and_differ_between_seeds() -> None:
    made = rated(crowd(4, 1.0), "interval")
    assert split_half(Halves(made, 5, 1)) == split_half(Halves(made, 5, 1)) != split_half(Halves(made, 5, 2))


def test_halves_of_two_ratings_are_these() -> None:
    made = rated([[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 4.0]])
    left, right = Halves(made, 3).means
    assert (np.sort([left, right], axis=0)[:, :, 3] == [[3.0] * 3, [4.0] * 3]).all()


def test_halves_match_where_they_fall_into_one_bin() -> None:
    made = rated([[0.0, 1.0, 1.0], [0.4, 1.0, 2.0]], "interval")
    assert shcmp(Halves(made), 6) == pytest.approx(2 / 3), "bins of width 1: 1 and 2 differ"
    assert shcmp(Halves(made), 2) == 1.0
    assert shcmp(Halves(made), 60) == pytest.approx(1 / 3)


def test_one_against_the_rest_by_hand() -> None:
    made = rated([[1.0, 4.0], [2.0, 5.0], [3.0, 9.0]])
    value, others = np.array([1, 2, 3, 4, 5, 9]), np.array([2.5, 2, 1.5, 7, 6.5, 4.5])
    assert leave_one_out(Rest(made)) == pytest.approx(np.corrcoef(value, others)[0, 1])
    assert leave_one_out_error(Rest(made)) == pytest.approx(np.abs(value - others).mean())


def test_raters_against_the_rest_count_items_of_three_raters() -> None:
    made = rated([[1, 2, 3, 9], [1, 2, 3, 0], [3, 2, 1, None]], "interval")
    found = rater_correlations(Rest(made))
    assert found[2] == pytest.approx(-1.0), "two others who agree, and one who turns it round"
    assert np.isnan(found[0]), "the means of the others do not vary"


@given(st.lists(st.lists(st.one_of(st.none(), st.sampled_from([0.0, 1.0])), min_size=3, max_size=3), max_size=3))
def test_nothing_is_asked_of_data_that_they_do_not_have(matrix: Any) -> None:
    made = rated(matrix or [[None]], "interval")
    for found in (split_half(Halves(made, 3)), leave_one_out(Rest(made)), icc(made, "1"), icc(made, "2")):
        assert np.isnan(found) or -10 < found <= 1 + 1e-9
