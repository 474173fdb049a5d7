"""Rankings: as scipy says where it says something, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from affectory.quality.agreement import kendall_tau, kendall_w, ranks_of, spearman

RANKS = st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=3, max_size=6)


@given(st.tuples(RANKS, RANKS).filter(lambda both: len(both[0]) == len(both[1])))
def test_pairs_are_as_scipy_says(both: tuple[list[float], list[float]]) -> None:
    a, b = map(np.array, both)
    if len(set(a)) > 1 and len(set(b)) > 1:
        assert kendall_tau(a, b) == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-12)
        assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    else:
        assert np.isnan(kendall_tau(a, b)) and np.isnan(spearman(a, b))


def test_what_is_not_ranked_shares_the_last_place() -> None:
    assert ranks_of([["a", "b", "c", "d"], ["b"]]).tolist() == [[1, 2, 3, 4], [3, 1, 3, 3]]


def test_concordance_of_all_is_one_and_of_opposites_none() -> None:
    assert kendall_w(ranks_of([list("abc")] * 3)) == 1.0
    assert kendall_w(ranks_of([list("abc"), list("cba")])) == 0.0
    assert np.isnan(kendall_w(ranks_of([list("abc")])))
    assert np.isnan(kendall_w(ranks_of([[], []])))


@given(st.lists(st.permutations("abcd"), min_size=2, max_size=5))
def test_concordance_is_a_mean_of_correlations(rankings: list[list[str]]) -> None:
    ranks, raters = ranks_of(rankings), len(rankings)
    pairs = [spearman(ranks[a], ranks[b]) for a in range(raters) for b in range(a)]
    assert kendall_w(ranks) == pytest.approx((np.mean(pairs) * (raters - 1) + 1) / raters)
