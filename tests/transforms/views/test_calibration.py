"""Models' distributions calibrated against people's, on worlds in which the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from affectory.transforms.views._calibration import Calibration, fit_calibration, selection_weights
from affectory.transforms.views._descent import lowest

Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def world(
    samples: int, labels: int, slope: float, shift: tuple[float, ...], each: int = 5, strength: float = 8, seed: int = 1
) -> tuple[Floats, Floats, Floats]:
    """What a model says, what people's distributions are on average given that, and people's votes."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (samples, labels))
    expected = softmax(slope * logits + np.array(shift))
    true = np.stack([random.dirichlet(strength * row) for row in expected])
    votes = np.stack([random.multinomial(each, row) for row in true]).astype(np.float64)
    return softmax(logits), expected, votes


def missed(said: Floats, true: Floats) -> float:
    """Nats lost by saying this where that is true."""
    return float((true * np.log(true / said)).sum(axis=1).mean())


def test_a_temperature_and_what_a_model_is_worth_are_found() -> None:
    probs, expected, votes = world(1500, 4, 0.5, (0, 0, 0, 0))
    fitted = fit_calibration(probs, votes)
    assert fitted.temperature == pytest.approx(2, rel=0.1)
    assert np.abs(fitted.shift).max() < 0.1
    assert fitted.strength == pytest.approx(8, rel=0.15)
    assert missed(fitted.apply(probs), expected) < 0.002 < missed(probs, expected) / 50


def test_a_taste_for_some_labels_is_found() -> None:
    probs, expected, votes = world(1500, 4, 0.7, (1.5, 0, 0, -1.5))
    fitted = fit_calibration(probs, votes)
    assert missed(fitted.apply(probs), expected) < 0.004
    fresh, wanted, _ = world(500, 4, 0.7, (1.5, 0, 0, -1.5), seed=2)
    assert missed(fitted.apply(fresh), wanted) < 0.004


def test_a_model_that_takes_one_label_for_another_is_understood() -> None:
    probs, _, votes = world(1500, 3, 1.0, (0, 0, 0))
    turned = fit_calibration(probs, votes[:, [1, 2, 0]])
    assert missed(turned.apply(probs), probs[:, [1, 2, 0]]) < 0.02


def test_a_model_that_says_nothing_about_people_gives_their_base_rates() -> None:
    random = np.random.default_rng(1)
    votes = random.multinomial(5, [0.6, 0.3, 0.1], 800).astype(np.float64)
    found = fit_calibration(softmax(random.normal(0, 2, (800, 3))), votes)
    assert found.apply(np.array([[0.98, 0.01, 0.01]]))[0] == pytest.approx([0.6, 0.3, 0.1], abs=0.05)


@pytest.mark.parametrize("samples", [1, 2, 5, 7])
def test_few_samples_give_a_temperature_only(samples: int) -> None:
    probs, _, votes = world(samples, 3, 0.5, (2, 0, 0), seed=samples)
    fitted = fit_calibration(probs, votes)
    assert fitted.slopes == pytest.approx(np.eye(3) / fitted.temperature)
    assert fitted.shift.tolist() == [0, 0, 0]
    assert 0 < fitted.strength < 20


def test_many_votes_about_one_sample_are_not_many_samples() -> None:
    probs, _, votes = world(200, 3, 0.5, (0, 0, 0), each=50, strength=2)
    fitted = fit_calibration(probs, votes)
    assert 200 < fitted.effective < 200 * 4
    assert fitted.strength == pytest.approx(2, rel=0.25)


def test_unequal_weights_are_worth_less() -> None:
    probs, _, votes = world(400, 3, 0.5, (0, 0, 0))
    uneven = np.where(np.arange(400) % 10 == 0, 10.0, 0.1)
    even, odd = (fit_calibration(probs, votes, w).effective for w in (np.ones(400), uneven))
    assert odd == pytest.approx(even * (400 + 36) ** 2 / (4000 + 3.6) / 400, rel=0.3)


