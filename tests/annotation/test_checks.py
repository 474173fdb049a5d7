"""Answers that are put aside, each with what is wrong with it, and that none brings anything down."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forms import FORMS, answered_result, asking, shown

from affectory.annotation.checks import MOST_ITEMS, floor
from affectory.annotation.form import Form
from affectory.annotation.shown import Shown
from affectory.schemas.recipe.review import Floors

ANY = Floors(text=0, media=0)
TEXT = asking("text", ("categories", {"intensity": 3}), ("cues", {"of": ("cause",)}), "confidence", "reason")
GOOD: dict[str, Any] = {"categories": ["joy"], "strength_3": 2, "confidence": 3}


def item(name: str, kind: str, value: Any, to: str = "text") -> dict[str, Any]:
    return {"id": "a", "from_name": name, "to_name": to, "type": kind, "value": value}


def problems(form: Form, about: Shown, result: Any, spent_s: float | None = None, floors: Floors = ANY) -> str:
    found = form.read(result, about, spent_s, floors)
    assert not (found.problems and found.answers)
    return "; ".join(found.problems)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (item("mood", "choices", {"choices": ["joy"]}), "no question 'mood'"),
        ({"value": {}}, "an answer to nothing"),
        (item("categories", "choices", {"choices": ["joy"]}), "categories: answered twice"),
        (item("reason", "choices", {"choices": ["joy"]}), "reason: an answer of another kind"),
        (item("reason", "textarea", {"text": ["x"]}, "audio"), "reason: an answer of another kind"),
        (item("reason", "textarea", None), "reason: an answer without a value"),
        (item("reason", "textarea", {"text": ["x" * 5000]}), "more than 4000 characters"),
        (item("reason", "textarea", {"text": ["\ud800"]}), "no character"),
        (item("reason", "textarea", {"text": ["a", "b"]}), "at most 1"),
        (item("strength_0", "rating", {"rating": 4}), "strength_0: the step is 4"),
        (item("strength_0", "rating", {"rating": 1.5}), "not whole"),
        (item("strength_0", "rating", {"rating": True}), "no number"),
        (item("strength_0", "rating", {"rating": float("nan")}), "no number"),
        (item("strength_0", "rating", {"rating": 10**400}), "cannot be read"),
        (item("cues", "labels", {"start": 0, "end": 4, "labels": ["wish"]}), "no label 'wish'"),
        (item("cues", "labels", {"start": 0, "end": 4, "text": "Wall", "labels": ["cause"]}), "not the text"),
        (item("cues", "labels", {"start": 4, "end": 4, "labels": ["cause"]}), "a span that is none"),
        (item("cues", "labels", {"start": 0, "end": 4000, "labels": ["cause"]}), "ends at character 4000"),
        (item("cues", "labels", {"start": "a", "end": "b", "labels": ["cause"]}), "a span that is none"),
    ],
)
def test_one_wrong_answer_puts_the_whole_annotation_aside(more: Any, told: str) -> None:
    result = [*answered_result(TEXT, shown("text"), GOOD), more]
    assert told in problems(TEXT, shown("text"), result)


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ("categories", "no emotion is chosen"),
        ("strength_3", "not said how strong: joy"),
        ("confidence", "not said how sure"),
    ],
)
def test_what_is_required_is_missed(left: str, told: str) -> None:
    said = {name: value for name, value in GOOD.items() if name != left}
    assert told in problems(TEXT, shown("text"), answered_result(TEXT, shown("text"), said))


@pytest.mark.parametrize("name", FORMS)
def test_an_empty_annotation_is_no_answer_where_something_is_required(name: str) -> None:
    form, about = FORMS[name]
    assert problems(form, about, [])


def test_marks_without_an_answer_are_no_evidence_of_anything() -> None:
    form = asking("text", ("categories", {"required": False}), "cues")
    assert problems(form, shown("text"), answered_result(form, shown("text"), {"cues": [((0, 4), ["cue"])]}))


def test_a_trace_is_answered_on_its_own_page() -> None:
    form = asking("video", "trace")
    assert problems(form, shown("video"), answered_result(form, shown("video"), {"trace": ["drawn"]})) == ""
    assert "not said to be drawn" in problems(form, shown("video"), [])


def test_how_strong_what_was_not_chosen_would_be_is_left_out() -> None:
    result = answered_result(TEXT, shown("text"), {**GOOD, "strength_0": 3})
    (answer,) = TEXT.read(result, shown("text"), None, ANY).answers
    assert answer.answer["intensities"] == [None, None, None, 2.0, None, None, None]


def test_two_labels_are_no_single_choice() -> None:
    result = [item("categories", "choices", {"choices": ["joy", "fear"]})]
    assert "2 labels are chosen where one is asked for" in problems(TEXT, shown("text"), result)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [(0.0, 2.04, ""), (0.0, 2.2, "past the end"), (1.0, 1.0, "ends"), (1.5, 1.0, "ends"), (-1.0, 1.0, "scale")],
)
def test_stretches_of_sound_lie_in_it(start: float, end: float, told: str) -> None:
    form = asking("audio", "times")
    result = [item("times", "labels", {"start": start, "end": end, "labels": ["joy"]}, "audio")]
    found = problems(form, shown("audio"), result)
    assert told in found and bool(found) == bool(told)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [(1, 50, ""), (1, 51, ""), (1, 52, "past the end"), (0, 4, "no stretch"), (5, 4, "no stretch"), (1.5, 4, "no")],
)
def test_frames_lie_in_the_video(first: Any, last: Any, told: str) -> None:
    form = asking("video", "times")
    value = {"ranges": [{"start": first, "end": last}], "timelinelabels": ["joy"]}
    found = problems(form, shown("video"), [item("times", "timelinelabels", value, "video")])
    assert told in found and bool(found) == bool(told)


@pytest.mark.parametrize(
    ("box", "told"),
    [
        ((0, 0, 100, 100), ""),
        ((-0.3, 0, 50, 50), ""),
        ((-3, 0, 50, 50), "a box's x is -3"),
        ((60, 0, 50, 50), "reaches out of the picture"),
        ((10, 10, 0, 5), "without size"),
        ((10, 10, "5", 5), "no number"),
    ],
)
def test_boxes_lie_in_the_picture(box: tuple[Any, ...], told: str) -> None:
    form = asking("image", "faces")
    value = {**dict(zip(("x", "y", "width", "height"), box, strict=True)), "rectanglelabels": ["joy"]}
    found = problems(form, shown("image"), [item("faces", "rectanglelabels", value, "image")])
    assert told in found and bool(found) == bool(told)


def test_one_place_is_marked_once() -> None:
    form = asking("audio", "times")
    said = {"times": [((0.0, 1.0), ["joy"]), ((0.0, 1.0), ["fear"])]}
    assert "marked twice" in problems(form, shown("audio"), answered_result(form, shown("audio"), said))


def test_a_word_above_the_finest_is_none_of_them() -> None:
    form, about = FORMS["tree"]
    result = [item("tree", "taxonomy", {"taxonomy": [["joy"]]})]
    assert "tree: no branch" in problems(form, about, result)


@pytest.mark.parametrize(
    ("kind", "spent_s", "told"),
    [
        ("text", 0.5, "answered in 0.5 s, and it takes 0.7 s at least"),
        ("text", 0.8, ""),
        ("text", None, ""),
        ("text", -1.0, "a time of -1 s"),
        ("text", float("nan"), "a time of nan s"),
        ("video", 0.9, "it takes 1.0 s at least"),
        ("video", 1.1, ""),
    ],
)
def test_nobody_answers_faster_than_it_can_be_seen(kind: str, spent_s: float | None, told: str) -> None:
    form = asking(kind, "categories")
    result = answered_result(form, shown(kind), {"categories": ["joy"]})
    found = problems(form, shown(kind), result, spent_s, Floors())
    assert told in found and bool(found) == bool(told)


def test_both_sides_of_a_pair_take_their_time() -> None:
    pair = Shown("s", "pair", {}, sides=(shown("video"), shown("text")))
    assert floor(pair, Floors()) == pytest.approx(1.0 + 0.7)


def test_a_flood_is_not_looked_at() -> None:
    assert f"at most {MOST_ITEMS}" in problems(TEXT, shown("text"), [{}] * (MOST_ITEMS + 1))


def test_of_many_problems_some_are_told() -> None:
    assert "and 92 more" in problems(TEXT, shown("text"), [{}] * 100)


def test_a_tie_between_marks_is_nobodys_answer() -> None:
    result = [*answered_result(TEXT, shown("text"), GOOD), {"type": "relation", "from_id": "a", "to_id": "b"}]
    assert problems(TEXT, shown("text"), result) == ""


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=5), inside, max_size=4),
    max_leaves=12,
)
_KEYS = ("start", "end", "x", "y", "width", "height", "rotation", "text", "number", "rating", "choices", "labels",
         "taxonomy", "ranges", "rectanglelabels", "timelinelabels", "globalOffsets")  # fmt: skip
value = st.dictionaries(st.sampled_from(_KEYS), anything, max_size=6) | anything


@st.composite
def nearly(draw: st.DrawFn, form: Form) -> dict[str, Any]:
    """Something that looks like an answer to a question of the form."""
    control = draw(st.sampled_from(sorted(form.controls)))
    known = form.controls[control]
    return item(control, draw(st.sampled_from([known.type, "choices"])), draw(value), known.to)


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=25)
@given(data=st.data())
def test_nothing_brings_it_down(name: str, data: st.DataObject) -> None:
    form, about = FORMS[name]
    result = data.draw(st.lists(nearly(form) | anything, max_size=5) | anything)
    spent = data.draw(st.none() | st.floats())
    found = form.read(result, about, spent, ANY)
    assert not (found.problems and found.answers)
