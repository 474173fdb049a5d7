import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import ABC, Row, labels_of, opinion, vad

from affectory.schemas.derived import LABELS, OPINIONS_TABLE
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_taxonomy
from affectory.transforms.views.plurality import Plurality
from affectory.transforms.views.vote_share import VoteShare


def view(*rows: Row, taxonomy: Taxonomy = ABC) -> list[Row]:
    found: list[Row] = VoteShare().view(OPINIONS_TABLE.from_rows(list(rows)), taxonomy).to_pylist()
    return found


def values(*rows: Row, taxonomy: Taxonomy = ABC) -> list[float | None]:
    [label] = view(*rows, taxonomy=taxonomy)
    return [None if v is None else round(v, 6) for v in label["values"]]


def test_every_vote_counts_and_minorities_stay() -> None:
    [label] = view(opinion(1, [1, 0, 0]), opinion(2, [1, 0, 0]), opinion(3, [0, 1, 0]), opinion(4, [0, 0, 2]))
    assert label["values"] == [0.5, 0.25, 0.25]
    assert (label["count"], label["agreement"]) == (4, 0.5)
    assert label["uncertainty"] == pytest.approx(1.5 * math.log(2) / math.log(3))
    assert (label["taxonomy"], label["space"], label["rule"]) == ("abc", "simplex", "vote_share")


def test_raters_who_named_none_of_the_labels_are_not_counted_and_told_of() -> None:
    none, better = opinion(9, [0, 0, 0], sample_id="s_2"), opinion(8, [0, 1, 0], sample_id="s_3")
    rows = [opinion(1, [0, 0, 0]), opinion(2, [1, 0, 0]), opinion(3, [0, 0, None]), opinion(4, [None] * 3)]
    found = {label["sample_id"]: label for label in view(*rows, none, better)}
    assert {sample: (label["count"], label["state"]) for sample, label in found.items()} == {
        "s_1": (1, "2 of 3 named none of the labels"),
        "s_3": (1, None),
    }


def test_what_else_is_told_is_told_too() -> None:
    [label] = labels_of(Plurality(), *(opinion(n, x) for n, x in enumerate([[0] * 3, [1, 0, 0], [0, 1, 0]])))
    assert label["state"] == "tie; 1 of 3 named none of the labels"


def test_a_group_is_not_one_rater_among_others() -> None:
    people = [opinion(n, [1, 0, 0]) for n in (1, 2)]
    groups = [opinion(3, [0, 0.5, 0.5], people=9), opinion(4, [0, 1, 0], people=0)]
    found = {label["pool"]: (label["values"], label["count"]) for label in view(*people, *groups)}
    assert found == {"human": ([1, 0, 0], 2), "group": ([0, 0.75, 0.25], 2)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [([1, 0, 0], [1, 0, 0]), ([2, 2, 0], [0.5, 0.5, 0]), ([0.1, 0.2, 0.1], [0.25, 0.5, 0.25])],
)
def test_one_opinion_is_one_vote_however_much_it_weighs(given: list[float], expected: list[float]) -> None:
    assert values(opinion(1, given)) == expected


def test_intensities_stand_in_for_weights() -> None:
    both = {"weights": [0, 1, 0], "intensities": [3, 0, 1]}
    assert values(opinion(1, answer={"intensities": [3, 0, 1]})) == [0.75, 0, 0.25]
    assert values(opinion(1, answer=both)) == [0, 1, 0]


def test_labels_are_aligned_by_name_not_by_place() -> None:
    assert values(opinion(1, [1, 3, 0], labels=("b", "a", "c"))) == [0.75, 0.25, 0]
    assert values(opinion(1, [1, 0], labels=("sea", "a"))) == [0, None, 1]


def test_unasked_is_not_zero() -> None:
    rows = [opinion(1, [0, 1, 0]), opinion(2, [1, None, 0]), opinion(3, [1, 0], labels=("a", "c"))]
    assert values(*rows) == [round(2 / 3 / (2 / 3 + 1), 6), round(1 / (2 / 3 + 1), 6), 0]
    assert values(opinion(1, [1, None, 1])) == [0.5, None, 0.5]


