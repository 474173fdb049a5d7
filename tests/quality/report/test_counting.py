"""Counts of all rows, whatever lots they come in, and intervals of shares."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.released import released

from affectory.quality.report.counting import BANDS, band, count, wilson
from affectory.quality.report.released import Released


@pytest.mark.parametrize("group", [1, 7, 1000])
def test_counts_do_not_hang_on_how_rows_lie_in_files(tmp_path: Path, group: int) -> None:
    found = count(Released(released(tmp_path / "a", 30, group=group)), 8)
    assert found.total == 30
    assert found.splits == {"train": 15, "validation": 7, "test": 8}
    assert found.labelled == sum(1 for n in range(30) if n % 7 != 6)
    assert found.sources.total() == 30
    assert found.media == {("image", "image"): 6, ("audio", "audio"): 6}
    assert found.withheld == {"media: no consent to publish": 4}
    assert found.mass.sum() == pytest.approx(found.labelled, abs=1e-5)
    assert found.plane.sum() == found.places[:, 2].sum() == found.labelled
    assert len(found.ids) == 8


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_narrows_with_more(many: int, more: int) -> None:
    of = many + more
    low, high = wilson(many, of)
    assert 0 <= low <= (many / of if of else 0.5) <= high <= 1
    if of:
        wider = np.subtract(*wilson(many, of)[::-1])
        assert np.subtract(*wilson(4 * many, 4 * of)[::-1]) < wider


def test_an_interval_is_wilsons() -> None:
    assert wilson(7, 48) == pytest.approx((0.0725, 0.2717), abs=1e-4)


@pytest.mark.parametrize(
    ("agreement", "expected"), [(1.0, 0), (0.6, 1), (0.5, 2), (0.2, 2), (None, 3), (float("nan"), 3)]
)
def test_agreement_is_told_in_words(agreement: float | None, expected: int) -> None:
    assert band(agreement) == BANDS[expected]
