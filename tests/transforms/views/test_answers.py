"""Answers as numbers, and opinions in groups: what all views read."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.opining import ABC, Row, opinion, table

from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.views import _answers
from affectory.transforms.views._answers import intensities, picks, votes
from affectory.transforms.views._grouping import coded, grouped

READERS = (votes, picks, intensities)
Asked = st.permutations(ABC.labels).flatmap(lambda order: st.integers(1, 3).map(lambda n: tuple(order[:n])))
Weight = st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.7, 1.0, 3.0, -1.0]))


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    asked = draw(st.lists(Asked, max_size=9))
    answers = [draw(st.lists(Weight, min_size=len(labels), max_size=len(labels))) for labels in asked]
    return [opinion(n, weights, labels) for n, (labels, weights) in enumerate(zip(asked, answers, strict=True))]


def reordered(row: Row) -> Row:
    """The same labels, offered the other way round."""
    asked = {**row["asked"], "labels": row["asked"]["labels"][::-1]}
    return {**row, "asked": asked, "answer": {"weights": row["answer"]["weights"][::-1]}}


@pytest.mark.parametrize("read", READERS)
@given(given=rows())
def test_the_order_in_which_labels_were_offered_does_not_matter(read: Any, given: list[Row]) -> None:
    plain, turned = read(table(*given), ABC), read(table(*map(reordered, given)), ABC)
    assert np.array_equal(plain, turned, equal_nan=True)


@pytest.mark.parametrize("read", READERS)
def test_an_answer_is_read_alike_in_any_company(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [opinion(n, [n % 3, 1, 0][: 2 + n % 2], ABC.labels[: 2 + n % 2]) for n in range(20)]
    whole = read(table(*many), ABC)
    pieces = pa.concat_tables([table(*many[:7]), table(*many).slice(7)])
    monkeypatch.setattr(_answers, "_ROWS", 3)
    assert np.array_equal(read(pieces, ABC), whole, equal_nan=True)
    assert np.array_equal(np.concatenate([read(table(row), ABC) for row in many]), whole, equal_nan=True)


def test_of_labels_that_are_mapped_to_one_the_strongest_counts() -> None:
    fine, coarse = load_taxonomy("goemotions-28"), load_taxonomy("ekman-7")
    given = {"intensities": [1.0, 3.0, None], "weights": None}
    row = opinion(1, labels=("anger", "annoyance", "joy"), of=fine, answer=given)
    [found] = intensities(table(row), coarse)
    asked = dict(zip(coarse.labels, found, strict=True))
    assert asked["anger"] == 3.0
    assert np.isnan(asked["joy"])
    assert np.isnan(asked["sadness"])


@given(st.lists(st.sampled_from(["s_1", "s_2", "s_3"]), min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_groups_are_in_the_order_of_their_keys_and_opinions_in_that_of_their_ids(about: list[str], random: Any) -> None:
    given = [opinion(n, [1, 0, 0], sample_id=sample, whose=sample[-1]) for n, sample in enumerate(about)]
    random.shuffle(given)
    groups = grouped(table(*given, given[0]))
    assert groups.opinions.column("opinion_id").to_pylist() == sorted(row["opinion_id"] for row in given)
    assert groups.keys.column("sample_id").to_pylist() == sorted(set(about))
    in_group = groups.keys.column("sample_id").take(pa.array(groups.group)).to_pylist()
    assert in_group == groups.opinions.column("sample_id").to_pylist()
    assert groups.sizes().sum() == len(about)


def test_words_are_coded_in_their_order() -> None:
    words, codes = coded(pa.array(["b", None, "a", "b"]))
    assert (words.to_pylist(), codes.tolist()) == (["a", "b"], [1, -1, 0, 1])
