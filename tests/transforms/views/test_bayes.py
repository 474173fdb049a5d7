"""The calibrated Bayesian view: opinions in, distributions with intervals out."""

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.opining import ABC, Row, opinion, table, vad

from affectory.schemas.derived import LABELS
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.views._base import FIT, FittedView
from affectory.transforms.views._bayes_choice import Told
from affectory.transforms.views._bayes_model import learn
from affectory.transforms.views._bayes_near import near
from affectory.transforms.views.bayes import ALONE, MODEL, ONE, POOR, STRANGE, UNKNOWN, Bayes

EYE = np.eye(3)


def fit_of(view: Bayes, given: pa.Table) -> pa.Table:
    evidence = view.evidence(given, ABC).sort_by([("sample_id", "ascending"), ("opinion_id", "ascending")])
    return view.fit(evidence, ABC)


def labels(view: Bayes, *rows: Row, fit: pa.Table | None = None) -> list[Row]:
    given = table(*rows)
    found: list[Row] = view.placed(given, ABC, fit_of(view, given) if fit is None else fit).to_pylist()
    return found


def vote(number: int, sample: int, answer: int, **given: Any) -> Row:
    return opinion(number, EYE[answer].tolist(), sample_id=f"s_{sample:04}", **given)


def crowd(samples: int = 120, seed: int = 1, raters: int = 7, each: int = 3) -> list[Row]:
    """Samples that are mostly a, or between b and c."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for sample in range(samples):
        truth = random.dirichlet([[9, 0.5, 0.5], [0.5, 4, 4]][sample % 2])
        for rater in random.permutation(raters)[:each]:
            rows.append(vote(len(rows), sample, int(random.choice(3, p=truth)), rater=f"p_{rater}"))
    return rows


@cache
def crowd_fit() -> pa.Table:
    return fit_of(Bayes(), table(*crowd()))


def test_it_is_a_view_with_a_fit_of_numbers_by_name() -> None:
    assert isinstance(Bayes(), FittedView)
    assert crowd_fit().schema == FIT
    names = crowd_fit().column("name").to_pylist()
    assert names == sorted(names)


def test_few_votes_are_drawn_to_the_kind_of_sample_they_look_like() -> None:
    [clear] = labels(Bayes(), *(vote(n, 0, 0) for n in range(3)), fit=crowd_fit())
    [between] = labels(Bayes(), *(vote(n, 0, 1) for n in range(3)), fit=crowd_fit())
    assert clear["values"][0] > 0.85
    assert between["values"][1] < 0.85, "three votes for b do not rule out c"
    assert between["values"][2] > 1.5 * clear["values"][2]
    assert (clear["count"], clear["space"], clear["agreement"]) == (3, "simplex", 1.0)


def test_intervals_hold_the_values_and_shrink_with_votes() -> None:
    few, many = (labels(Bayes(), *(vote(i, 0, i % 2) for i in range(n)), fit=crowd_fit())[0] for n in (2, 40))
    for label in (few, many):
        assert all(a <= v <= b for a, v, b in zip(label["low"], label["values"], label["high"], strict=True))
        assert sum(label["values"]) == pytest.approx(1, abs=1e-6)
        assert 0 <= label["uncertainty"] <= 1
    widths = [sum(b - a for a, b in zip(x["low"], x["high"], strict=True)) for x in (few, many)]
    assert widths[1] < 0.6 * widths[0]
    [narrow] = labels(Bayes(interval=0.5), vote(1, 0, 0), vote(2, 0, 1), fit=crowd_fit())
    assert narrow["high"][0] - narrow["low"][0] < few["high"][0] - few["low"][0]


def test_the_interval_of_what_is_hardly_ever_chosen_holds_its_value_too() -> None:
    """Its mean lies in a long tail, where few draws are."""
    rows = [vote(n, n // 3, 1 if n == 0 else (n // 3) % 2 * 2, rater=f"p_{n % 3}") for n in range(120)]
    for width in (0.5, 0.9):
        for row in labels(Bayes(interval=width), *rows):
            assert all(a <= v <= b for v, a, b in zip(row["values"], row["low"], row["high"], strict=True))


def test_uncertainty_is_that_of_the_sample_and_not_zero_because_few_were_asked() -> None:
    [one] = labels(Bayes(), vote(1, 0, 1), fit=crowd_fit())
    assert one["state"] == ONE
    assert one["uncertainty"] > 0.3


@pytest.mark.parametrize("space", ["simplex", "multi-label", "ordinal"])
def test_little_data_is_no_trouble(space: Any) -> None:
    view = Bayes(space)
    assert labels(view) == []
    assert labels(view, opinion(1), vad(2, 0.1, 0.2, 0.3)) == []
    [label] = labels(view, vote(1, 0, 0))
    assert label["state"] == ALONE
    assert all(0 <= a <= v <= b <= 1 for a, v, b in zip(label["low"], label["values"], label["high"], strict=True))
    same = labels(view, *(vote(n, n, 0, rater="p_1") for n in range(30)))
    assert len(same) == 30


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ([], ALONE),
        ([vote(90, 0, 1)], POOR),
        ([vote(90, 0, 1, rater_kind="model")], ALONE),
        ([vote(90, 9, 1, rater="g_1", people=3)], POOR),
        ([vote(90 + n, n, 1) for n in range(9)], POOR),
    ],
)
def test_where_no_two_were_asked_the_same_nobody_knows_how_far_they_differ(more: list[Row], state: str) -> None:
    found = labels(Bayes(), *(vote(n, n, n % 3) for n in range(9)), *more)
    [label] = [label for label in found if label["sample_id"] == found[3]["sample_id"] and label["pool"] == "human"]
    assert label["state"] == state


def test_with_enough_samples_that_two_judged_a_single_rater_is_all_there_is_to_say() -> None:
    shared = [vote(n, n // 2, n // 2 % 3) for n in range(24)]
    [label] = [x for x in labels(Bayes(), *shared, vote(90, 50, 1)) if x["count"] == 1]
    assert label["state"] == ONE


def test_nothing_to_see_keeps_its_types() -> None:
    given = table()
    assert Bayes().placed(given, ABC, fit_of(Bayes(), given)).equals(LABELS.empty())


def test_yes_or_no_to_each_label_does_not_sum_to_one() -> None:
    rows = [vote(n, n // 3, 0) for n in range(60)]
    both = [opinion(100 + n, [1, 1, 0], sample_id=f"s_{100 + n // 3}") for n in range(60)]
    [*_, label] = labels(Bayes("multi-label"), *rows, *both)
    assert label["space"] == "multi-label"
    assert label["values"][0] > 0.8
    assert label["values"][1] > 0.7
    assert label["values"][2] < 0.2
    assert label["names"] is None


def test_levels_have_a_distribution_of_their_own() -> None:
    answers = [{"intensities": [float(n % 4), 0.0, 3.0]} for n in range(80)]
    rows = [opinion(n, answer=given, sample_id=f"s_{n // 4:03}") for n, given in enumerate(answers)]
    label = labels(Bayes("ordinal", levels=4), *rows)[0]
    assert label["names"][:5] == ["a:0", "a:1", "a:2", "a:3", "b:0"]
    assert label["values"][:4] == pytest.approx([0.25] * 4, abs=0.02)
    assert label["values"][4] > 0.9
    assert label["values"][11] > 0.9


def test_unasked_is_null_and_not_zero() -> None:
    rows = [opinion(n, [1, 0], labels=("a", "c"), sample_id="s_x") for n in range(2)]
    label = labels(Bayes(), *rows, fit=crowd_fit())[0]
    assert label["values"][1] is label["low"][1] is label["high"][1] is None
    assert label["values"][0] + label["values"][2] == pytest.approx(1, abs=1e-6)
    assert all(label["low"][n] <= label["values"][n] <= label["high"][n] <= 1 for n in (0, 2))
    [only] = labels(Bayes(), opinion(1, [1], labels=("b",), sample_id="s_x"), fit=crowd_fit())
    assert (only["values"], only["high"]) == ([None, 1, None], [None, pytest.approx(1), None])


def test_what_was_not_asked_makes_nothing_less_sure() -> None:
    sure_of_a_not_of_c = [opinion(n, [1, 0, n % 2], sample_id=f"s_{n // 4:02}") for n in range(120)]
    view = Bayes("multi-label")
    fit = fit_of(view, table(*sure_of_a_not_of_c))
    [some] = labels(view, opinion(900, [1], labels=("a",), sample_id="s_x"), fit=fit)
    [every] = labels(view, opinion(900, [1, 0, 1], sample_id="s_x"), fit=fit)
    assert some["uncertainty"] < 0.3 < every["uncertainty"]


def test_new_raters_samples_and_contexts_are_placed_by_the_fit_that_there_is() -> None:
    [new] = labels(Bayes(), vote(1, 9999, 0, rater="p_unheard"), fit=crowd_fit())
    assert new["values"][0] > 0.7
    [odd] = labels(Bayes(), vote(1, 9999, 0, modalities=["audio"]), fit=crowd_fit())
    assert odd["state"] == STRANGE
    assert odd["values"] == new["values"]


def test_what_is_heard_tells_of_what_is_seen_where_samples_are_alike_in_both() -> None:
    random, rows = np.random.default_rng(2), []
    for sample in range(150):
        kind = sample % 2
        for modality in ("audio", "video"):
            for _ in range(3):
                answer = kind if random.random() < 0.85 else 2
                rows.append(vote(len(rows), sample, answer, modalities=[modality]))
    fit = fit_of(Bayes(), table(*rows))
    heard = [vote(n, 0, 0, modalities=["audio"]) for n in range(4)]
    seen = vote(9, 0, 2, modalities=["video"])
    [alone] = labels(Bayes(), seen, fit=fit)
    both = labels(Bayes(), *heard, seen, fit=fit)
    assert [label["modalities"] for label in both] == ["audio", "video"]
    assert both[1]["values"][0] > alone["values"][0] + 0.15


def test_a_minority_keeps_its_share() -> None:
    """One rater of four always says b: nobody's vote counts less for that."""
    random = np.random.default_rng(3)
    rows: list[Row] = []
    for sample in range(80):
        for rater in random.permutation(4)[:3]:
            rows.append(vote(len(rows), sample, int(rater == 3), rater=f"p_{rater}"))
    new = [vote(900 + rater, 999, int(rater == 3), rater=f"p_{rater}") for rater in range(4)]
    *_, label = labels(Bayes(), *rows, *new)
    assert label["sample_id"] == "s_0999"
    assert label["values"][1] == pytest.approx(0.25, abs=0.07)


