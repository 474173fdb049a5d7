"""How far labels shifted: what chance does is not called a shift, what was planted is."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.comparing.joined import NONE, Joined
from affectory.pipelines.comparing.shares import divergence, shifts

COUNTS = st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any)
LABELS = ("joy", "fear", NONE)


def both(rows: list[tuple[int | None, int | None]], splits: list[str] | None = None) -> Joined:
    """Samples by their labels in both; None where they are not there."""
    names = splits or ["train"] * len(rows)
    columns: dict[str, Any] = {"sample_id": [f"s_{number:04d}" for number in range(len(rows))]}
    for place, side in enumerate("ab"):
        columns[f"split_{side}"] = [None if r[place] is None else name for r, name in zip(rows, names, strict=True)]
        columns[f"hash_{side}"] = [None if row[place] is None else str(row[place]) for row in rows]
        columns[f"label_{side}"] = pa.array([row[place] for row in rows], pa.int32())
    return Joined(LABELS, pa.table(columns))


@given(COUNTS, COUNTS)
def test_divergence_is_symmetric_within_its_bounds_and_zero_of_equal_shares(a: list[int], b: list[int]) -> None:
    one, other = np.array([a]), np.array([b])
    assert 0 <= divergence(one, other)[0] <= 1
    assert divergence(one, other) == pytest.approx(divergence(other, one))
    assert divergence(one, one * 3)[0] == pytest.approx(0, abs=1e-12)


def test_labels_that_share_nothing_are_a_bit_apart() -> None:
    assert divergence(np.array([[3, 0]]), np.array([[0, 9]]))[0] == pytest.approx(1)


def test_it_is_what_scipy_gives() -> None:
    from scipy.spatial.distance import jensenshannon

    a, b = [5, 3, 2], [1, 7, 4]
    assert divergence(np.array([a]), np.array([b]))[0] == pytest.approx(jensenshannon(a, b, base=2) ** 2)


def test_the_same_rows_did_not_shift() -> None:
    [shift] = shifts(both([(0, 0), (1, 1), (2, 2)] * 5))
    assert (shift.divergence, shift.p, shift.shifted) == (0.0, 1.0, False)
    assert {share.label: share.shift for share in shift.shares} == {"joy": 0, "fear": 0, NONE: 0}


@pytest.mark.parametrize(
    ("rows", "joy"),
    [
        ([(0, 0), (1, 1)] * 40 + [(None, 0)] * 40, 1 / 6),  # of those added all are joy
        ([(0, 0), (1, 1)] * 40 + [(0, 1)] * 30, -30 / 110),  # joy became fear
        ([(0, 0), (1, 1)] * 40 + [(0, None)] * 40, -1 / 6),  # only joy was removed
    ],
    ids=["added", "moved", "removed"],
)
def test_a_planted_shift_is_found(rows: list[tuple[int | None, int | None]], joy: float) -> None:
    [shift] = shifts(both(rows))
    share = next(share for share in shift.shares if share.label == "joy")
    assert shift.shifted and shift.low > 0
    assert share.shift == pytest.approx(joy) and share.low < joy < share.high
    assert share.low * share.high > 0, "the interval leaves out zero"


def test_chance_is_accused_no_more_often_than_is_said() -> None:
    """Rows are added, removed and judged otherwise without regard to their labels, two hundred times."""
    random, accused = np.random.default_rng(1), 0
    for _ in range(200):
        labels = random.integers(0, 2, (150, 2)).tolist()
        again = [(b, a) if random.random() < 0.5 else (a, b) for a, b in labels[:20]]
        rows = [*again, *((a, a) for a, _ in labels[20:110])]
        rows += [(None, a) for a, _ in labels[110:130]] + [(a, None) for a, _ in labels[130:]]
        accused += shifts(both(rows), draws=100)[0].shifted
    assert accused <= 18, "one in twenty, and what two hundred draws vary by"


def test_splits_count_apart_and_together() -> None:
    rows: list[tuple[int | None, int | None]] = [(0, 0), (1, 1)] * 30 + [(0, 0), (0, 1)] * 30
    found = {shift.split: shift for shift in shifts(both(rows, ["train"] * 60 + ["test"] * 60))}
    assert list(found) == ["all", "test", "train"]
    assert (found["train"].divergence, found["train"].shifted) == (0.0, False)
    assert found["test"].shifted and found["test"].adjusted >= found["test"].p
    assert (found["test"].rows_a, found["test"].rows_b) == (60, 60)


def test_a_split_that_only_one_of_both_has_is_left_out() -> None:
    rows: list[tuple[int | None, int | None]] = [(0, 0)] * 4 + [(None, 1)] * 4
    assert [shift.split for shift in shifts(both(rows, ["train"] * 4 + ["test"] * 4))] == ["all", "train"]


def test_the_same_draws_give_the_same_numbers() -> None:
    rows: list[tuple[int | None, int | None]] = [(0, 0), (1, 0), (None, 1), (1, None)] * 9
    assert shifts(both(rows), seed=3) == shifts(both(list(reversed(rows))), seed=3)
    assert shifts(both(rows), seed=3) != shifts(both(rows), seed=4)
