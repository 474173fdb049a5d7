"""What holds of every view that models raters with one true label a sample."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.crowd_views import fitted_labels, in_order
from support.opining import ABC, Row, opinion, table

from affectory.schemas.derived import LABELS
from affectory.transforms.views._base import FIT, FittedView
from affectory.transforms.views._rater_view import APART, ONE_RULES, UNFITTED, UNNAMED
from affectory.transforms.views.dawid_skene import DawidSkene
from affectory.transforms.views.glad import Glad
from affectory.transforms.views.mace import Mace
from affectory.transforms.views.one_coin import OneCoin

VIEWS: list[Any] = [DawidSkene(), OneCoin(), Mace(restarts=2), Glad()]
each = pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)


def picking(number: int, label: str, **more: Any) -> Row:
    return opinion(number, [float(label == of) for of in ABC.labels], **more)


def crowd(skills: list[float], samples: int = 60, seed: int = 0) -> list[Row]:
    """Opinions of raters who say the sample's label this often, and else any."""
    draws = np.random.default_rng(seed)
    truth = draws.choice(list(ABC.labels), samples)
    said = [
        (sample, rater, truth[sample] if draws.random() < skill else draws.choice(list(ABC.labels)))
        for sample in range(samples)
        for rater, skill in enumerate(skills)
    ]
    return [picking(n, x, sample_id=f"s_{sample:03}", rater=f"p_{r}") for n, (sample, r, x) in enumerate(said)]


@each
def test_it_is_a_fitted_view(view: Any) -> None:
    assert isinstance(view, FittedView)
    evidence = view.evidence(table(*crowd([0.9, 0.5])), ABC)
    assert {"sample_id", "opinion_id"} <= set(evidence.column_names)
    assert view.fit(evidence, ABC).schema == FIT


@each
def test_of_no_opinions_there_are_no_labels(view: Any) -> None:
    nothing = table()
    fit = view.fit(view.evidence(nothing, ABC), ABC)
    assert (fit.num_rows, fit.schema) == (0, FIT)
    assert view.placed(nothing, ABC, fit).num_rows == 0
    assert view.placed(nothing, ABC, fit).schema == LABELS.schema


@each
def test_what_the_fit_knows_nothing_of_gets_shares_and_says_so(view: Any) -> None:
    fit = view.fit(view.evidence(table(*crowd([0.9, 0.9])), ABC), ABC)
    felt = [picking(n, x, perspective="felt") for n, x in enumerate("aab")]
    [label] = view.placed(table(*felt), ABC, fit).to_pylist()
    assert label["values"] == pytest.approx([2 / 3, 1 / 3, 0])
    assert label["state"] == UNFITTED


@each
@pytest.mark.parametrize("raters", [1, 2])
def test_raters_who_never_meet_are_not_compared(view: Any, raters: int) -> None:
    rows = [picking(n, "abc"[n % 3], sample_id=f"s_{n}", rater=f"p_{n % raters}") for n in range(12)]
    assert {label["state"] for label in fitted_labels(view, table(*rows), ABC)} == {APART}


@each
def test_a_label_is_a_distribution_and_counts_its_opinions(view: Any) -> None:
    labels = fitted_labels(view, table(*crowd([0.8] * 5)), ABC)
    assert len(labels) == 60
    for label in labels:
        assert sum(label["values"]) == pytest.approx(1, abs=1e-6)
        assert (label["count"], label["space"], label["state"]) == (5, "simplex", None)
        assert 0 <= label["uncertainty"] <= 1


@each
def test_a_label_that_nobody_was_asked_about_is_unknown(view: Any) -> None:
    rows = crowd([0.9, 0.8, 0.7])
    rows += [opinion(900 + n, [1, 0], labels=("a", "b"), sample_id="s_two", rater=f"p_{n}") for n in range(3)]
    [label] = [label for label in fitted_labels(view, table(*rows), ABC) if label["sample_id"] == "s_two"]
    assert label["values"][2] is None
    assert label["values"][0] + label["values"][1] == pytest.approx(1)
    assert label["values"][0] > 0.9


@each
def test_good_raters_outweigh_guesses(view: Any) -> None:
    rows = crowd([0.95, 0.95, 0.0, 0.0, 0.0], samples=200)
    rows += [picking(9000 + n, x, sample_id="s_new", rater=f"p_{n}") for n, x in enumerate("aabbb")]
    fit = view.fit(in_order(view.evidence(table(*rows[:-5]), ABC)), ABC)
    [label] = view.placed(table(*rows[-5:]), ABC, fit).to_pylist()
    assert label["values"][0] > 0.9


