"""Parts of a sample keep what was found in them, and not what was found elsewhere in the whole."""

from typing import Any

import pyarrow as pa
import pytest
from support.running import samples

from affectory.schemas.types import PLACES
from affectory.transforms.media.cut import Cut
from affectory.transforms.media.windows import Windows

TIMED = [(0, 2), (1, 3), (2, 2), (3, 5), (4, 4)]


def place(kind: str, *seconds: int, chars: tuple[int, int] | None = None, text: str | None = None) -> dict[str, Any]:
    start, end = (s * 1_000_000 for s in seconds) if seconds else (None, None)
    first, last = chars or (None, None)
    return {"kind": kind, "start_us": start, "end_us": end, "char_start": first, "char_end": last, "text": text}


def parts(step: Any, row: dict[str, Any], **notes: Any) -> list[dict[str, Any]]:
    table = samples(step, [{"kind": "audio", "text": "good morning"}, {"kind": "audio", "duration_s": 6.0, **row}])
    for name, places in notes.items():
        table = table.append_column(name, pa.array([None, places], PLACES))
    result = step.setup()(table)
    assert [x.row for x in result.rejected] == [0] and result.rows.column_names == table.column_names
    rows: list[dict[str, Any]] = result.rows.to_pylist()
    return rows


def times(places: Any) -> list[tuple[int, int]]:
    return [(p["start_us"] // 1_000_000, p["end_us"] // 1_000_000) for p in places]


@pytest.mark.parametrize("step", [Windows(length_s=2), Cut(at=((0, 2), (2, 4), (4, 6)))])
def test_places_lie_in_the_part_by_time(step: Any) -> None:
    found = parts(step, {}, heard=[place("word", *at) for at in TIMED])
    assert [times(row["heard"]) for row in found if row["anchor"]["record"] == "r_1"] == [
        [(0, 2), (1, 3)],
        [(1, 3), (2, 2), (3, 5)],
        [(3, 5), (4, 4)],
    ]


def test_segments_of_a_window_are_its_own() -> None:
    found = parts(Windows(length_s=3), {"segments": [place("speech", *at) for at in TIMED]})
    assert [times(row["segments"]) for row in found] == [TIMED[:3], TIMED[3:]]


def test_what_knows_no_time_and_what_there_is_none_of_stays() -> None:
    row = {"segments": [place("turn", 0, 2)], "text": "all of it"}
    (found,) = parts(Cut(), row, held=[place("object")], unknown=None, nothing=[])
    assert [p["kind"] for p in found["held"]] == ["object"]
    assert found["unknown"] is None and found["nothing"] == []


def test_characters_are_those_of_the_text_that_the_part_has() -> None:
    words = [place("word", 0, 1, chars=(0, 4)), place("word", 4, 5, chars=(5, 12)), place("name", chars=(5, 12))]
    (first,) = parts(Cut(), {"text": "good morning", "segments": [place("turn", 0, 2, text="good")]}, words=words)
    assert [(p["char_start"], p["char_end"]) for p in first["words"]] == [(None, None)]
    (other,) = parts(Cut(), {"text": "good morning", "segments": [place("turn", 4, 6)]}, words=words)
    assert (other["text"], [p["char_start"] for p in other["words"]]) == ("good morning", [5, 5])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Windows(length_s=6), ["all of it"]),
        (Windows(length_s=3), [None, None]),
        (Cut(at=((0, 2),)), ["all of it"]),
        (Cut(at=((0, 2), (2, 4))), [None, None]),
    ],
)
def test_what_is_said_in_the_whole_is_not_what_is_said_in_each_part(step: Any, expected: list[str | None]) -> None:
    found = parts(step, {"text": "all of it"})
    assert [row["text"] for row in found if row["anchor"]["record"] == "r_1"] == expected


def test_words_of_a_segment_that_is_cut_through_belong_to_neither_side() -> None:
    found = parts(
        Cut(max_s=2), {"segments": [place("turn", 0, 1, text="Hello."), place("turn", 1, 5, text="So it is.")]}
    )
    assert [row["text"] for row in found] == ["Hello.", None, None]