@pytest.mark.parametrize(
    "unusable",
    [
        opinion(2),
        opinion(2, []),
        opinion(2, [0, 0, 0]),
        opinion(2, [None, None, None]),
        opinion(2, [1, -1, 0]),
        opinion(2, [math.inf, 0, 0]),
        opinion(2, [1, 0]),
        opinion(2, [1, 0, 0], labels=("a", None, "c")),
        opinion(2, [1, 0, 0], labels=("a", "b", "x")),
        opinion(2, [1, 0, 0], labels=("a", "b", "x"), of=None),
        opinion(2, [1, 0], labels=("calm", "tense"), of=parse_taxonomy({"name": "own", "entries": ["calm", "tense"]})),
        opinion(2, [1, 0, 0], of=parse_taxonomy({"name": "abc", "entries": ["c", "b", "a"]})),
    ],
)
def test_what_does_not_answer_the_question_is_not_counted(unusable: Row) -> None:
    [label], [alone] = view(opinion(1, [0, 1, 0]), unusable), view(opinion(1, [0, 1, 0]))
    assert {**label, "state": None} == alone
    assert view(unusable) == []


def test_plain_words_count_where_all_of_them_are_known() -> None:
    assert values(opinion(1, [0, 1], labels=("b", "sea"), of=None)) == [None, 0, 1]


def test_opinions_over_another_taxonomy_are_mapped() -> None:
    fine, coarse = load_taxonomy("goemotions-28"), load_taxonomy("ekman-7")
    weights = [0.0] * len(fine.labels)
    weights[fine.index("gratitude")] = weights[fine.index("remorse")] = 1.0
    [label] = view(opinion(1, weights, labels=fine.labels, of=fine), taxonomy=coarse)
    assert dict(zip(coarse.labels, label["values"], strict=True)) == {
        **dict.fromkeys(coarse.labels, 0.0),
        "joy": 0.5,
        "sadness": 0.5,
    }


def test_who_said_it_in_this_taxonomy_and_in_another_has_one_voice() -> None:
    fine, coarse = load_taxonomy("goemotions-28"), load_taxonomy("ekman-7")
    grateful = [float(label == "gratitude") for label in fine.labels]
    angry = [float(label == "anger") for label in coarse.labels]
    both = [
        opinion(1, grateful, labels=fine.labels, of=fine, rater="p_1"),
        opinion(2, angry, labels=coarse.labels, of=coarse, rater="p_1"),
        opinion(3, grateful, labels=fine.labels, of=fine, rater="p_2"),
    ]
    [label] = view(*both, taxonomy=coarse)
    assert (label["count"], label["values"][coarse.index("anger")], label["values"][coarse.index("joy")]) == (
        2,
        0.5,
        0.5,
    )
    [label] = view(*both, taxonomy=fine)
    assert (label["count"], label["values"][fine.index("gratitude")]) == (2, 1.0)


def test_a_vote_for_a_label_without_a_counterpart_is_not_counted() -> None:
    seven, six = load_taxonomy("ekman-7"), load_taxonomy("ekman-6")
    neutral = [0.0] * 6 + [1.0]
    assert view(opinion(1, neutral, labels=seven.labels, of=seven), taxonomy=six) == []


def test_people_models_perspectives_and_channels_are_kept_apart() -> None:
    rows = [
        opinion(1, [1, 0, 0]),
        opinion(2, [0, 1, 0], rater_kind="author"),
        opinion(3, [0, 0, 1], rater_kind="adjudicator", modalities=["text", "text"]),
        opinion(4, [0, 0, 1], rater_kind="model"),
        opinion(5, [0, 1, 0], rater_kind="lexicon"),
        opinion(6, [0, 1, 0], perspective="felt"),
        opinion(7, [0, 1, 0], whose="p_1"),
        opinion(8, [0, 1, 0], modalities=["text", "audio"]),
        opinion(9, [0, 1, 0], modalities=["audio", "text"]),
        opinion(10, [0, 1, 0], modalities=None),
        opinion(11, [0, 1, 0], sample_id="s_2"),
    ]
    found = view(*rows)
    groups = [(x["sample_id"], x["perspective"], x["whose"], x["modalities"], x["pool"], x["count"]) for x in found]
    assert groups == [
        ("s_1", "felt", "", "text", "human", 1),
        ("s_1", "perceived", "", "", "human", 1),
        ("s_1", "perceived", "", "audio+text", "human", 2),
        ("s_1", "perceived", "", "text", "human", 3),
        ("s_1", "perceived", "", "text", "model", 2),
        ("s_1", "perceived", "p_1", "text", "human", 1),
        ("s_2", "perceived", "", "text", "human", 1),
    ]


