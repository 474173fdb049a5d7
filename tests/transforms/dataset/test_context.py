"""What was said before a turn, wherever the turns of its dialogue lie."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fitting import ALONE, Layout, fitted
from support.running import Row, samples

from affectory.transforms.dataset.context import Context

TALK = [
    {"dialogue": "d", "position": n, "speaker": f"p{n % 2}", "text": said}
    for n, said in enumerate(["Hi", "Ho", "Hm", "Ha"])
]


def contexts(rows: list[Row], turns: int = 3, layout: Layout = ALONE) -> list[list[tuple[str, str]] | None]:
    """Of each row who said what before it."""
    step = Context(turns=turns)
    table = samples(step, [{"kind": "text", **row} for row in rows])
    told, memory = fitted(step, table, layout=layout)
    assert memory.num_rows == 0
    made = step.setup()(table.append_column("_context", told.column("_context"))).rows
    assert made.schema.field("context").type == step.writes()["context"]
    found = made.column("context").to_pylist()
    assert all(place["kind"] == "turn" for places in found for place in places or ())
    return [places if places is None else [(p["who"], p["text"]) for p in places] for places in found]


def test_the_turns_before_are_told_oldest_first() -> None:
    assert contexts(TALK, turns=2) == [
        [],
        [("p0", "Hi")],
        [("p0", "Hi"), ("p1", "Ho")],
        [("p1", "Ho"), ("p0", "Hm")],
    ]


def test_positions_count_and_gaps_do_not() -> None:
    rows = [{**TALK[0], "position": 90}, {**TALK[1], "position": -5}, {**TALK[2], "position": 7}]
    assert contexts(rows) == [[("p1", "Ho"), ("p0", "Hm")], [], [("p1", "Ho")]]


def test_what_is_no_turn_has_no_context() -> None:
    rows = [
        TALK[0],
        {"text": "alone"},
        {**TALK[1], "position": None},
        {**TALK[1], "dialogue": None},
        {**TALK[1], "dialogue": "e"},
    ]
    assert contexts(rows) == [[], None, None, None, []]


def test_a_dialogue_of_one_source_is_not_that_of_another() -> None:
    assert contexts([TALK[0], {**TALK[1], "source": "other"}, TALK[2]]) == [[], [], [("p0", "Hi")]]


def test_sentences_of_a_turn_follow_each_other() -> None:
    parts = [
        {**TALK[0], "text": t, "sample_id": f"s_{t}", "anchor": {"record": "r", "char_start": c, "char_end": c + 2}}
        for t, c in (("b", 9), ("a", 2))
    ]
    assert contexts([TALK[1], *parts]) == [[("p0", "a"), ("p0", "b")], [("p0", "a")], []]


def test_a_turn_without_text_or_speaker_is_one() -> None:
    rows: list[dict[str, Any]] = [{**TALK[0], "text": None, "speaker": None}, TALK[1]]
    assert contexts(rows) == [[], [(None, None)]]
    assert contexts([]) == []


TURNS = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 9) | st.none()), max_size=20)


@settings(max_examples=8, deadline=None)
@given(TURNS, st.integers(1, 4), st.sampled_from([Layout(3), Layout(4, buckets=2)]))
def test_it_is_what_comes_before_and_no_layout_shows(turns: list[tuple[str, int]], count: int, layout: Layout) -> None:
    rows = [{"dialogue": d, "position": p, "text": f"{n:02}", "key": f"{n:02}"} for n, (d, p) in enumerate(turns)]
    ids = samples(Context(), [{"kind": "text", **row} for row in rows]).column("sample_id").to_pylist()
    ordered = sorted(range(len(rows)), key=lambda n: (turns[n][1] or 0, ids[n]))
    expected = []
    for n, (dialogue, position) in enumerate(turns):
        before = [m for m in ordered[: ordered.index(n)] if turns[m][0] == dialogue and turns[m][1] is not None]
        expected.append(None if None in (dialogue, position) else [(None, rows[m]["text"]) for m in before[-count:]])
    assert contexts(rows, count, layout) == expected


@pytest.mark.parametrize("turns", [0, 101])
def test_how_many_turns(turns: int) -> None:
    from pydantic import TypeAdapter, ValidationError

    with pytest.raises(ValidationError):
        TypeAdapter(Context).validate_python({"turns": turns})
