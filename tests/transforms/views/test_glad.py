from collections.abc import Callable
from pathlib import Path

import pytest
from support.crowd_views import counted_labels, fitted_labels, opinions_of
from support.crowds import SETS, crowd
from support.opining import ABC, opinion, table

from affectory.transforms.views.glad import Glad

Shared = Callable[[str], Path]


@pytest.mark.parametrize("name", SETS)
def test_each_label_is_crowd_kits(name: str, shared: Shared) -> None:
    """Its probabilities are only near: crowd-kit's search ends early, ours does not."""
    known = crowd(name, shared)
    labels = fitted_labels(Glad(), *opinions_of(known))
    expected = known.expected["GLAD"]
    assert counted_labels(labels, known) == expected["label_counts"]
    surest = [max(label["values"]) for label in labels]
    assert sum(surest) / len(surest) == pytest.approx(expected["mean_max_proba"], abs=0.02)


def test_a_rater_known_to_guess_says_less_than_one_who_agrees() -> None:
    rows = []
    for n in range(60):
        said = ("abc"[n % 3], "abc"[n % 3], "abc"[n % 3], "abc"[(n * 7 // 5) % 3])
        picks = [[float(x == label) for label in "abc"] for x in said]
        rows += [opinion(10 * n + r, pick, sample_id=f"s_{n}", rater=f"p_{r}") for r, pick in enumerate(picks)]
    view = Glad()
    fit = view.fit(view.evidence(table(*rows), ABC), ABC)
    one, guess = (opinion(1, [1, 0, 0], rater=rater, sample_id=rater) for rater in ("p_0", "p_3"))
    alone = {label["sample_id"]: label["values"][0] for label in view.placed(table(one, guess), ABC, fit).to_pylist()}
    assert alone["p_0"] > 0.9 > 0.6 > alone["p_3"]
