from collections.abc import Callable
from pathlib import Path

import pytest
from support.opining import labels_of, opinion, values_of
from support.published import brighter, brighter_gold

from affectory.transforms.views.intensity_mean import IntensityMean, Rounding
from affectory.transforms.views.threshold import Threshold

Shared = Callable[[str], Path]


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("none", [0.5, 1.5, 1.75]),
        ("ceil", [1, 2, 2]),
        ("floor", [0, 1, 1]),
        ("half_even", [0, 2, 2]),
        ("half_up", [1, 2, 2]),
    ],
)
def test_means_are_rounded_as_declared(rounding: Rounding, expected: list[float]) -> None:
    rows = [opinion(n, answer={"intensities": given}) for n, given in enumerate(([0, 1, 2], [1, 2, 1.5]))]
    assert values_of(IntensityMean(rounding), *rows) == expected


def test_the_spread_among_raters_is_that_of_the_means_before_rounding() -> None:
    rows = [opinion(n, answer={"intensities": [given, 2, None]}) for n, given in enumerate((0, 3))]
    [label] = labels_of(IntensityMean("ceil"), *rows)
    assert (label["values"], label["spread"]) == ([2, 2, None], [1.5, 0, None])
    assert (label["space"], label["chosen"], label["uncertainty"], label["count"]) == ("ordinal", None, None, 2)


def test_where_a_label_does_not_hold_it_has_no_intensity() -> None:
    rows = [opinion(n, answer={"intensities": given}) for n, given in enumerate(([3, 2, None], [0, 1, None]))]
    assert values_of(IntensityMean("ceil", where=Threshold()), *rows) == [0, 2, None]
    assert values_of(IntensityMean(where=Threshold(count=1)), *rows) == [1.5, 1.5, None]


def test_what_32_bits_add_is_not_rounded_up() -> None:
    rows = [opinion(n, answer={"intensities": [given, 0, 0]}) for n, given in enumerate((0.2, 0.8, 2))]
    assert values_of(IntensityMean("ceil"), *rows) == [1, 0, 0]


def test_without_answers_there_are_no_rows() -> None:
    assert labels_of(IntensityMean(), opinion(1)) == []


def test_brighter_rounds_up_in_algerian_arabic(shared: Shared) -> None:
    taxonomy, opinions = brighter(shared, "arq")
    kinds: tuple[Rounding, ...] = ("ceil", "half_even")
    up, even = (
        brighter_gold(shared, "arq", "b", IntensityMean(kind, Threshold()).view(opinions, taxonomy), taxonomy)
        for kind in kinds
    )
    assert (len(up), sum(ours == theirs for ours, theirs in up)) == (11_100, 11_100)
    assert sum(ours == theirs for ours, theirs in even) == 10_186