def test_what_is_read_twice_counts_once_and_equal_votes_of_different_occasions_all_count() -> None:
    once = [opinion(1, [1, 0, 0]), opinion(2, [0, 1, 0])]
    assert view(*once, opinion(1, [1, 0, 0])) == view(*once)
    [label] = view(*once, opinion(3, [1, 0, 0], rater="r1"))
    assert label["count"] == 3


def test_agreement_counts_shared_first_places() -> None:
    [label] = view(opinion(1, [1, 0, 0]), opinion(2, [1, 1, 0]), opinion(3, [0, 1, 1]))
    assert label["agreement"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("rows", [[], [opinion(1)], [vad(1, 0.5, 0.5, 0.5)]])
def test_nothing_to_see_keeps_its_types(rows: list[Row]) -> None:
    assert VoteShare().view(OPINIONS_TABLE.from_rows(rows), ABC).equals(LABELS.empty())


Weights = st.lists(st.one_of(st.none(), st.integers(0, 5), st.floats(0, 1, width=32)), min_size=3, max_size=3)
Opinions = st.lists(
    st.builds(
        dict,
        sample_id=st.sampled_from(["s_1", "s_2"]),
        rater_kind=st.sampled_from(["human", "model", "lexicon", "author"]),
        modalities=st.sampled_from([None, ["text"], ["audio", "text"]]),
        answer=st.builds(dict, weights=Weights),
    ),
    max_size=12,
)


def table(given: list[Row]) -> pa.Table:
    return OPINIONS_TABLE.from_rows([opinion(i, **row) for i, row in enumerate(given)])


@settings(deadline=None)
@given(Opinions, st.randoms())
def test_the_order_of_opinions_does_not_matter_to_the_last_bit(given: list[Row], random: Any) -> None:
    rows = table(given)
    order = list(range(len(given)))
    random.shuffle(order)
    assert VoteShare().view(rows, ABC).equals(VoteShare().view(rows.take(pa.array(order, pa.int64())), ABC))


@settings(deadline=None)
@given(Opinions)
def test_laws_of_a_share(given: list[Row]) -> None:
    labels = VoteShare().view(table(given), ABC).to_pylist()
    for label in labels:
        known = [v for v in label["values"] if v is not None]
        assert sum(known) == pytest.approx(1, abs=3e-7)
        assert all(0 <= v <= 1 for v in known)
        assert 0 <= label["uncertainty"] <= 1
        assert 0 <= label["agreement"] <= 1
        assert label["agreement"] == 1 or label["count"] > 1
    usable = sum(any(w for w in row["answer"]["weights"]) for row in given)
    assert sum(label["count"] for label in labels) == usable


@settings(deadline=None)
@given(Opinions)
def test_one_sample_does_not_touch_another(given: list[Row]) -> None:
    whole = VoteShare().view(table(given), ABC)
    rows = table(given)
    for sample in ("s_1", "s_2"):
        alone = VoteShare().view(rows.filter(pa.compute.equal(rows["sample_id"], sample)), ABC)
        assert alone.equals(whole.filter(pa.compute.equal(whole["sample_id"], sample)))


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=3, max_size=3), st.integers(1, 5))
def test_saying_it_again_changes_nothing_but_the_count(weights: list[int], times: int) -> None:
    [once], [often] = (view(*(opinion(i, weights) for i in range(n))) for n in (1, times))
    assert often["values"] == pytest.approx(once["values"], abs=1e-7)
    assert (often["count"], often["agreement"]) == (times, 1)
    assert np.isclose(often["uncertainty"], once["uncertainty"], atol=1e-6)
