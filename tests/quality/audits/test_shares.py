"""Shares that may be so large: how often chance gives more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.audits._shares import beyond, percent, share


@given(st.integers(1, 60), st.data(), st.floats(0.01, 0.99))
def test_chance_gives_as_many_hits_as_the_binomial_says(of: int, drawn: st.DataObject, most: float) -> None:
    from scipy.stats import binom

    hits = drawn.draw(st.integers(0, of))
    assert beyond(hits, of, most) == pytest.approx(float(binom.sf(hits - 1, of, most)), rel=1e-4, abs=1e-12)


@pytest.mark.parametrize(("hits", "of", "most", "p"), [(0, 9, 0.0, 1.0), (1, 9, 0.0, 0.0), (0, 0, 0.1, 1.0)])
def test_where_nothing_may_be_one_is_too_many(hits: int, of: int, most: float, p: float) -> None:
    assert beyond(hits, of, most) == p


def test_a_share_accuses_where_it_is_beyond_what_may_be_and_chance() -> None:
    assert share("x", 30, 100, 0.1).accuses
    assert not share("x", 12, 100, 0.1).accuses
    assert not share("x", 5, 100, 0.1).accuses


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0%"), (0.094, "9.4%"), (0.36, "36%"), (np.float64(1), "100%")])
def test_shares_are_read_as_percentages(value: float, text: str) -> None:
    assert percent(value) == text
