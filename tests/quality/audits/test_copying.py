"""What two raters are expected to say alike, if they do not copy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.audits._copying import _by_habit, _divergence, _follows, _in_common

ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=30)


@given(ANSWERS)
def test_a_habit_is_what_each_says_in_a_block_by_chance(rows: list[tuple[int, int, int]]) -> None:
    a, b, block = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    by_hand = sum(float((a[block == of][:, None] == b[block == of][None]).mean(axis=1).sum()) for of in set(block))
    assert _by_habit(a, b, block) == pytest.approx(by_hand)
    assert _in_common(a, b) == pytest.approx(float((a[:, None] == b[None]).mean()))


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_a_divergence_is_none_only_between_the_same(found: float, expected: float) -> None:
    assert _divergence(found, expected) >= -1e-12
    assert _divergence(expected, expected) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("turned", [0, 1])
@pytest.mark.parametrize("often", [0.6, 0.9])
def test_what_follows_from_third_raters_is_what_two_who_do_not_copy_say(often: float, turned: int) -> None:
    """Whether they see what others see or see it under other names."""
    random = np.random.default_rng(1)
    truth = random.integers(3, size=4000)

    def says(often: float, turned: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        seen = np.where(random.random(4000) < often, truth, random.integers(3, size=4000))
        found: np.ndarray[tuple[int, int], np.dtype[np.float64]] = np.eye(3)[(seen + turned) % 3]
        return found

    a, b, thirds = says(often, turned), says(often, turned), says(0.7) + says(0.7) + says(0.7)
    together = float((a * b).sum() / len(a))
    assert _follows(a, b, thirds, np.ones((4000, 1))) == pytest.approx(together, abs=0.06)


def test_where_third_raters_see_nothing_all_may_follow() -> None:
    random = np.random.default_rng(2)
    a = np.eye(3)[random.integers(3, size=500)]
    thirds = sum(np.eye(3)[random.integers(3, size=500)] for _ in range(3))
    assert _follows(a, a, np.asarray(thirds), np.ones((500, 1))) == 1.0