def test_people_who_were_counted_weigh_what_they_are() -> None:
    group = opinion(1, [0.9, 0.1, 0.0], rater="g_1", people=50, sample_id="s_g")
    single = opinion(1, [0.9, 0.1, 0.0], rater="p_1", sample_id="s_g")
    [many], [one] = (labels(Bayes(), row, fit=crowd_fit()) for row in (group, single))
    assert (many["pool"], many["state"], many["count"]) == ("group", None, 1)
    assert many["high"][0] - many["low"][0] < one["high"][0] - one["low"][0]


def machine(number: int, sample: int, weights: list[float]) -> Row:
    return opinion(number, weights, sample_id=f"s_{sample:04}", rater="eye", rater_kind="model")


def test_a_model_nobody_compared_with_people_has_no_interval_and_says_so() -> None:
    people, model = crowd(40), machine(900, 500, [0.6, 0.3, 0.1])
    *_, label = labels(Bayes(), *people, model)
    assert (label["pool"], label["state"], label["low"]) == ("model", UNKNOWN, [None] * 3)
    assert label["values"] == pytest.approx([0.6, 0.3, 0.1])
    beside = [label for label in labels(Bayes(), *people, machine(901, 0, [0.0, 0.0, 1.0])) if label["pool"] == "human"]
    assert len(beside) == 40


