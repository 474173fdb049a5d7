"""What chance gives: labels stay in their blocks, p is as large as it says, many tests are counted."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import facts

from affectory.quality.audits import _chance as chance
from affectory.quality.audits._exchanging import Exchange, clusters_within, of_labels, rows_within, same_within
from affectory.quality.audits._looked import interval

BLOCKS = st.lists(st.integers(0, 4), min_size=1, max_size=30)
PS = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def every(exchange: Exchange, times: int = 50) -> np.ndarray:  # type: ignore[type-arg]
    return np.concatenate(list(exchange.drawn(times, "test")))


@given(BLOCKS)
def test_values_stay_in_their_block(given_blocks: list[int]) -> None:
    blocks, values = np.array(given_blocks), np.arange(len(given_blocks))
    found = chance.permuted(values, blocks, chance.generator("test"))
    assert sorted(found) == sorted(values) and (blocks[found] == blocks).all()


@given(BLOCKS)
def test_samples_are_exchanged_within_clusters_and_those_alone_within_their_source(given_clusters: list[int]) -> None:
    cluster = np.unique(given_clusters, return_inverse=True)[1]
    source = np.arange(len(cluster)) % 2
    alone = np.bincount(cluster)[cluster] == 1
    for whose in every(rows_within(cluster, source), 5):
        assert sorted(whose) == list(range(len(cluster)))
        assert (cluster[whose] == cluster)[~alone].all()
        assert alone[whose][alone].all() and (source[whose] == source)[alone].all()


def test_clusters_of_one_label_are_exchanged_as_a_whole() -> None:
    cluster, source = np.repeat(np.arange(6), 3), np.repeat([0, 1], 9)
    label = np.array([0, 1, 0, 1, 1, 0])[cluster]
    for whose in every(of_labels(label, cluster, source)):
        new = label[whose]
        assert same_within(new, cluster) and (source[whose] == source).all()
        assert new[source == 0].sum() == label[source == 0].sum()


def test_every_order_is_as_likely() -> None:
    exchange = clusters_within(np.array([0, 1, 2]), np.zeros(3, np.int64))
    counts = np.unique(every(exchange, 6000), axis=0, return_counts=True)[1]
    assert len(counts) == 6 and (abs(counts - 1000) < 150).all()


def test_draws_hang_on_names_alone() -> None:
    exchange = rows_within(np.zeros(9, np.int64), np.zeros(9, np.int64))
    assert (every(exchange) == every(exchange)).all()
    other = np.concatenate(list(exchange.drawn(50, "other")))
    assert not (every(exchange) == other).all()


def test_p_is_as_large_as_it_says() -> None:
    """Of two hundred differences between halves of nothing, one in twenty is said to be so rare."""
    found = []
    for seed in range(200):
        values = np.random.default_rng(seed).integers(0, 2, 20)
        test = chance.permutation_test(lambda v: float(v[:10].sum() - v[10:].sum()), values, None, seed, times=99)
        found.append(test[2])
    assert np.mean(np.array(found) <= 0.05) <= 0.095 and 0.4 < np.mean(found) < 0.75


def test_a_planted_difference_has_the_least_p() -> None:
    values = np.repeat([1, 0], 10)
    observed, null, p = chance.permutation_test(lambda v: float(v[:10].sum()), values, None, "planted", times=99)
    assert observed == 10 and len(null) == 99 and p == 0.01
    within = chance.permutation_test(lambda v: float(v[:10].sum()), values, np.repeat([0, 1], 10), "within", times=99)
    assert within[2] == 1, "nothing can be exchanged where blocks have one value"


@given(PS)
def test_holm_lies_between_each_p_and_bonferroni(ps: list[float]) -> None:
    found = chance.holm(ps)
    assert all(p <= adjusted <= min(1, p * len(ps)) + 1e-12 for p, adjusted in zip(ps, found, strict=True))
    in_order = [found[at] for at in np.argsort(ps, kind="stable")]
    assert all(a <= b for a, b in pairwise(in_order))


def test_holm_as_published() -> None:
    assert chance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert chance.holm([]) == []


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 0, 0, 1), (0, 10, 0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_as_published(hits: int, of: int, low: float, high: float) -> None:
    assert chance.wilson(hits, of) == pytest.approx((low, high), abs=1e-4)


def test_intervals_cover_what_they_are_of() -> None:
    """Of sixty intervals of a share that differs between clusters most hold the share."""
    held = {"ratio": 0, "rows": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        clusters = np.repeat(np.arange(30), 5)
        hits = (rng.random(150) < rng.beta(2, 2, 30)[clusters]).astype(float)
        low, high = interval(hits, np.ones(150), clusters, seed)
        held["ratio"] += low <= 0.5 <= high
        low, high = chance.bootstrapped(lambda rows, h=hits: float(h[rows].mean()), clusters, seed)
        held["rows"] += low <= 0.5 <= high
    assert min(held.values()) >= 51


def test_nothing_hangs_on_how_python_hashes() -> None:
    """The same facts from a process that hashes otherwise."""
    script = "from support.drawn import facts; print(facts())"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == facts()
