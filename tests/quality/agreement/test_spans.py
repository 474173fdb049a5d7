"""Alpha for unitizing: Krippendorff's examples of 1995 and small ones by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.agreement import Marked, unitizing_alpha
from affectory.quality.agreement._spans import _observed

Marks = list[tuple[float, float]]
EXAMPLES: dict[str, tuple[Marks, Marks]] = {
    "A": ([(2, 10), (14, 20)], [(4, 8), (15, 17)]),
    "B": ([(0, 18)], [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 9), (9, 10)]),
    "C": ([(2, 8), (10, 12), (14, 18), (20, 22)], [(0, 2), (4, 8), (10, 14), (16, 18), (20, 22)]),
    "D": ([(0, 2), (2, 10), (10, 14), (14, 20), (20, 24)], [(0, 4), (4, 8), (8, 15), (15, 17), (17, 24)]),
}


def stretched(name: str, by: float) -> Marked:
    return Marked.of([[(a * by, b * by) for a, b in marks] for marks in EXAMPLES[name]], 24 * by)


@pytest.mark.parametrize(
    ("name", "observed", "published"),
    [("A", 0.03125, 0.553), ("B", 2.26736, -0.926), ("C", 0.02777, 0.679), ("D", 0.38715, 0.066)],
)
def test_krippendorffs_examples_in_fine_steps(name: str, observed: float, published: float) -> None:
    made = stretched(name, 50_000)
    assert _observed(made) / (2 * made.length**2) == pytest.approx(observed, abs=1e-5)
    slip = 0.0005 if name in "AD" else 0.02  # B and C were printed before the formula of 2004 mended a sign
    assert unitizing_alpha([made]) == pytest.approx(published, abs=slip)


def test_coarse_steps_by_hand() -> None:
    made = stretched("C", 0.5)
    assert unitizing_alpha([made]) == pytest.approx(1 - (0.02777 / 0.05494), abs=1e-3)


def test_one_mark_against_nothing_by_hand() -> None:
    # Two raters, four letters; one marks the first two. Observed: 2 * 2^2 over 2 * 1 * 4^2 = 1/4. Expected: one mark
    # of 2 in gaps of 2 and 4 has 1 + 3 places: 2/4 * (2^2 * 4) / (8 * 7 - 2 * 1) = 8/54.
    made = Marked.of([[(0, 2)], []], 4)
    assert unitizing_alpha([made]) == pytest.approx(1 - (1 / 4) / (8 / 54))


def test_marks_of_one_rater_that_overlap_are_one_and_end_with_the_item() -> None:
    assert Marked.of([[(3, 9), (1, 4), (5, 5)], [(-2, 1)]], 8).raters == [[(1, 8)], [(0, 1)]]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=1, max_size=4), st.integers(2, 4))
def test_raters_who_mark_the_same_agree(marks: list[tuple[int, int]], raters: int) -> None:
    same = [(float(a), float(a + b)) for a, b in marks]
    found = unitizing_alpha([Marked.of([same] * raters, 30)])
    assert found == pytest.approx(1.0)


@pytest.mark.parametrize("items", [[], [Marked.of([[(0, 1)]], 4)], [Marked.of([[], []], 4)], [Marked.of([[], []])]])
def test_without_marks_or_a_second_rater_there_is_none(items: list[Marked]) -> None:
    assert np.isnan(unitizing_alpha(items))


def test_items_lie_end_to_end_without_marks_across() -> None:
    apart = [Marked.of([[(0, 4)], [(2, 4)]], 4), Marked.of([[(0, 4)], [(0, 4)]], 4)]
    assert 0 < unitizing_alpha(apart) < 1
    assert unitizing_alpha(apart) == pytest.approx(unitizing_alpha(apart[::-1]))
    twice = unitizing_alpha(apart, np.array([1.0, 2.0]))
    assert twice == pytest.approx(unitizing_alpha([*apart, apart[1]]))
