"""Segments that raters marked, as labels of frames."""

from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import Row, labels_of, opinion

from affectory.transforms.ratings._regions import read_results
from affectory.transforms.views.rasterised import Rasterised

MS = 1000
Stretch = tuple[int, int]


def marking(number: int, *stretches: Stretch, kind: str = "hesitancy", **given: Any) -> Row:
    """A rater who marked stretches, in microseconds."""
    places = [{"kind": kind, "start_us": start, "end_us": end} for start, end in stretches]
    return opinion(number, evidence=places or None, **given)


def test_a_frame_is_marked_where_its_moment_lies_in_a_segment() -> None:
    [label] = labels_of(Rasterised(fps=10), marking(1, (50 * MS, 300 * MS), (500 * MS, 501 * MS)))
    assert label["times_us"] == [100 * MS, 200 * MS, 300 * MS, 400 * MS, 500 * MS]
    assert (label["values"], label["names"]) == ([1, 1, 0, 0, 1], ["hesitancy"] * 5)
    assert [(p["start_us"], p["end_us"]) for p in label["places"]] == [(100 * MS, 300 * MS), (500 * MS, 600 * MS)]
    assert (label["space"], label["count"], label["state"]) == ("multi-label", 1, None)


def test_values_are_shares_of_raters_or_whether_enough_marked_it() -> None:
    rows = [marking(1, (0, 200 * MS)), marking(2, (100 * MS, 300 * MS), (150 * MS, 250 * MS)), marking(3)]
    [shares] = labels_of(Rasterised(fps=10), *rows)
    assert shares["values"] == pytest.approx([1 / 3, 2 / 3, 1 / 3])
    assert len(shares["places"]) == 1
    [enough] = labels_of(Rasterised(fps=10, least=2), *rows)
    assert enough["values"] == [0, 1, 0]
    assert [(p["start_us"], p["end_us"]) for p in enough["places"]] == [(100 * MS, 200 * MS)]


def test_kinds_lie_one_after_the_other() -> None:
    rows = [marking(1, (0, 100 * MS)), marking(2, (100 * MS, 200 * MS), kind="ambivalence")]
    [label] = labels_of(Rasterised(fps=10), *rows)
    assert (label["names"], label["values"]) == (["ambivalence", "hesitancy"], [0.5, 0.5])
    assert [place["kind"] for place in label["places"]] == ["ambivalence", "hesitancy"]


def test_a_segment_between_two_frames_is_told() -> None:
    [label] = labels_of(Rasterised(fps=10), marking(1, (110 * MS, 120 * MS)))
    assert (label["values"], label["places"]) == ([], [])
    assert "between two frames" in label["state"]


def test_times_that_cannot_be_right_are_told_and_cost_no_memory() -> None:
    [label] = labels_of(Rasterised(), marking(1, (0, 40 * MS), (10**15, 10**15 + 40 * MS)))
    assert (label["values"], label["times_us"], label["places"]) == ([], [], [])
    assert "too far apart" in label["state"]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [opinion(1, [1, 0, 0])],
        [marking(1)],
        [marking(1, (5, 5))],
        [opinion(1, evidence=[{"kind": "cause", "char_start": 0, "char_end": 4}])],
        [opinion(1, evidence=[{"kind": "cue", "start_us": 0, "end_us": 9, "record": "another"}])],
    ],
    ids=["nobody", "no question", "nothing", "empty", "text", "another record"],
)
def test_where_nobody_marked_time_there_is_no_label(rows: list[Row]) -> None:
    assert labels_of(Rasterised(), *rows) == []


def test_the_rates_of_television_are_exact() -> None:
    assert Rasterised(fps=29.97002997).times(30_000, 2).tolist() == [1_001_000_000, 1_001_033_367]
    assert Rasterised(fps=25).times(10**11, 1).tolist() == [4 * 10**15], "no product overflows"


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97002997, 30.0, 60.0])
def test_the_frames_of_a_timeline_in_label_studio_come_back(fps: float) -> None:
    for first, last in ((1, 1), (2, 3), (3, 3), (7, 2000), (1001, 1001), (86_401, 86_402)):
        ranges = {"ranges": [{"start": first, "end": last}], "timelinelabels": ["hesitancy"]}
        result = {"id": "r", "from_name": "cue", "type": "timelinelabels", "value": ranges}
        [region] = read_results([result], {"cue"}, fps)[1]
        [label] = labels_of(Rasterised(fps=fps), opinion(1, evidence=[region.evidence()]))
        assert [Rasterised(fps=fps).frame(at) for at in label["times_us"]] == list(range(first - 1, last)), "from 0"
        assert set(label["values"]) == {1}


Stretches = st.lists(
    st.tuples(st.integers(0, 3_000_000), st.integers(1, 900_000)).map(lambda s: (s[0], s[0] + s[1])), max_size=4
)
Rates = st.sampled_from([1.0, 12.5, 24.0, 25.0, 29.97002997, 30.0])


def frames(stretches: list[Stretch], fps: float) -> set[int]:
    """The frames whose moments lie in one of the stretches."""
    moments = [
        floor(n / Fraction(fps).limit_denominator(1001) * 10**6 + Fraction(1, 2)) for n in range(int(4 * fps) + 1)
    ]
    return {n for n, at in enumerate(moments) if any(start <= at < end for start, end in stretches)}


@settings(max_examples=60)
@given(st.lists(Stretches, min_size=1, max_size=3), Rates)
def test_frame_labels_are_exactly_the_segments_rasterised(raters: list[list[Stretch]], fps: float) -> None:
    view = Rasterised(fps=fps)
    expected = [frames(stretches, fps) for stretches in raters]
    for label in labels_of(view, *(marking(n, *stretches) for n, stretches in enumerate(raters))):
        numbers = [view.frame(at) for at in label["times_us"]]
        assert numbers == list(range(min(numbers, default=0), max(numbers, default=-1) + 1))
        marked = {n: v for n, v in zip(numbers, label["values"], strict=True) if v}
        assert marked == {
            n: pytest.approx(sum(n in one for one in expected) / len(raters)) for n in set().union(*expected)
        }
        places = [(place["start_us"], place["end_us"]) for place in label["places"]]
        assert all(a[1] < b[0] for a, b in pairwise(places)), "runs are as long as they can be"
        assert {n for start, end in places for n in range(view.frame(start), view.frame(end))} == set(marked)


@settings(max_examples=60)
@given(Stretches.filter(bool), Rates)
def test_what_is_rasterised_once_is_on_the_grid(stretches: list[Stretch], fps: float) -> None:
    view = Rasterised(fps=fps)
    [once] = labels_of(view, marking(1, *stretches))
    places = [(place["start_us"], place["end_us"]) for place in once["places"]]
    if places:
        [again] = labels_of(view, marking(1, *places))
        names = ("values", "times_us", "places")
        assert [again[name] for name in names] == [once[name] for name in names]
