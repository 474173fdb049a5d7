"""Models of raters, against crowd-kit 1.4.2 on real votes and against what votes were drawn from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.crowds import SETS, Crowd, crowd

from affectory.transforms.views._rater_models import RaterFit, fit_dawid_skene, fit_mace, fit_one_coin, one_coin_row

Shared = Callable[[str], Path]
Fit = Callable[..., RaterFit]
AS_CROWD_KIT = {"as_crowd_kit": True, "rounds": 100, "tolerance": 1e-5}
FITS: list[Fit] = [fit_dawid_skene, fit_one_coin, fit_mace]
NOTHING = np.array([], dtype=np.int64)


def counted(posterior: Any, known: Crowd) -> dict[str, int]:
    """How many items got each label."""
    counts = np.bincount(posterior.argmax(axis=1), minlength=len(known.names[2]))
    return {label: int(count) for label, count in zip(known.names[2], counts, strict=True) if count}


def accuracy(posterior: Any, known: Crowd) -> float:
    items, _, labels = known.names
    said = posterior.argmax(axis=1)
    return float(np.mean([labels[place] == known.truth[item] for item, place in zip(items, said, strict=True)]))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("model", "fit"), [("DawidSkene", fit_dawid_skene), ("OneCoinDawidSkene", fit_one_coin)])
def test_the_same_iteration_gives_what_crowd_kit_gives(name: str, model: str, fit: Fit, shared: Shared) -> None:
    known = crowd(name, shared)
    expected, (items, raters, labels) = known.expected[model], known.names
    found = fit(*known.votes, **AS_CROWD_KIT)
    assert counted(found.posterior, known) == expected["label_counts"]
    assert found.posterior.max(axis=1).mean() == pytest.approx(expected["mean_max_proba"], abs=1e-9)
    for item, of in expected["probas_first5"].items():
        row = found.posterior[items.index(item)]
        assert dict(zip(labels, row, strict=True)) == pytest.approx(of, abs=1e-6)
    for name, skill in expected.get("skills_head", {}).items():
        assert found.raters[raters.index(name), 0] == pytest.approx(skill, abs=1e-9)
    if known.truth:
        assert accuracy(found.posterior, known) == pytest.approx(expected["accuracy_vs_reference"], abs=1e-9)
    for pair, of in expected["errors"].items():
        rater, said = pair.split("|")
        mine = found.raters[raters.index(rater)]
        confusion = one_coin_row(mine[0], len(labels)) if len(mine) == 1 else mine.reshape(len(labels), -1)
        assert dict(zip(labels, confusion[:, labels.index(said)], strict=True)) == pytest.approx(of, abs=1e-6)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("items", "raters", "k"), [(0, 0, 3), (2, 1, 3), (2, 0, 2), (0, 0, 1)])
def test_nothing_is_known_of_nothing(fit: Fit, items: int, raters: int, k: int) -> None:
    found = fit(NOTHING, NOTHING, NOTHING, NOTHING.astype(float), items, raters, k)
    assert found.posterior.shape == (items, k)
    assert found.posterior == pytest.approx(1 / k)
    assert found.predicted == pytest.approx(1 / k)


def drawn(raters: int, skill: float, seed: int = 0, items: int = 400, k: int = 4) -> tuple[tuple[Any, ...], Any]:
    """Votes of raters who know the true label this often and else say any, and the truth."""
    draws = np.random.default_rng(seed)
    truth = draws.integers(k, size=items)
    item, rater = (grid.ravel() for grid in np.meshgrid(np.arange(items), np.arange(raters), indexing="ij"))
    label = np.where(draws.random(len(item)) < skill, truth[item], draws.integers(k, size=len(item)))
    return (item, rater, label, np.ones(len(item)), items, raters, k), truth


@pytest.mark.parametrize("fit", FITS)
def test_what_a_fresh_rater_would_say_is_how_raters_answer(fit: Fit) -> None:
    votes, truth = drawn(raters=5, skill=0.6)
    found = fit(*votes)
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    assert found.fresh.sum(axis=1) == pytest.approx(1)
    assert np.mean(found.posterior.argmax(axis=1) == truth) > 0.9
    assert found.fresh == pytest.approx(np.where(np.eye(4) > 0, 0.7, 0.1), abs=0.06)
    assert found.predicted == pytest.approx(sum(found.posterior[:, [c]] * found.fresh[c] for c in range(4)))


@pytest.mark.parametrize("fit", FITS)
def test_halves_of_a_vote_are_a_vote(fit: Fit) -> None:
    (item, rater, label, weight, *sizes), _ = drawn(raters=3, skill=0.7)
    whole = fit(item, rater, label, weight, *sizes)
    halves = fit(*(np.repeat(x, 2) for x in (item, rater, label)), np.repeat(weight / 2, 2), *sizes)
    assert halves.posterior == pytest.approx(whole.posterior, abs=1e-9)


@pytest.mark.parametrize("fit", FITS)
def test_what_was_not_asked_is_not_the_answer(fit: Fit) -> None:
    votes, truth = drawn(raters=3, skill=0.7)
    asked = np.ones((400, 4), dtype=bool)
    asked[truth != 3, 3] = False
    found = fit(*votes, asked=asked)
    assert (found.posterior[~asked] == 0).all()
    assert found.posterior.sum(axis=1) == pytest.approx(1)
