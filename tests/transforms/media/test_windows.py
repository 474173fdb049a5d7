"""Windows tile a recording: without gap, without overlap, to the microsecond."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.running import run

from affectory.schemas import ids
from affectory.transforms.media.windows import Windows, tiles


def windows(duration_s: float | None, kind: str = "video", anchor: Any = None, **parameters: Any) -> list[Any]:
    result = run(Windows(**parameters), [{"kind": kind, "duration_s": duration_s, "anchor": anchor or {}}])
    assert not result.failed
    return [*result.rows.to_pylist(), *result.rejected]


def spans(rows: list[Any]) -> list[tuple[int, int]]:
    return [(row["anchor"]["start_us"], row["anchor"]["end_us"]) for row in rows]


@pytest.mark.parametrize("kind", ["video", "audio", "signal"])
def test_a_second_is_five_times_200_ms(kind: str) -> None:
    found = windows(1.0, kind, length_s=0.2)
    assert spans(found) == [(k * 200_000, (k + 1) * 200_000) for k in range(5)]
    assert {row["duration_s"] for row in found} == {0.2}


def test_a_window_is_a_new_sample_of_its_parent() -> None:
    row = windows(9.0, anchor={"record": "r_film"}, length_s=4)[1]
    assert row["sample_id"] == ids.sample_id("r_film", "time", 4_000_000, 8_000_000)
    assert row["parent"] == ids.sample_id("r_film")
    assert (row["video"], row["audio"], row["frames"]) == (None, None, None)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"length_s": 0.4}, [(0, 400), (400, 800), (800, 1000)]),
        ({"length_s": 0.4, "remainder": "drop"}, [(0, 400), (400, 800)]),
        ({"length_s": 0.5, "remainder": "drop"}, [(0, 500), (500, 1000)]),
        ({"length_s": 0.6, "step_s": 0.2}, [(0, 600), (200, 800), (400, 1000)]),
        ({"length_s": 0.2, "step_s": 0.4}, [(0, 200), (400, 600), (800, 1000)]),
        ({"length_s": 2}, [(0, 1000)]),
    ],
)
def test_steps_and_remainders(parameters: Any, expected: list[tuple[int, int]]) -> None:
    assert spans(windows(1.0, **parameters)) == [(a * 1000, b * 1000) for a, b in expected]


def test_only_the_samples_own_stretch_is_cut() -> None:
    anchor = {"start_us": 1_500_000, "end_us": 2_000_000}
    assert spans(windows(0.5, anchor=anchor, length_s=0.3)) == [(1_500_000, 1_800_000), (1_800_000, 2_000_000)]


def test_what_is_shorter_than_a_window_is_rejected_where_remainders_are() -> None:
    (rejected,) = windows(1.0, length_s=2, remainder="drop")
    assert (rejected.reason, rejected.detail) == ("too_short", "1 s hold no window of 2 s")


def test_what_was_not_measured_cannot_be_tiled() -> None:
    (rejected,) = windows(None)
    assert rejected.reason == "unsupported" and "put `probe` before" in rejected.detail


@pytest.mark.parametrize("given", [{"length_s": 0}, {"step_s": 0}, {"remainder": "pad"}])
def test_parameters_that_make_no_windows(given: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Windows).validate_python(given)


@given(st.integers(0, 10**9), st.integers(1, 10**8), st.integers(1000, 10**8))
def test_windows_tile_any_stretch(start: int, length: int, window: int) -> None:
    found = list(tiles(start, start + length, max(window, length // 500), max(window, length // 500)))
    assert found[0][0] == start and found[-1][1] == start + length
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert len({b - a for a, b in found[:-1]}) <= 1 and all(a < b for a, b in found)


@given(st.integers(1, 10**7), st.integers(1000, 10**6), st.integers(1000, 10**6))
def test_overlapping_windows_begin_at_equal_distances_and_stop_at_the_end(length: int, window: int, step: int) -> None:
    found = list(tiles(0, length, window, step))
    assert [a for a, _ in found] == [k * step for k in range(len(found))]
    assert all(b == min(a + window, length) for a, b in found)
    assert sum(b == length for _, b in found) <= 1
