"""What a person left is found wherever it stands, and taken out of what others said without the rest of it."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.pipelines.forget.traces import REMOVED, Finder, Traces, spellings, texts_in

ID, OTHER = "r_" + "ab" * 12, "r_" + "cd" * 12
WORDS = 'What I said, "quietly",\nto nobody — ever.'
FINDER = Finder(frozenset((ID,)), spellings((WORDS,), 12))

plain = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.sampled_from((ID, OTHER, WORDS, f"So: {WORDS}")))
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60)
@given(values, st.booleans())
def test_nothing_is_left_in_a_value_however_deep_it_lay(value: Any, as_json: bool) -> None:
    given_ = json.dumps({"x": value}, ensure_ascii=False) if as_json else value
    assert not FINDER.in_value(FINDER.without(given_))


@settings(max_examples=40)
@given(values)
def test_a_value_without_them_stays_as_it_is(value: Any) -> None:
    if not FINDER.in_value(value):
        assert FINDER.without(value) == value


def test_places_in_records_of_theirs_go_and_those_of_others_stay() -> None:
    places = [{"record": ID, "start_us": 1}, {"record": OTHER, "start_us": 2}]
    assert FINDER.without(places) == [{"record": OTHER, "start_us": 2}]


def test_words_go_out_of_what_was_shown_and_the_rest_stays() -> None:
    shown = json.dumps({"text": "Mine.", "context": [["A", WORDS], ["B", "Yours."]]})
    assert json.loads(FINDER.without(shown)) == {"text": "Mine.", "context": [["A", REMOVED], ["B", "Yours."]]}


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["", ID]),
        pa.array([None, f"speaker:{ID}"]),
        pa.array([["a"], ["b", ID]]),
        pa.array([None, {"a": {"b": ID}}]),
        pa.array([[], [("k", ID)]], pa.map_(pa.string(), pa.string())),
        pa.array([None, f"before {WORDS} after"], pa.large_string()),
        pa.array(["", json.dumps({"text": WORDS})]),
    ],
    ids=str,
)
def test_the_row_is_found_in_any_kind_of_column(column: pa.Array) -> None:
    table = pa.table({"x": pa.nulls(2, pa.int64()), "y": column})
    assert FINDER.in_table(table) and FINDER.rows(table).tolist() == [False, True]


def test_ids_that_stand_side_by_side_are_not_taken_for_one_of_theirs() -> None:
    halves = pa.table({"x": [ID[:14], ID[14:]]})
    assert not FINDER.in_table(halves)


def test_short_words_are_anybodys() -> None:
    assert spellings(("Yes.",), 12) == ()


def test_copies_that_were_cut_short_are_found() -> None:
    assert Finder(frozenset(), spellings(("x" * 300,), 12)).in_text("x" * 100)


def test_traces_are_taken_up_again_as_they_were() -> None:
    traces = Traces("p_" + "0" * 20, "why", "1", records=(ID,), words=(WORDS,), files=("media/a.png",))
    assert Traces.from_json(traces.to_json()) == traces
    assert {"a.png", "a", ID, traces.person} <= set(traces.marks)


def test_all_strings_of_a_value_are_seen() -> None:
    assert sorted(texts_in({"a": ["b", ("c", None)], "d": 1})) == ["a", "b", "c", "d"]
