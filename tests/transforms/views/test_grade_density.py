"""The density of grades over the levels of a scale."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.opining import Row, labels_of, opinion, vad

from affectory.transforms.views.grade_density import OUTSIDE, GradeDensity


def rated(number: int, *grades: float | None, **given: Any) -> Row:
    """A rating on the scale of 1 to 5."""
    return vad(number, *(None if g is None else (g - 3) / 2 for g in grades), **given)


def graded(label: Row) -> dict[str, list[float]]:
    """The densities of each dimension."""
    found: dict[str, list[float]] = {}
    for name, value in zip(label["names"], label["values"], strict=True):
        found.setdefault(name.partition(":")[0], []).append(value)
    return found


def test_the_histogram_counts_who_gave_each_level() -> None:
    [label] = labels_of(
        GradeDensity(), rated(1, 1, 3, None), rated(2, 5, 3, None), rated(3, 5, 3, None), rated(4, 4, 3, None)
    )
    assert label["names"][:6] == ["valence:1", "valence:2", "valence:3", "valence:4", "valence:5", "arousal:1"]
    assert graded(label) == {"valence": [0.25, 0, 0, 0.25, 0.5], "arousal": [0, 0, 1, 0, 0], "dominance": [None] * 5}
    assert (label["space"], label["taxonomy"], label["count"], label["chosen"]) == ("continuous", "vad", 4, None)


def test_a_density_is_per_unit_of_the_scale() -> None:
    view = GradeDensity(scale=(-1, 1), levels=5)
    [label] = labels_of(view, vad(1, -1, 0.5, 0), vad(2, 1, 0.5, 0))
    assert graded(label)["valence"] == [1, 0, 0, 0, 1], "a cell is half a unit wide"
    assert label["names"][:5] == ["valence:-1", "valence:-0.5", "valence:0", "valence:0.5", "valence:1"]


def test_a_grade_between_two_levels_goes_to_the_nearer_one_and_up_from_the_middle() -> None:
    [label] = labels_of(GradeDensity(), rated(1, 2.4, 2.5, 4.6))
    assert [row.index(1) + 1 for row in graded(label).values()] == [2, 3, 5]


def test_a_kernel_spreads_each_grade_and_loses_nothing_at_the_ends() -> None:
    [label] = labels_of(GradeDensity(method="kernel", bandwidth=0.5), rated(1, 3, 1, 5))
    found = graded(label)
    assert found["valence"] == pytest.approx(found["valence"][::-1])
    assert found["arousal"] == pytest.approx(found["dominance"][::-1])
    assert found["valence"][2] == max(found["valence"]) < 1
    assert found["arousal"] == sorted(found["arousal"], reverse=True)
    assert sum(found["arousal"]) == pytest.approx(1)


def test_a_narrow_kernel_is_the_histogram() -> None:
    rows = [rated(1, 1, 3, 2), rated(2, 5, 3, 4)]
    [narrow], [counted] = (
        labels_of(GradeDensity(method="kernel", bandwidth=0.01), *rows),
        labels_of(GradeDensity(), *rows),
    )
    assert narrow["values"] == counted["values"]


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        (1, ["valence:5", "arousal:3"]),
        (2, ["valence:1", "valence:4", "valence:5", "arousal:3"]),
        (9, ["valence:1", "valence:4", "valence:5", "arousal:3"]),
    ],
)
def test_the_best_levels_are_chosen_with_those_that_tie(best: int, expected: list[str]) -> None:
    rows = [rated(1, 1, 3, None), rated(2, 5, 3, None), rated(3, 5, 3, None), rated(4, 4, 3, None)]
    [label] = labels_of(GradeDensity(best=best), *rows)
    assert label["chosen"] == expected


def test_intensities_of_labels_are_grades_too() -> None:
    view = GradeDensity(of="intensity", scale=(0, 3), levels=4)
    rows = [opinion(n, answer={"intensities": given}) for n, given in enumerate([[0, 3, None], [1, 3, None]])]
    [label] = labels_of(view, *rows)
    assert graded(label) == {"a": [0.5, 0.5, 0, 0], "b": [0, 0, 0, 1], "c": [None] * 4}
    assert (label["space"], label["taxonomy"]) == ("ordinal", "abc")


def test_grades_outside_the_levels_are_told_and_not_counted() -> None:
    view = GradeDensity(of="intensity", scale=(0, 3), levels=4)
    rows = [opinion(n, answer={"intensities": given}) for n, given in enumerate([[1, 9, 0], [2, 3, 0]])]
    [label] = labels_of(view, *rows)
    assert (graded(label)["b"], label["state"]) == ([0, 0, 0, 1], OUTSIDE)


def test_nothing_graded_is_no_label() -> None:
    assert labels_of(GradeDensity()) == labels_of(GradeDensity(), opinion(1, [1, 0, 0])) == []


Grades = st.lists(st.lists(st.one_of(st.none(), st.floats(-1, 1, width=32)), min_size=3, max_size=3), max_size=8)
Views = st.builds(
    GradeDensity,
    scale=st.sampled_from([(1.0, 5.0), (-1.0, 1.0), (0.0, 100.0)]),
    levels=st.integers(2, 12),
    method=st.sampled_from(["histogram", "kernel"]),
    bandwidth=st.floats(0.05, 50),
)


@given(Views, Grades)
@example(GradeDensity(levels=6, method="kernel", bandwidth=0.0625), [[None, None, 0.0]])
def test_each_density_integrates_to_one(view: GradeDensity, grades: list[list[float | None]]) -> None:
    width = (view.scale[1] - view.scale[0]) / (view.levels - 1)
    for label in labels_of(view, *(vad(n, *place) for n, place in enumerate(grades))):
        given = [any(place[d] is not None for place in grades) for d in range(3)]
        for density, is_given in zip(graded(label).values(), given, strict=True):
            assert not is_given or sum(density) * width == pytest.approx(1, abs=1e-5)
            assert is_given or density == [None] * view.levels
            assert not is_given or np.min(density) >= 0