def routed(seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """A model that is right where it is sure and turns things round where it is not, and people asked where it is not.

    All samples, and of those asked: what the model says, votes, and the probability of having been asked.
    """
    random = np.random.default_rng(seed)
    sure = random.uniform(0.5, 1, 20_000)
    probs = np.stack([sure, 1 - sure], axis=1)
    right = random.random(len(sure)) < np.where(sure > 0.8, 0.95, 0.4)
    chance = np.where(sure > 0.8, 0.02, 0.5)
    asked = random.random(len(sure)) < chance
    votes = np.stack([right, ~right], axis=1).astype(np.float64) * 3
    return probs, votes, asked, chance


def test_people_asked_where_a_model_is_unsure_mislead_unless_that_is_weighed() -> None:
    probs, votes, asked, chance = routed(3)
    truth = float(votes[:, 0].mean() / 3)
    plain = fit_calibration(probs[asked], votes[asked])
    weighed = fit_calibration(probs[asked], votes[asked], selection_weights(chance[asked]).weights)
    off = [abs(float(f.apply(probs)[:, 0].mean()) - truth) for f in (plain, weighed)]
    assert off[0] > 0.05
    assert off[1] < 0.02
    assert weighed.effective < plain.effective


def test_weights_are_inverse_probabilities_and_told_where_clipped() -> None:
    found = selection_weights(np.array([0.5, 0.25, np.nan, 0.0, 2.0, 1.0]))
    assert found.weights == pytest.approx(np.array([2, 4, 0, 0, 0, 1]) / 7 * 3)
    assert (found.clipped, found.left_out) == (0, 3)
    rare = selection_weights(np.array([1e-6] + [1.0] * 99))
    assert rare.clipped == 1
    assert rare.weights[0] == pytest.approx(10)


@pytest.mark.parametrize("known", [[], [np.nan, np.nan]])
def test_where_no_probability_is_known_all_count_alike(known: list[float]) -> None:
    found = selection_weights(np.array(known))
    assert (found.weights.tolist(), found.clipped, found.left_out) == ([1.0] * len(known), 0, 0)


def test_labels_that_were_not_asked_stay_so() -> None:
    probs, _, votes = world(300, 4, 0.5, (0, 0, 0, 0))
    probs[::2, 3] = np.nan
    votes[1::3, 0] = np.nan
    fitted = fit_calibration(probs, votes)
    found = fitted.apply(probs)
    assert np.isnan(found[:, 3]).tolist() == [True, False] * 150
    assert np.nansum(found, axis=1) == pytest.approx(np.ones(300))


def test_what_is_of_no_use_is_left_out() -> None:
    probs, _, votes = world(50, 3, 0.5, (0, 0, 0))
    wrong = np.array([[np.nan] * 3, [0, 0, 0], [-1, 1, 1], [np.inf, 0, 0], [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]])
    beside = np.array([[1, 0, 0]] * 4 + [[0, 0, 0], [np.nan, -1, 2]], dtype=np.float64)
    plain = fit_calibration(probs, votes)
    both = fit_calibration(np.concatenate([probs, wrong]), np.concatenate([votes, beside]))
    assert both.slopes.tolist() == plain.slopes.tolist()
    assert both.samples == 50
    assert np.isnan(plain.apply(wrong[:4])).all()


@pytest.mark.parametrize("samples", [0, 1, 3])
def test_without_anyone_to_compare_with_nothing_is_changed(samples: int) -> None:
    probs = np.full((samples, 3), 1 / 3)
    fitted = fit_calibration(probs, np.zeros((samples, 3)))
    assert (fitted.samples, fitted.strength, fitted.effective) == (0, 0, 0)
    assert fitted.apply(np.array([[0.7, 0.2, 0.1]]))[0] == pytest.approx([0.7, 0.2, 0.1], abs=0.002)


def test_a_fit_is_numbers_by_name() -> None:
    probs, _, votes = world(200, 3, 0.5, (1, 0, 0))
    fitted = fit_calibration(probs, votes)
    rows = {**fitted.to_rows("eye/v1"), **Calibration.untouched(3).to_rows("ear/v1")}
    assert all(isinstance(x, float) for values in rows.values() for x in values)
    again = Calibration.from_rows(rows, "eye/v1")
    assert again.apply(probs).tolist() == fitted.apply(probs).tolist()
    assert (again.samples, again.effective, again.strength) == (fitted.samples, fitted.effective, fitted.strength)


def test_the_same_twice_is_the_same_to_the_last_bit() -> None:
    probs, _, votes = world(300, 5, 0.5, (1, 0, 0, 0, 0))
    first, second = (fit_calibration(probs.copy(), votes.copy()) for _ in range(2))
    assert first.slopes.tobytes() == second.slopes.tobytes()


@settings(max_examples=30)
@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 10**6))
def test_a_calibrated_distribution_is_one(samples: int, labels: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    probs = random.dirichlet(np.full(labels, 0.1), samples).reshape(samples, labels)
    votes = random.integers(0, 3, (samples, labels)).astype(np.float64)
    found = fit_calibration(probs, votes, random.uniform(0, 2, samples)).apply(probs)
    assert found.sum(axis=1) == pytest.approx(np.ones(samples))
    assert (found >= 0).all()


@settings(max_examples=50)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_the_lowest_point_of_a_bowl(size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    steep, lies = np.exp(random.normal(0, 2, size)), random.normal(0, 5, size)
    found = lowest(lambda x: (float((steep * (x - lies) ** 2).sum()), 2 * steep * (x - lies)), np.zeros(size), 1e-9)
    assert found == pytest.approx(lies, abs=1e-4)
