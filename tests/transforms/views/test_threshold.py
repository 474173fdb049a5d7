from collections.abc import Callable
from pathlib import Path

import pytest
from support.opining import labels_of, opinion, values_of
from support.published import brighter, brighter_gold

from affectory.transforms.views.threshold import Threshold

Shared = Callable[[str], Path]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 1], 1.0),
        ([3, 0], 0.0),  # one rater alone, however strongly
        ([1, 1, 0, 0], 0.0),  # a mean of one half is not above it
        ([1, 2, 0, 0], 1.0),
        ([0, 0], 0.0),
    ],
)
def test_enough_raters_and_strong_enough(given: list[float], expected: float) -> None:
    rows = [opinion(n, answer={"intensities": [value, 0, None]}) for n, value in enumerate(given)]
    assert values_of(Threshold(), *rows) == [expected, 0.0, None]


def test_a_set_of_labels_is_chosen_and_may_be_empty() -> None:
    many = [opinion(n, answer={"intensities": [2, 2, 0]}) for n in (1, 2)]
    none = [opinion(n, answer={"intensities": [0, 0, 0]}, sample_id="s_2") for n in (3, 4)]
    first, second = labels_of(Threshold(), *many, *none)
    assert (first["chosen"], first["space"], first["count"]) == (["a", "b"], "multi-label", 2)
    assert (second["chosen"], second["values"], second["uncertainty"]) == ([], [0, 0, 0], None)


def test_numbers_kept_in_32_bits_are_compared_as_they_were_written() -> None:
    rows = [opinion(n, answer={"intensities": [0.7, 0.3, 0]}) for n in (1, 2, 3)]
    assert values_of(Threshold(least=0.7, mean=0), *rows) == [1, 0, 0]
    assert values_of(Threshold(least=0.1, mean=0.3), *rows) == [1, 0, 0]


def test_without_answers_there_are_no_rows() -> None:
    assert labels_of(Threshold(), opinion(1), opinion(2, [None, None, None])) == []


@pytest.mark.parametrize(("language", "cells"), [("arq", 11_100), ("afr", 11_925)])
def test_brighter_is_reproduced_in_every_cell(shared: Shared, language: str, cells: int) -> None:
    taxonomy, opinions = brighter(shared, language)
    pairs = brighter_gold(shared, language, "a", Threshold().view(opinions, taxonomy), taxonomy)
    assert (len(pairs), sum(ours == theirs for ours, theirs in pairs)) == (cells, cells)


def test_a_majority_would_not_reproduce_it(shared: Shared) -> None:
    taxonomy, opinions = brighter(shared, "arq")
    pairs = brighter_gold(shared, "arq", "a", Threshold(count=4, mean=0).view(opinions, taxonomy), taxonomy)
    assert sum(ours == theirs for ours, theirs in pairs) < 10_500
