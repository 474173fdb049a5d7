"""Intervals for what few raters say."""

import numpy as np
import pytest

from affectory.transforms.views._intervals import mean_interval, share_interval


def test_a_mean_of_raters_has_students_interval() -> None:
    rows = np.array([[1.0, 1.0, np.nan], [2.0, np.nan, np.nan], [6.0, np.nan, np.nan]])
    low, high, spread = mean_interval(rows)
    half = 4.302652729911275 * np.std([1, 2, 6], ddof=1) / np.sqrt(3)
    assert (low[0], high[0]) == (pytest.approx(3 - half), pytest.approx(3 + half))
    assert spread[0] == pytest.approx(np.std([1, 2, 6]))
    assert np.isnan([low[1:], high[1:], spread[1:]]).all(), "one rater says nothing of how raters differ"


@pytest.mark.parametrize(
    ("share", "count", "expected"),
    [(0.5, 10, (0.236593, 0.763407)), (1.0, 3, (0.438503, 1.0)), (0.0, 1, (0.0, 0.793451))],
)
def test_a_share_of_raters_has_wilsons_interval(share: float, count: int, expected: tuple[float, float]) -> None:
    low, high = share_interval(np.array([share]), np.array([float(count)]))
    assert (low[0], high[0]) == pytest.approx(expected, abs=1e-5)
