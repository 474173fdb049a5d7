"""Spans of several raters brought together: causes of an emotion in the turns of a dialogue."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import Row, labels_of, opinion

from affectory.transforms.views.span_union import SpanUnion

Place = dict[str, Any]


def span(start: int, end: int, record: str | None = None, kind: str = "cause") -> Place:
    return {"kind": kind, "record": record, "char_start": start, "char_end": end}


def turn(record: str | None = None, kind: str = "cause") -> Place:
    """A turn that is pointed at as a whole."""
    return {"kind": kind, "record": record}


def pointing(number: int, *places: Place, **given: Any) -> Row:
    return opinion(number, evidence=list(places) or None, **given)


def third(number: int, *places: Place) -> Row:
    return pointing(number, *places, rater_kind="adjudicator")


def found(*rows: Row, view: SpanUnion | None = None) -> tuple[list[tuple[str, int | None, int | None]], str | None]:
    """Record and characters of each place, and the state."""
    [label] = labels_of(view or SpanUnion(), *rows)
    places = [(name, p["char_start"], p["char_end"]) for name, p in zip(label["names"], label["places"], strict=True)]
    return places, label["state"]


UNDECIDED = "1 place undecided: fewer than 2 raters point there, and no adjudicator decides"


@pytest.mark.parametrize(
    ("rows", "places", "state"),
    [
        ([pointing(1, span(0, 10)), pointing(2, span(5, 20))], [("", 0, 20)], None),
        ([pointing(1, span(0, 5)), pointing(2, span(3, 9)), pointing(3, span(8, 12))], [("", 0, 12)], None),
        ([pointing(1, span(0, 5)), pointing(2, span(0, 5)), pointing(3, span(5, 9))], [("", 0, 5)], UNDECIDED),
        ([pointing(1, span(0, 5, "t1")), pointing(2, span(0, 5, "t2"))], [], UNDECIDED.replace("1 place", "2 places")),
        ([pointing(1, span(0, 5, "t1")), pointing(2, span(2, 5, "t1"))], [("t1", 0, 5)], None),
        ([pointing(1, span(0, 5), span(2, 8)), pointing(2)], [], UNDECIDED),
        ([pointing(1, span(0, 5)), pointing(2, span(0, 5, kind="cue"))], [], UNDECIDED.replace("1 place", "2 places")),
    ],
    ids=["overlap", "chain", "beside", "other turns", "same turn", "one rater twice", "other kinds"],
)
def test_what_overlaps_is_united_where_two_point(rows: list[Row], places: list[Any], state: str | None) -> None:
    assert found(*rows) == (places, state)


def test_an_adjudicator_decides_between_spans_that_do_not_overlap_and_the_shorter_is_taken() -> None:
    raters = [pointing(1, span(0, 10)), pointing(2, span(20, 30))]
    assert found(*raters, third(3, span(18, 32))) == ([("", 20, 30)], None)
    assert found(*raters, third(3, span(22, 26))) == ([("", 22, 26)], None)
    assert found(*raters, third(3, span(0, 10), span(20, 30))) == ([("", 0, 10), ("", 20, 30)], None)


def test_an_adjudicator_may_point_elsewhere_and_what_he_leaves_out_is_decided_too() -> None:
    raters = [pointing(1, span(0, 10, "t1")), pointing(2, span(0, 10, "t2"))]
    assert found(*raters, third(3, span(4, 8, "t3"))) == ([("t3", 4, 8)], None)


def test_what_an_adjudicator_takes_of_two_spans_is_one_place() -> None:
    raters = [pointing(1, span(0, 10)), pointing(2, span(6, 30))]
    assert found(*raters, third(3, span(6, 10)), view=SpanUnion(overlap=0.5)) == ([("", 6, 10)], None)


def test_two_raters_need_no_adjudicator() -> None:
    rows = [pointing(1, span(0, 10)), pointing(2, span(5, 20)), third(3, span(6, 7))]
    assert found(*rows) == ([("", 0, 20)], None)


def test_how_much_must_be_shared_is_a_parameter() -> None:
    half = SpanUnion(overlap=0.5)
    assert found(pointing(1, span(0, 10)), pointing(2, span(6, 30)), view=half)[0] == []
    assert found(pointing(1, span(0, 10)), pointing(2, span(5, 30)), view=half)[0] == [("", 0, 30)]


def test_a_turn_that_is_pointed_at_as_a_whole_is_a_place() -> None:
    rows = [pointing(1, turn("t1"), turn(kind="background")), pointing(2, turn("t1"), turn("t2"))]
    places, state = found(*rows)
    assert (places, state) == ([("t1", None, None)], UNDECIDED.replace("1 place", "2 places"))


def test_values_say_how_many_of_those_who_were_asked_point_there() -> None:
    rows = [pointing(1, span(0, 9)), pointing(2, span(0, 9)), pointing(3), pointing(4, span(0, 3))]
    [label] = labels_of(SpanUnion(), *rows)
    assert (label["values"], label["space"], label["count"]) == ([0.75], "multi-label", 4)
    assert label["places"][0]["score"] == 0.75


def test_who_was_asked_something_else_does_not_count() -> None:
    other = opinion(3, [1, 0, 0])
    other["asked"] = {**other["asked"], "question": "how strong"}
    [label] = labels_of(SpanUnion(), pointing(1, span(0, 9)), pointing(2, span(0, 9)), other)
    assert (label["values"], label["count"]) == ([1], 2)


def test_stretches_of_time_are_united_as_well() -> None:
    spots = [{"kind": "cue", "start_us": a, "end_us": b} for a, b in ((0, 10), (5, 20))]
    [label] = labels_of(SpanUnion(), *(pointing(n, spot) for n, spot in enumerate(spots)))
    [place] = label["places"]
    assert (place["start_us"], place["end_us"], place["char_start"], place["kind"]) == (0, 20, None, "cue")


@pytest.mark.parametrize("odd", [span(5, 5), span(9, 3), {"kind": "face", "box": [0.0, 0.0, 1.0, 1.0]}])
def test_what_is_no_stretch_is_left_out_and_where_nothing_is_one_it_says_so(odd: Place) -> None:
    assert found(pointing(1, odd), pointing(2, odd)) == ([], "nothing that was pointed at is a stretch")
    assert found(pointing(1, odd), pointing(2, span(0, 5)), pointing(3, span(0, 5))) == ([("", 0, 5)], None)


def test_where_nobody_points_there_is_no_label() -> None:
    assert labels_of(SpanUnion()) == labels_of(SpanUnion(), opinion(1, [1, 0, 0]), pointing(2)) == []


Spans = st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from([None, "t1"])).map(
    lambda s: span(s[0], s[0] + s[1], s[2])
)


@settings(max_examples=60)
@given(st.lists(st.lists(Spans, max_size=3), max_size=5), st.integers(1, 3), st.randoms())
def test_laws(given: list[list[Place]], least: int, random: Any) -> None:
    rows = [pointing(n, *places) for n, places in enumerate(given)]
    view = SpanUnion(least=least)
    labels = labels_of(view, *rows)
    assert labels_of(view, *random.sample(rows, len(rows))) == labels
    for label in labels:
        places = [(n, p["char_start"], p["char_end"]) for n, p in zip(label["names"], label["places"], strict=True)]
        for name, start, end in places:
            backing = {r for r, spots in enumerate(given) for s in spots if within(s, name, start, end)}
            assert len(backing) >= least, "nothing that too few raters point at"
        assert places == sorted(places)
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(places)), "apart"
    if least == 1:
        said = {(s["record"] or "", c) for spots in given for s in spots for c in range(s["char_start"], s["char_end"])}
        kept = {(n, c) for label in labels for n, p in zip(label["names"], label["places"], strict=True)
                for c in range(p["char_start"], p["char_end"])}  # fmt: skip
        assert kept == said, "all that anybody points at"


def within(spot: Place, name: str, start: int, end: int) -> bool:
    return (spot["record"] or "") == name and start <= spot["char_start"] and spot["char_end"] <= end
