"""What goes together in a dataset, and the penalty of what does not."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import ABC, Row, opinion, table

from affectory.transforms.views._base import FIT, FittedView
from affectory.transforms.views.cooccurrence import UNKNOWN, Cooccurrence

USUAL = Cooccurrence()


def fitted(*rows: Row, view: Cooccurrence = USUAL) -> Any:
    return view.fit(view.evidence(table(*rows), ABC), ABC)


def facts(*rows: Row, view: Cooccurrence = USUAL) -> dict[str, list[float]]:
    """How often both, out of how many, and the penalty, by pair."""
    pairs = fitted(*rows, view=view).to_pylist()
    return {pair["name"].removeprefix("cooccurrence:"): pair["values"] for pair in pairs}


def labels(*rows: Row, fit: Any, view: Cooccurrence = USUAL) -> list[Row]:
    return list(view.placed(table(*rows), ABC, fit).to_pylist())


DATASET = [
    opinion(1, [1, 0, 0], sample_id="s_1"),
    opinion(2, [0, 1, 0], sample_id="s_1"),
    opinion(3, [1, 0, 0], sample_id="s_2"),
    opinion(4, [1, 0, 0], sample_id="s_2"),
    opinion(5, [0, 0, 1], sample_id="s_3"),
    opinion(6, [1, 1, 0], sample_id="s_4"),
]


def test_labels_of_one_sample_occur_together_whoever_gave_them() -> None:
    assert facts(*DATASET) == {
        "a|a": [3, 3, 0],
        "a|b": [2, 3, pytest.approx(1 / 3)],
        "a|c": [0, 3, 1],
        "b|a": [2, 2, 0],
        "b|b": [2, 2, 0],
        "b|c": [0, 2, 1],
        "c|a": [0, 1, 1],
        "c|b": [0, 1, 1],
        "c|c": [1, 1, 0],
    }


def test_or_only_those_of_one_opinion() -> None:
    found = facts(*DATASET, view=Cooccurrence(within="opinion"))
    assert (found["a|b"], found["b|a"]) == ([1, 4, 0.75], [1, 2, 0.5])


def test_what_was_not_asked_is_no_evidence() -> None:
    rows = [opinion(1, [1, 0, None]), opinion(2, [1, 1, 0], sample_id="s_2")]
    found = facts(*rows)
    assert (found["a|b"], found["a|c"]) == ([1, 2, 0.5], [0, 1, 1])
    assert "a|c" not in facts(rows[0])


def test_models_say_nothing_about_what_people_see_unless_asked_for() -> None:
    model = opinion(9, [0, 1, 1], sample_id="s_1", rater_kind="model")
    assert facts(*DATASET, model) == facts(*DATASET)
    assert facts(*DATASET, model, view=Cooccurrence(pools=("model",)))["b|c"] == [1, 1, 0]


def test_perspectives_are_not_counted_together() -> None:
    rows = [opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0], perspective="felt")]
    assert facts(*rows)["a|b"] == [0, 1, 1]


def test_the_penalty_of_a_label_is_the_mean_over_what_raters_chose() -> None:
    fit = fitted(*DATASET)
    [label] = labels(opinion(1, [1, 0, 0]), opinion(2, [1, 0, 0]), opinion(3, [0, 1, 0]), fit=fit)
    assert label["values"] == pytest.approx([0, 2 / 9, 1])
    assert (label["space"], label["chosen"], label["count"], label["state"]) == ("multi-label", ["a", "b"], 3, None)


def test_shares_are_weighed_and_no_minority_is_lost() -> None:
    view = Cooccurrence(gives="shares")
    rows = [opinion(1, [1, 0, 0]), opinion(2, [1, 0, 0]), opinion(3, [0, 0, 1]), opinion(4, [0, 1, 0])]
    [label] = labels(*rows, fit=fitted(*DATASET), view=view)
    penalty = [0 * 0.5 + 0 * 0.25 + 1 * 0.25, 0.5 / 3 + 0.25, 0.5 + 0.25]
    weighed = [share * (1 - p) for share, p in zip([0.5, 0.25, 0.25], penalty, strict=True)]
    assert label["values"] == pytest.approx([w / sum(weighed) for w in weighed])
    assert (label["space"], label["chosen"]) == ("simplex", ["a", "b", "c"])


def test_what_the_fit_knew_nothing_of_has_no_penalty() -> None:
    fit = fitted(opinion(1, [1, 0, 0]))
    [label] = labels(opinion(1, [0, 0, 1]), fit=fit)
    assert (label["values"], label["state"], label["chosen"]) == ([None] * 3, UNKNOWN, ["c"])
    [mixed] = labels(opinion(1, [1, 0, 0]), opinion(2, [0, 0, 1]), fit=fit)
    assert (mixed["values"], mixed["state"]) == ([0, 1, 1], None), "as far as it is known"


def test_what_nobody_was_asked_here_has_no_value() -> None:
    [label] = labels(opinion(1, [1, None, 0]), fit=fitted(*DATASET))
    assert label["values"] == [0, None, 1]


@pytest.mark.parametrize("rows", [[], [opinion(1)]])
def test_without_opinions_there_is_a_fit_and_no_label(rows: list[Row]) -> None:
    assert isinstance(USUAL, FittedView)
    assert fitted(*rows).equals(FIT.empty_table())
    assert labels(*rows, fit=fitted(*rows)) == []
    [label] = labels(opinion(1, [1, 0, 0]), fit=fitted(), view=Cooccurrence(gives="shares"))
    assert (label["values"], label["state"]) == ([1, 0, 0], UNKNOWN)


Opinions = st.lists(
    st.builds(
        dict,
        sample_id=st.sampled_from(["s_1", "s_2", "s_3"]),
        answer=st.builds(dict, weights=st.lists(st.sampled_from([None, 0, 1]), min_size=3, max_size=3)),
    ),
    max_size=12,
)


@settings(max_examples=50)
@given(Opinions, st.sampled_from(["penalties", "shares"]), st.sampled_from(["sample", "opinion"]), st.randoms())
def test_laws(given: list[Row], gives: Any, within: Any, random: Any) -> None:
    view = Cooccurrence(gives=gives, within=within)
    rows = [opinion(n, **row) for n, row in enumerate(given)]
    found = facts(*rows, view=view)
    for pair, (together, of, penalty) in found.items():
        a, _, b = pair.partition("|")
        back = found.get(f"{b}|{a}", [0.0])[0]
        assert together == back
        assert 0 <= together <= of
        assert penalty == pytest.approx(1 - together / of)
    fit = fitted(*rows, view=view)
    shuffled = random.sample(rows, len(rows))
    assert fitted(*shuffled, view=view).equals(fit)
    for label in labels(*rows, fit=fit, view=view):
        known = [v for v in label["values"] if v is not None]
        assert all(0 <= v <= 1 for v in known)
        assert gives == "penalties" or sum(known) == pytest.approx(1, abs=1e-6)
        chosen = {label["values"][ABC.index(name)] for name in label["chosen"]}
        assert gives == "penalties" or 0 not in chosen, "nothing is dropped for want of a majority"