def seeing(good: bool, samples: int = 150) -> list[Row]:
    """People, and a model that sees what the sample is, or one that guesses."""
    random, rows = np.random.default_rng(4), crowd(samples, each=3)
    for sample in range(samples):
        right = [0.9, 0.05, 0.05] if sample % 2 == 0 else [0.04, 0.48, 0.48]
        guess = random.dirichlet([1, 1, 1]).tolist()
        rows.append(machine(5000 + sample, sample, right if good else guess))
    return rows


def test_a_model_that_helps_to_foretell_people_counts_beside_them_and_one_that_does_not_does_not() -> None:
    for good in (True, False):
        fit = fit_of(Bayes(), table(*seeing(good)))
        person, model = vote(1, 999, 0), machine(2, 999, [0.04, 0.48, 0.48])
        [alone] = labels(Bayes(), person, fit=fit)
        both = {label["pool"]: label for label in labels(Bayes(), person, model, fit=fit)}
        moved = alone["values"][0] - both["human"]["values"][0]
        assert both["human"]["count"] == 1, "models never count as people"
        assert both["model"]["state"] == MODEL
        assert moved > 0.1 if good else abs(moved) < 0.06


def test_annoyed_says_something_about_angry() -> None:
    fine = load_taxonomy("goemotions-28")
    alike = near(fine)
    assert alike.sum(axis=1) == pytest.approx(1)
    annoyed = alike[fine.index("annoyance")]
    assert annoyed[fine.index("anger")] > annoyed[fine.index("joy")] >= 0


def test_fer_plus_is_foretold_better_than_by_any_smoothing(shared: Callable[[str], Path]) -> None:
    """2,500 images of FER+, 3 votes of each seen; benchmarks/unseen_raters.py has the whole."""
    with (shared("ferplus") / "fer2013new.csv").open() as file:
        rows = [[int(x) for x in row[2:10]] for row in list(csv.reader(file))[1:]]
    counts = np.array([row for row in rows if sum(row) >= 8][::12])
    item, answer = (np.repeat(x, counts[counts > 0]) for x in np.nonzero(counts))
    order = np.lexsort((np.random.default_rng(0).random(len(item)), item))
    place = np.arange(len(item)) - np.searchsorted(item, item)
    seen = np.zeros_like(counts, dtype=np.float64)
    np.add.at(seen, (item[order][place < 3], answer[order][place < 3]), 1.0)
    hidden = (counts - seen) / (counts - seen).sum(axis=1, keepdims=True)

    def loss(foretold: Any) -> float:
        return float(-(hidden * np.log(foretold)).sum(axis=1).mean())

    chosen = order[place < 3]
    told = Told(len(counts), item[chosen], np.full(len(chosen), -1), np.eye(8)[answer[chosen]])
    ours = loss(learn(told, (8,), 0).posterior(told).mean())
    assert ours < min(loss((seen + c) / (3 + 8 * c)) for c in np.geomspace(0.02, 3, 30)) - 0.05
    assert ours < 0.94
