"""Texts that are alike: what is counted at once is what a look at each pair gives."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.audits._likeness import Likeness, distinct, openings, repeating

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), min_size=2, max_size=6), min_size=2, max_size=7)


@given(TEXTS)
def test_likeness_is_the_mean_over_pairs_of_texts(texts: list[list[str]]) -> None:
    sets = [set(pairwise(text)) for text in texts]
    each = [len(a & b) / np.sqrt(len(a) * len(b)) for a, b in combinations(sets, 2)]
    assert Likeness.of(texts).among(np.ones(len(texts))) == pytest.approx(float(np.mean(each)))


@given(TEXTS)
def test_a_text_that_is_drawn_twice_is_not_compared_with_itself(texts: list[list[str]]) -> None:
    twice = np.zeros(len(texts))
    twice[0] = 2
    assert Likeness.of(texts).among(twice) == 0


def test_near_repetitions_are_found_with_both_sides() -> None:
    words = [f"word{number}" for number in range(16)]
    texts = [" ".join(words), " ".join([*words, "more"]), " ".join(reversed(words)), "", "something else altogether"]
    assert repeating(texts, [None] * 5).tolist() == [0, 1]


def test_the_most_frequent_beginning_is_named() -> None:
    texts = [text.split() for text in ("i feel so glad", "i feel so bad", "that is what it is", "short one")]
    opening, which = openings(texts)
    assert (opening, which.tolist()) == ("i feel so", [0, 1])
    assert openings([])[0] == ""


@pytest.mark.parametrize(("size", "most", "share"), [(1, 100, 3 / 6), (2, 100, 3 / 4), (2, 2, 1.0), (9, 9, 0.0)])
def test_distinct_stretches_are_counted_among_the_first_ones(size: int, most: int, share: float) -> None:
    assert distinct([["a", "b", "a"], ["a", "b", "c"]], size, most) == pytest.approx(share)
