"""The mixture of Dirichlets: on simulated items, where the truth is known."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.transforms.views._bayes_choice import Told, chosen, crossed
from affectory.transforms.views._bayes_model import learn
from affectory.transforms.views._bayes_tilts import evidence, leaning, tilts
from affectory.transforms.views._grouping import Floats
from affectory.transforms.views._mixture import Mixture, sums
from affectory.transforms.views._mixture_fit import Search, fit

KINDS = np.array([[16.0, 1.0, 1.0, 0.5], [1.0, 9.0, 6.0, 0.5], [2.0, 2.0, 2.0, 2.0]])
"""Clear ones, such as are between two answers, and such as nobody agrees on."""
OFTEN = np.array([0.5, 0.3, 0.2])


def simulated(items: int, votes: int, seed: int = 1) -> tuple[Floats, Floats]:
    """True distributions, and counts of votes drawn from them."""
    random = np.random.default_rng(seed)
    kinds = random.choice(len(KINDS), size=items, p=OFTEN)
    truth = np.stack([random.dirichlet(KINDS[kind]) for kind in kinds])
    return truth, np.stack([random.multinomial(votes, one) for one in truth]).astype(np.float64)


def loss(foretold: Floats, truth: Floats) -> float:
    return float(-(truth * np.log(foretold)).sum(axis=1).mean())


def test_the_kinds_of_items_are_found() -> None:
    mixture = fit(simulated(4000, 8)[1], (4,), Search(3, 0.1))
    order = np.argsort(mixture.alphas[:, 0] / mixture.totals[:, 0])[::-1]
    means = (mixture.alphas / mixture.totals)[order]
    clear, between, open_ = order[0], order[2], order[1]
    assert mixture.weights[0, clear] == pytest.approx(0.5, abs=0.06)
    assert mixture.weights[0, between] == pytest.approx(0.3, abs=0.06)
    assert means[0] == pytest.approx(KINDS[0] / KINDS[0].sum(), abs=0.03)
    assert means[2] == pytest.approx(KINDS[1] / KINDS[1].sum(), abs=0.04)
    assert mixture.totals[clear, 0] > 1.3 * mixture.totals[open_, 0]


@pytest.mark.parametrize("votes", [2, 3, 5])
def test_it_foretells_better_than_any_smoothing_of_vote_shares(votes: int) -> None:
    truth, counts = simulated(2000, votes)
    smoothed = [loss((counts + c) / (votes + 4 * c), truth) for c in np.geomspace(0.02, 3, 30)]
    known = Mixture((4,), OFTEN[None], KINDS)
    found = loss(fit(counts, (4,)).posterior(counts).mean(), truth)
    assert found < min(smoothed) - 0.01
    assert found < loss(known.posterior(counts).mean(), truth) + 0.01, "nearly as well as who knows the kinds"


def covered(mixture: Mixture, truth: Floats, counts: Floats, level: float) -> Floats:
    rows, of = np.unique(counts, axis=0, return_inverse=True)
    low, high = mixture.posterior(rows).interval(level)
    return ((truth >= low[of]) & (truth <= high[of])).mean(axis=0)


@pytest.mark.parametrize("level", [0.5, 0.9])
@pytest.mark.parametrize("votes", [1, 2, 5, 20])
def test_intervals_hold_what_they_promise_where_the_kinds_are_known(level: float, votes: int) -> None:
    truth, counts = simulated(4000, votes, seed=3)
    assert covered(Mixture((4,), OFTEN[None], KINDS), truth, counts, level) == pytest.approx(level, abs=0.03)


@pytest.mark.parametrize(("votes", "low", "high"), [(2, 0.87, 0.95), (3, 0.87, 0.95), (5, 0.87, 0.93)])
def test_fitted_intervals_hold_a_little_more_from_few_votes(votes: int, low: float, high: float) -> None:
    truth, counts = simulated(2500, votes, seed=3)
    inside = covered(fit(counts, (4,)), truth, counts, 0.9)
    assert low < inside.mean() < high
    assert inside.min() > 0.85


def test_expected_entropy_is_that_of_the_truth_where_the_plug_in_is_too_low() -> None:
    truth, counts = simulated(2500, 3, seed=4)
    real = loss(np.maximum(truth, 1e-300), truth)
    shares = counts / 3
    plugged = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1).mean()
    posterior = fit(counts, (4,)).posterior(counts)
    assert posterior.entropy_mean().mean() == pytest.approx(real, abs=0.03)
    assert plugged < real - 0.15
    assert np.all(posterior.entropy() >= posterior.entropy_mean() - 1e-9)


def test_more_votes_make_intervals_narrower_and_the_gain_of_one_more_smaller() -> None:
    mixture = Mixture((4,), OFTEN[None], KINDS)
    shares = np.array([0.25, 0.5, 0.25, 0.0])
    posterior = mixture.posterior(np.stack([shares * n for n in (0, 4, 16, 64, 256)]))
    assert np.all(np.diff(posterior.width()[:, 0]) < 0)
    assert np.all(np.diff(posterior.expected_gain()[1:, 0]) < 0)


def test_the_expected_gain_is_what_one_more_vote_gains() -> None:
    """Of one question by hand: the mean over its answers of the divergence from what was foretold before."""
    mixture, counts = Mixture((4,), OFTEN[None], KINDS), np.array([[1.0, 2.0, 0.0, 0.0]])
    before = mixture.posterior(counts).mean()[0]
    after = [mixture.posterior(counts + one).mean()[0] for one in np.eye(4)]
    gain = sum(p * (q * np.log(q / before)).sum() for p, q in zip(before, after, strict=True))
    assert mixture.posterior(counts).expected_gain()[0, 0] == pytest.approx(gain, rel=1e-9)


def test_one_question_tells_of_another_as_far_as_it_is_trusted() -> None:
    kinds = np.array([[9.0, 1.0, 9.0, 1.0], [1.0, 9.0, 1.0, 9.0]])
    told = np.array([[3.0, 0.0, 0.0, 0.0]])
    means = [Mixture((2, 2), np.full((2, 2), 0.5), kinds, x).posterior(told).mean()[0] for x in (0.0, 0.5, 1.0)]
    assert means[0][2] == pytest.approx(0.5)
    assert means[0][2] < means[1][2] < means[2][2] < 0.9
    assert means[1][0] == pytest.approx(means[2][0]), "what is asked itself is told all in any case"


@pytest.mark.parametrize("counts", [np.zeros((0, 3)), np.zeros((4, 3)), np.array([[1.0, 0, 0]])])
def test_little_or_nothing_is_a_wide_prior(counts: Floats) -> None:
    mixture = fit(counts, (3,))
    low, high = mixture.posterior(np.array([[1.0, 0.0, 0.0]])).interval()
    mean = mixture.posterior(np.array([[1.0, 0.0, 0.0]])).mean()[0]
    assert 0.34 < mean[0] < 0.85
    assert mean[1] == pytest.approx(mean[2])
    assert high[0, 0] - low[0, 0] > 0.4


def test_what_is_near_gets_something_of_a_vote_where_little_is_known() -> None:
    near = np.array([[0.7, 0.3, 0.0], [0.3, 0.7, 0.0], [0.0, 0.0, 1.0]])
    counts = np.array([[3.0, 0.0, 0.0]] * 3)
    mean = fit(counts, (3,), Search(1, 5.0), near=near).posterior(counts).mean()[0]
    assert mean[0] > mean[1] > mean[2]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=1, max_size=12), st.randoms())
def test_the_order_of_items_does_not_matter_to_the_last_bit(given: list[list[int]], random: object) -> None:
    counts = np.array(given, np.float64) / 3
    shuffled = counts[np.random.default_rng(len(given)).permutation(len(counts))]
    one, other = fit(counts, (3,), Search(4)), fit(shuffled, (3,), Search(4))
    assert one.alphas.tobytes() == other.alphas.tobytes()
    assert one.weights.tobytes() == other.weights.tobytes()
    mean = one.posterior(counts).mean()
    assert mean.sum(axis=1) == pytest.approx(1.0)
    assert np.all(mean > 0)


def test_a_fit_comes_back_from_its_table() -> None:
    mixture = fit(np.hstack([simulated(50, 3)[1], simulated(50, 2, 2)[1]]), (4, 4), Search(3, across=0.3))
    again = Mixture.of(mixture.rows())
    assert (again.sizes, again.across) == ((4, 4), 0.3)
    assert np.array_equal(again.alphas, mixture.alphas)
    assert np.array_equal(again.weights, mixture.weights)
    assert isinstance(mixture.rows(), pa.Table)


def rated(items: int, strict: float, seed: int = 5) -> tuple[Told, Floats, Floats]:
    """Yes or no of six raters, of whom two lean to no and two to yes; three of them judge each item."""
    random = np.random.default_rng(seed)
    truth = random.beta(1.0, 1.0, items)
    leans = np.array([-strict, -strict, 0.0, 0.0, strict, strict])
    item = np.repeat(np.arange(items), 3)
    rater = np.concatenate([random.choice(6, 3, replace=False) for _ in range(items)])
    logit = np.log(truth / (1 - truth))[item] + leans[rater]
    yes = random.random(len(item)) < 1 / (1 + np.exp(-logit))
    said = np.stack([~yes, yes], axis=1).astype(np.float64)
    return Told(items, item, rater, said), truth, leans


def test_who_leans_to_an_answer_is_found_and_no_more_than_there_is() -> None:
    told, _, leans = rated(1200, 1.2)
    found = tilts(told, fit(told.counts(), (2,)), 6)
    assert np.corrcoef(found[:, 1] - found[:, 0], leans)[0, 1] > 0.97
    assert np.abs(found[:, 1] - found[:, 0]).max() < 1.8
    alike = rated(1200, 0.0)[0]
    assert np.abs(tilts(alike, fit(alike.counts(), (2,)), 6)).max() < 0.15


def test_a_lenient_raters_yes_says_less_and_their_no_says_more() -> None:
    mixture = fit(simulated(500, 5)[1][:, :2], (2,), Search(6))
    lean = np.array([[0.7, -0.7], [-0.7, 0.7], [0.0, 0.0]])
    said = np.array([[0.0, 1.0], [1.0, 0.0]])[[0, 1, 0, 1, 0, 1]]
    told = Told(6, np.arange(6), np.array([0, 0, 1, 1, 2, 2]), said)
    yes = mixture.posterior(told.counts(), evidence(told, mixture, lean)).mean()[:, 1]
    assert yes[0] > yes[4] > yes[2], "a strict rater's yes says most"
    assert yes[3] < yes[5] < yes[1], "a lenient rater's no says most"


def test_knowing_raters_helps_to_foretell_all_and_more_so_those_who_are_named() -> None:
    told, truth, leans = rated(1500, 1.5)
    learned = learn(told, (2,), 6)
    blind = learned.mixture.posterior(told.counts()).mean()
    seeing = learned.posterior(told).mean()
    pool = (1 / (1 + np.exp(-(np.log(truth / (1 - truth))[:, None] + leans)))).mean(axis=1)
    both = np.stack([1 - pool, pool], axis=1)
    assert loss(seeing, both) < loss(blind, both)
    strict = 1 / (1 + np.exp(-(np.log(truth / (1 - truth)) + leans[0])))
    named = leaning(seeing, np.broadcast_to(learned.leanings[0], seeing.shape), (2,))
    assert loss(named, np.stack([1 - strict, strict], 1)) < loss(seeing, np.stack([1 - strict, strict], 1)) - 0.05


def test_raters_who_said_little_have_no_leaning() -> None:
    told, _, _ = rated(300, 1.5)
    each = Told(told.items, told.item, np.arange(len(told.item)), told.said)
    assert not learn(each, (2,), len(told.item)).leanings.any()


def test_a_minority_of_raters_keeps_its_share() -> None:
    """One rater in four always says otherwise: what the pool says of a new item is a quarter theirs."""
    items, random = 400, np.random.default_rng(6)
    item, rater = np.repeat(np.arange(items), 3), np.concatenate([random.permutation(4)[:3] for _ in range(items)])
    said = np.where((rater == 3)[:, None], [0.0, 1.0], [1.0, 0.0])
    learned = learn(Told(items, item, rater, said), (2,), 4)
    new = Told(1, np.zeros(4, np.int64), np.arange(4), np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]))
    assert learned.posterior(new).mean()[0, 1] == pytest.approx(0.25, abs=0.05)


def test_questions_are_joined_where_items_share_something_and_kept_apart_where_raters_do() -> None:
    random = np.random.default_rng(7)
    items = 400
    kind, mood = random.random(items) < 0.5, random.random((items, 3)) < 0.5
    item = np.repeat(np.arange(items), 3)

    def told(first: Floats, second: Floats) -> Told:
        yes = [random.random(len(item)) < np.where(x, 0.9, 0.1) for x in (first, second)]
        said = np.stack([~yes[0], yes[0], ~yes[1], yes[1]], axis=1).astype(np.float64)
        return Told(items, item, np.full(len(item), -1), said)

    shared = chosen(told(kind[item], kind[item]), (2, 2))
    personal = chosen(told(mood.ravel(), mood.ravel()), (2, 2))
    assert shared.together
    assert shared.across > 0.5
    assert not personal.together or personal.across < 0.5


def test_votes_are_scored_question_by_question() -> None:
    said = np.array([[1.0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]])
    foretold = np.array([[0.5, 0.5, 0.75, 0.25]] * 3)
    assert crossed(foretold, said, (2, 2)) == pytest.approx([(np.log(2) + np.log(4)) / 2, np.log(2), 0.0])
    assert sums(said, (2, 2)).tolist() == [[1, 1], [1, 0], [0, 0]]
