"""Bounds of notes: numbers, and lengths of texts."""

import pytest
from support.checking import checked, lost

from affectory.transforms.checks.bounds import Bounds


@pytest.mark.parametrize(
    ("step", "value", "why"),
    [
        (Bounds(of="share", min=0.5), 0.5, None),
        (Bounds(of="share", min=0.5), 0.4, "share: 0.4, at least 0.5 asked"),
        (Bounds(of="share", max=1), 2.0, "share: 2, at most 1 asked"),
        (Bounds(of="share", max=1), None, None),
        (Bounds(of="share", required=True), None, "it has no share"),
        (Bounds(of="note", unit="words", max=2), "one two", None),
        (Bounds(of="note", unit="words", max=2), "one two three", "note: 3 words, at most 2 asked"),
        (Bounds(of="note", unit="characters", min=4), "abc", "note: 3 characters, at least 4 asked"),
        (Bounds(of="note", unit="words", min=1), None, None),
    ],
)
def test_what_is_outside_is_rejected_and_what_is_missing_passes(step: Bounds, value: object, why: str | None) -> None:
    assert lost(step, **{step.of: value}) == (why and ("filtered", why))


def test_rows_that_are_kept_stay_as_they_are() -> None:
    result = checked(Bounds(of="share", min=1), {"share": 1.0}, {"share": 0.0}, {"share": 3.0})
    assert result.rows.column("share").to_pylist() == [1.0, 3.0]
    assert result.origin.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("given", "says"), [({}, "give `min`, `max` or both"), ({"min": 2.0, "max": 1.0}, "nothing is at least 2")]
)
def test_bounds_that_say_nothing_are_refused(given: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Bounds(of="share", **given)  # type: ignore[arg-type]
