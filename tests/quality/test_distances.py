"""Distances of soft labels, against values computed by hand and by the shared reference."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality import distances
from affectory.quality.distances import Floats

Shared = Callable[[str], Path]
Distance = Callable[[Floats, Floats], Floats]
NAN = float("nan")
NAMES: dict[str, Distance] = {
    "manhattan_sum": distances.manhattan,
    "manhattan_mean": distances.manhattan_mean,
    "wasserstein_cdf": distances.wasserstein,
    "cross_entropy_nats_eps1e-12": distances.cross_entropy,
    "kl_nats_eps1e-12": distances.kullback_leibler,
    "jsd_base2": distances.jensen_shannon,
    "cosine": distances.cosine,
}
SYMMETRIC = (distances.manhattan, distances.total_variation, distances.wasserstein, distances.jensen_shannon)
EACH = pytest.mark.parametrize("distance", [*NAMES.values(), distances.total_variation])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Floats, Floats]:
    size = draw(st.integers(1, 6))
    votes = st.lists(st.integers(0, 9), min_size=size, max_size=size).filter(any)
    a, b = (np.array([draw(votes)], np.float64) for _ in range(2))
    return a / a.sum(), b / b.sum()


def test_the_shared_pairs(shared: Shared) -> None:
    cases = json.loads(shared("expected/soft_label_distances.json").read_text())["pairs"]
    for case in cases:
        target, said = (np.array([case[side]], np.float64) for side in ("target", "pred"))
        found = {name: distance(target, said)[0] for name, distance in NAMES.items()}
        assert found == pytest.approx({name: case[name] for name in NAMES}, abs=1e-9), case
    assert len(cases) == 5


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (distances.manhattan, 1.0),
        (distances.manhattan_mean, 1 / 3),
        (distances.total_variation, 0.5),
        (distances.wasserstein, 1.0),
        (distances.cross_entropy, np.log(2)),
        (distances.kullback_leibler, np.log(2)),
        (distances.cosine, 1 / np.sqrt(2)),
    ],
)
def test_one_grade_against_two(distance: Distance, expected: float) -> None:
    assert distance(np.array([[1.0, 0.0, 0.0]]), np.array([[0.5, 0.0, 0.5]])) == pytest.approx([expected])


@given(pairs())
def test_the_laws_of_distances(pair: tuple[Floats, Floats]) -> None:
    a, b = pair
    for distance in SYMMETRIC:
        assert distance(a, b) == pytest.approx(distance(b, a)), distance
        assert distance(a, a) == pytest.approx(0.0, abs=1e-12)
    assert 0 <= distances.jensen_shannon(a, b)[0] <= 1 + 1e-12
    assert distances.total_variation(a, b)[0] <= 1 + 1e-12
    own = distances.cross_entropy(a, a)
    assert distances.kullback_leibler(a, b) == pytest.approx(distances.cross_entropy(a, b) - own, abs=1e-9)


@EACH
def test_a_label_asked_of_neither_changes_nothing(distance: Distance) -> None:
    a, b = [[0.25, 0.75]], [[0.5, 0.5]]
    with_unasked = distance(np.array([[0.25, 0.75, NAN]]), np.array([[0.5, 0.5, NAN]]))
    assert with_unasked == pytest.approx(distance(np.array(a), np.array(b)))


@EACH
def test_rows_that_were_asked_different_things_have_no_distance(distance: Distance) -> None:
    found = distance(np.array([[0.5, 0.5], [NAN, 1.0], [NAN, NAN]]), np.array([[0.5, 0.5], [0.0, 1.0], [NAN, NAN]]))
    assert np.isnan(found).tolist() == [False, True, True]


@EACH
def test_no_rows_have_no_distances(distance: Distance) -> None:
    assert distance(np.empty((0, 3)), np.empty((0, 3))).shape == (0,)


def test_a_row_of_zeros_points_nowhere() -> None:
    assert np.isnan(distances.cosine([[0.0, 0.0]], [[0.5, 0.5]])).all()


def test_absolute_distance_is_a_share_of_the_grades_that_there_are() -> None:
    target, said = [[1, 6], [3, NAN]], [[6, 6], [2, 4]]
    found = distances.normalised_absolute_distance(target, said, 6)
    assert found == pytest.approx([5 / 12, 1 / 6])
    by_annotator = distances.normalised_absolute_distance(target, said, 6, of="annotators")
    assert by_annotator == pytest.approx([0.5, 0.0])


def test_absolute_distance_where_nobody_judged() -> None:
    assert np.isnan(distances.normalised_absolute_distance([[NAN]], [[1]], 5)).all()
    with pytest.raises(ValueError, match="a scale of 0 grades"):
        distances.normalised_absolute_distance([[1]], [[1]], 0)