@each
def test_a_rater_unseen_before_counts_as_anyone(view: Any) -> None:
    fit = view.fit(in_order(view.evidence(table(*crowd([0.9, 0.9, 0.9])), ABC)), ABC)
    [known, fresh] = [
        view.placed(table(*(picking(n, "a", rater=f"{who}{n}") for n in range(2))), ABC, fit).to_pylist()[0]
        for who in ("p_", "p_new")
    ]
    assert fresh["values"] == pytest.approx(known["values"], abs=0.1)
    assert fresh["values"][0] > 0.9


@each
def test_raters_who_were_only_counted_are_one_rater(view: Any) -> None:
    rows = [{**row, "rater": f"a_{n}"} for n, row in enumerate(crowd([0.8, 0.8, 0.8]))]
    fit = view.fit(in_order(view.evidence(table(*rows), ABC)), ABC)
    assert [name for name in fit["name"].to_pylist() if "rater:" in name] == ["perceived/text/human/rater:a_"]
    assert {label["state"] for label in fitted_labels(view, table(*rows), ABC)} == {UNNAMED}


@each
def test_people_and_models_are_fitted_apart(view: Any) -> None:
    people = crowd([0.9, 0.8, 0.7])
    models = [{**row, "opinion_id": "m" + row["opinion_id"], "rater_kind": "model"} for row in crowd([0.0, 0.0])]
    alone = fitted_labels(view, table(*people), ABC)
    both = fitted_labels(view, table(*people, *models), ABC)
    assert [label for label in both if label["pool"] == "human"] == alone


def test_a_rater_whom_the_labels_follow_throughout_is_told() -> None:
    rows = []
    for n in range(90):
        truth = "abc"[n % 3]
        other = "abc"[(n // 3) % 3]
        rows += [picking(3 * n + r, x, sample_id=f"s_{n}", rater=f"p_{r}") for r, x in enumerate((truth, other, other))]
    fit = OneCoin().fit(in_order(OneCoin().evidence(table(*rows), ABC)), ABC)
    names = dict(zip(fit["name"].to_pylist(), fit["values"].to_pylist(), strict=True))
    assert names["perceived/text/human/warnings"] == [0.0, 0.0]  # two who agree are no tyrant
    lonely = [row for row in rows if row["rater"] != "p_2"]
    names["perceived/text/human/warnings"] = [0.0, 1.0]
    told = pa.table([list(names), list(names.values())], schema=FIT)
    assert {label["state"] for label in OneCoin().placed(table(*lonely), ABC, told).to_pylist()} == {ONE_RULES}


@each
@settings(max_examples=8)
@given(seed=st.integers(0, 10**6), random=st.randoms(use_true_random=False))
def test_the_order_of_opinions_changes_no_bit(view: Any, seed: int, random: Any) -> None:
    rows = crowd([0.9, 0.6, 0.3], samples=12, seed=seed)
    order = list(range(len(rows)))
    random.shuffle(order)
    assert fitted_labels(view, table(*rows), ABC) == fitted_labels(view, table(*(rows[n] for n in order)), ABC)


@each
@settings(max_examples=8)
@given(seed=st.integers(0, 10**6))
def test_given_the_fit_one_sample_does_not_touch_another(view: Any, seed: int) -> None:
    rows = crowd([0.9, 0.6, 0.3], samples=12, seed=seed)
    fit = view.fit(in_order(view.evidence(table(*rows), ABC)), ABC)
    whole = view.placed(table(*rows), ABC, fit).to_pylist()
    alone = [
        label
        for sample in sorted({row["sample_id"] for row in rows})
        for label in view.placed(table(*(r for r in rows if r["sample_id"] == sample)), ABC, fit).to_pylist()
    ]
    assert alone == whole


@each
def test_one_rater_with_a_name_is_enough_not_to_be_told_that_there_is_none(view: Any) -> None:
    rows = [{**row, "rater": f"a_{n}"} for n, row in enumerate(crowd([0.9, 0.8, 0.7], 20))]
    made = fitted_labels(view, table(*rows, picking(900, "a", sample_id="s_000", rater="p_1")), ABC)
    states = {label["sample_id"]: label["state"] for label in made}
    assert states.pop("s_000") != UNNAMED and set(states.values()) == {UNNAMED}


@pytest.mark.parametrize("name", ["most", "rounds"])
def test_there_is_nothing_to_fit_to_none(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Mace).validate_python({name: 0})
