"""Cutting where segments say, or where the recipe does."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from support.running import run

from affectory.schemas import ids
from affectory.transforms.base import Rejected
from affectory.transforms.media.cut import Cut


def segment(start_s: float, end_s: float, who: str | None = None, text: str | None = None, kind: str = "turn") -> Any:
    return {"kind": kind, "start_us": round(start_s * 1e6), "end_us": round(end_s * 1e6), "who": who, "text": text}


def cut(segments: Any = None, duration_s: float = 10.0, row: Any = None, **parameters: Any) -> list[Any]:
    given = {"kind": "video", "duration_s": duration_s, "segments": segments, **(row or {})}
    result = run(TypeAdapter(Cut).validate_python(parameters), [given])
    assert not result.failed
    return [*result.rows.to_pylist(), *result.rejected]


def spans(rows: list[Any]) -> list[tuple[float, float]]:
    return [(row["anchor"]["start_us"] / 1e6, row["anchor"]["end_us"] / 1e6) for row in rows]


TALK = [
    segment(1, 2, "anna", "Good morning."),
    segment(2.2, 3, "anna", "How are you?"),
    segment(3.1, 3.4, "ben", "Fine."),
    segment(6, 9, "anna"),
]


def test_a_sample_for_each_segment_with_who_speaks_and_what_is_said() -> None:
    found = cut(TALK)
    assert spans(found) == [(1, 2), (2.2, 3), (3.1, 3.4), (6, 9)]
    assert [row["speaker"] for row in found] == ["anna", "anna", "ben", "anna"]
    assert [row["text"] for row in found] == ["Good morning.", "How are you?", "Fine.", None]
    assert [len(row["segments"]) for row in found] == [1, 1, 1, 1]
    assert found[0]["sample_id"] == ids.sample_id("r_0", "time", 1_000_000, 2_000_000)
    assert (found[0]["parent"], found[0]["video"], found[0]["duration_s"]) == (ids.sample_id("r_0"), None, 1.0)


def test_what_the_segments_do_not_say_stays() -> None:
    (row,) = cut([segment(1, 2)], row={"speaker": "carl", "text": "all of it"})
    assert (row["speaker"], row["text"]) == ("carl", "all of it")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"merge_gap_s": 0.2}, [(1, 3), (3.1, 3.4), (6, 9)]),
        ({"merge_gap_s": 5}, [(1, 3), (3.1, 3.4), (6, 9)]),
        ({"pad_s": 0.5}, [(0.5, 2.5), (1.7, 3.5), (2.6, 3.9), (5.5, 9.5)]),
        ({"pad_s": 2}, [(0, 4), (0.2, 5), (1.1, 5.4), (4, 10)]),
        ({"min_s": 0.5}, [(1, 2), (2.2, 3), (6, 9)]),
        ({"max_s": 1.5}, [(1, 2), (2.2, 3), (3.1, 3.4), (6, 7.5), (7.5, 9)]),
        ({"min_s": 1, "max_s": 1}, [(1, 2), (6, 7), (7, 8), (8, 9)]),
    ],
)
def test_lengths(parameters: Any, expected: list[tuple[float, float]]) -> None:
    assert spans(cut(TALK, **parameters)) == expected


def test_merged_turns_say_all_that_was_said() -> None:
    row = cut(TALK, merge_gap_s=0.2)[0]
    assert (row["speaker"], row["text"]) == ("anna", "Good morning. How are you?")
    assert [s["start_us"] for s in row["segments"]] == [1_000_000, 2_200_000]


def test_only_segments_of_wanted_kinds() -> None:
    mixed = [segment(0, 10, kind="scene"), *TALK]
    assert spans(cut(mixed, kinds=["scene"])) == [(0, 10)]


def test_segments_are_cut_to_their_sample() -> None:
    anchor = {"start_us": 1_500_000, "end_us": 3_200_000}
    assert spans(cut(TALK, row={"anchor": anchor})) == [(1.5, 2), (2.2, 3), (3.1, 3.2)]
    assert spans(cut(TALK, duration_s=7)) == [(1, 2), (2.2, 3), (3.1, 3.4), (6, 7)]


def test_one_sample_for_one_stretch() -> None:
    found = cut([segment(1, 2, "anna", "Hello", "turn"), segment(1, 2, kind="speech")])
    assert spans(found) == [(1, 2)] and [s["kind"] for s in found[0]["segments"]] == ["turn", "speech"]


def test_at_given_times() -> None:
    assert spans(cut(at=[[0, 1.5], [8, 12], [20, 21]])) == [(0, 1.5), (8, 10)]


@pytest.mark.parametrize(
    ("segments", "parameters", "detail"),
    [
        (None, {}, "it has no segments: a source's `segments`, or a step such as `speech` before, gives them"),
        ([segment(20, 30)], {}, "none of its 1 segments lies in it"),
        (TALK, {"kinds": ["music"]}, "none of its 4 segments lies in it and is of these kinds"),
        (TALK, {"min_s": 5}, "all 4 are shorter than 5 s"),
        (None, {"at": [[20, 21]]}, "none of the times of `at` lies in it"),
    ],
)
def test_without_a_stretch_there_is_no_sample(segments: Any, parameters: Any, detail: str) -> None:
    assert cut(segments, **parameters) == [Rejected(0, "no_segments", detail)]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"at": [[2, 1]]}, r"\[2, 1\] ends before it begins"),
        ({"at": [[1, 2]], "kinds": ["turn"]}, "kinds chooses among segments"),
        ({"min_s": 3, "max_s": 2}, "max_s 2 is less than min_s 3"),
    ],
)
def test_parameters_that_contradict_each_other(given: Any, error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        TypeAdapter(Cut).validate_python(given)
