"""What raters said, for the one who decides: all that was said, by nobody whom."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reviewing import Review

from affectory.annotation.status.earlier import earlier, letter

ANGRY = {"weights": [0, 1, 0]}


def told(answer: Any = None, task: str = "t_1", start_us: int = 0, steps: int | None = 3, **given: Any) -> str:
    """The only text of one judgement, without who said it."""
    review = Review()
    review.judge(review.ask("s_1", "p_1"), "p_1", ANGRY if answer is None else answer, **given)
    [text] = earlier(review.inputs().judgements, task, steps=steps, start_us=start_us)
    assert text.startswith("Rater A: ")
    return text.removeprefix("Rater A: ")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (ANGRY, "anger"),
        ({"weights": [0.5, 0.5, 0]}, "joy, anger"),
        ({"weights": [0.75, 0.25, 0]}, "joy (75%), anger (25%)"),
        ({"weights": [0, 1, 0], "intensities": [None, 2, None]}, "anger (2 of 3)"),
        ({"intensities": [0, 2, None]}, "anger (2 of 3)"),
        ({"weights": [0, 0, 0]}, "none of the labels"),
        ({"vad": {"valence": -0.4, "arousal": 0.6}}, "valence -0.40, arousal 0.60"),
        ({"ranking": ["fear", "joy"]}, "fear before joy"),
        ({"preference": "left"}, "prefers left"),
        ({"words": ["uneasy", "tense"]}, "in words: uneasy, tense"),
        ({"trace": [{"at_us": 0, "value": 0.5}]}, "a trace of joy"),
    ],
)
def test_each_kind_of_answer_has_its_words(answer: Any, text: str) -> None:
    assert told(answer) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"confidence": 0.9}, "anger, confident"),
        ({"confidence": 0.5}, "anger, fairly sure"),
        ({"confidence": 0.1}, "anger, unsure"),
        ({"confidence": 0.9, "rationale": "She shouts."}, "anger, confident; because: She shouts."),
        ({"declined": "cannot judge"}, "could not judge"),
        ({"declined": "harmful"}, "called it harmful"),
        ({"occasion": "again"}, "the second time: anger"),
        (
            {"evidence": [{"kind": "cue", "start_us": 61_200_000, "end_us": 62_000_000}], "start_us": 60_000_000},
            "anger (points at 0:01.2 to 0:02.0)",
        ),
        ({"evidence": [{"kind": "cue", "char_start": 3, "char_end": 8}]}, "anger (points at characters 3 to 8)"),
        ({"anchor": {"record": "r", "start_us": 1_000_000, "end_us": 2_500_000}}, "0:01.0 to 0:02.5: anger"),
    ],
)
def test_what_stands_beside_an_answer_is_told(given: dict[str, Any], text: str) -> None:
    assert told(**given) == text


def test_one_person_is_one_text_and_who_says_nothing_is_none() -> None:
    review = Review()
    ask = review.ask("s_1", "p_1")
    review.judge(ask, "p_1", ANGRY)
    review.judge(ask, "p_1", {"vad": {"valence": -0.5}}, question="vad")
    review.judge(ask, "p_2", {}, declined="skipped")
    review.judge(ask, "model", ANGRY, rater_kind="model")
    review.judge(ask, "p_3", ANGRY, rater_kind="adjudicator")
    assert earlier(review.inputs().judgements, "t_1") == ("Rater A: anger, valence -0.50",)


def test_what_was_replaced_or_taken_back_is_not_told() -> None:
    review = Review()
    ask = review.ask("s_1", "p_1")
    first = review.judge(ask, "p_1", {"weights": [1, 0, 0]})
    review.judge(ask, "p_1", ANGRY, act=first["act"], revision=1, supersedes=first["judgement_id"])
    gone = review.judge(ask, "p_2", ANGRY)
    review.judge(ask, "p_2", ANGRY, act=gone["act"], revision=1, retracted=True)
    assert earlier(review.inputs().judgements, "t_1") == ("Rater A: anger",)


def many(raters: int = 6) -> pa.Table:
    review = Review()
    ask = review.ask("s_1", "p_1")
    for rater in range(raters):
        review.judge(ask, f"p_{rater:024x}", {"words": [f"word{rater}"]})
    return review.inputs().judgements


def test_letters_tell_nothing_from_one_task_to_the_next_and_are_the_same_each_time() -> None:
    orders = {task: earlier(many(), task) for task in ("t_1", "t_2", "t_3", "t_4")}
    assert len(set(orders.values())) == 4
    assert len({tuple(sorted(text[9:] for text in order)) for order in orders.values()}) == 1
    assert [text[:8] for text in orders["t_1"]] == [f"Rater {letter}:" for letter in "ABCDEF"]
    rows = many()
    turned = rows.take(pa.array(range(rows.num_rows))[::-1])
    assert earlier(turned, "t_1") == orders["t_1"]


@pytest.mark.parametrize(
    "why",
    ["as p_0123456789abcdef01234567 said", "ask bo.li+x@mail.example.org", "p_0123456789abcdef01234567@x.org"],
)
def test_names_in_reasons_are_left_out(why: str) -> None:
    text = told(rationale=why)
    assert "[…]" in text
    assert not any(part in text for part in ("0123456789", "bo.li", "x.org"))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=600))
def test_whatever_a_rater_writes_is_one_line_of_bounded_length(why: str) -> None:
    text = told(rationale=why)
    assert text.isprintable()
    assert len(text) <= 450


def test_letters_go_on_after_z() -> None:
    assert [letter(n) for n in (0, 25, 26, 27, 51, 52, 701, 702)] == ["A", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]
