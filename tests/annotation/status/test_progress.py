"""Each ask is answered, declined, put aside, left or closed, and nothing else; and when a review will end."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reviewing import BEGIN, Review

from affectory.annotation.status.matching import matched
from affectory.annotation.status.progress import Count, ending, progress

DAY = 86_400.0


def total(review: Review) -> Count:
    return progress(*matched(review.inputs())).total


@pytest.mark.parametrize(
    ("verdict", "more", "state", "reason"),
    [
        ("taken", {}, "answered", ""),
        ("declined", {"why": "harmful"}, "declined", "harmful"),
        ("declined", {"state": "skipped"}, "declined", "skipped"),
        ("refused", {"why": "too quick"}, "refused", "too quick"),
        ("retracted", {"why": "deleted in Label Studio"}, "left", ""),
    ],
)
def test_what_came_back_is_what_becomes_of_an_ask(verdict: str, more: dict[str, str], state: str, reason: str) -> None:
    review = Review()
    review.back(review.ask("s_1", "p_1"), verdict=verdict, **more)
    [asks, _] = matched(review.inputs())
    assert (asks.state.tolist(), asks.reason.tolist()) == ([state], [reason])
    assert total(review).retracted == (verdict == "retracted")


def test_what_nobody_answered_is_left_until_it_is_closed_and_open_again_when_it_is_opened() -> None:
    review = Review()
    ask = review.ask("s_1", "p_1")
    assert (total(review).left, total(review).closed) == (1, 0)
    review.again(ask, "gone")
    found = progress(*matched(review.inputs()))
    assert (found.total.left, found.total.closed, found.closed) == (0, 1, {"gone": 1})
    review.again(ask, None)
    assert (total(review).left, total(review).closed) == (1, 0)


def test_an_answer_counts_though_its_ask_was_closed_meanwhile() -> None:
    review = Review()
    ask = review.ask("s_1", "p_1")
    review.says(ask, "joy")
    review.again(ask, "known well enough")
    assert (total(review).answered, total(review).closed) == (1, 0)


def test_whoever_comes_fills_one_place_each_and_the_next_is_beyond_what_was_asked() -> None:
    review = Review()
    places = [review.ask("s_1") for _ in range(2)]
    for rater in ("p_1", "p_2", "p_3"):
        review.says(places[0], "joy", rater=rater)
    found = progress(*matched(review.inputs()))
    assert (found.total.answered, found.total.left, found.beyond) == (2, 0, 1)
    assert [count.name for count in found.raters] == ["p_1", "p_2"]


def test_who_was_asked_comes_before_whoever_comes() -> None:
    review = Review()
    named, anybody = review.ask("s_1", "p_1"), review.ask("s_1")
    review.says(anybody, "joy", rater="p_2")
    review.says(named, "joy")
    [asks, returns] = matched(review.inputs())
    by_ask = {asks.rater[row]: returns.rater[back] for row, back in enumerate(asks.back)}
    assert by_ask == {"p_1": "p_1", "p_2": "p_2"}


def test_of_several_annotations_by_one_person_the_newest_answer_counts_and_a_skip_undoes_none() -> None:
    review = Review()
    ask = review.ask("s_1", "p_1")
    review.says(ask, "joy")
    review.back(ask, verdict="refused", why="too quick")
    review.back(ask, verdict="declined", state="skipped")
    assert (total(review).refused, total(review).answered, total(review).asked) == (1, 0, 1)


def test_who_left_and_took_all_back_has_answered_nothing() -> None:
    review = Review()
    review.says(review.ask("s_1", "p_1"), "joy")
    review.says(review.ask("s_1", "p_2"), "joy")
    first = review.judgements[0]
    review.judgements.append({**first, "judgement_id": "j_gone", "revision": 1, "retracted": True})
    assert (total(review).answered, total(review).left, total(review).retracted) == (1, 1, 1)
    assert [figure.ratings for figure in review.status().agreement.figures] == [1] * 4


def test_the_last_state_of_an_annotation_counts_and_nothing_undoes_that_it_was_deleted() -> None:
    review = Review()
    ask = review.ask("s_1", "p_1")
    first = review.says(ask, "joy")
    review.back(ask, verdict="refused", why="no such label", annotation=first["annotation"])
    assert total(review).refused == 1
    review.back(ask, verdict="retracted", annotation=first["annotation"], updated=first["updated"])
    assert (total(review).refused, total(review).left, total(review).retracted) == (0, 1, 1)


verdicts = st.sampled_from(["taken", "declined", "refused", "retracted"])
acts = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["p_1", "p_2", "p_3", ""]), verdicts), max_size=25)


@settings(max_examples=30, deadline=None)
@given(
    asked=st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["p_1", "p_2", None])), min_size=1, max_size=10),
    acts=acts,
    closed=st.lists(st.integers(0, 9), max_size=5),
    order=st.randoms(use_true_random=False),
)
def test_nothing_is_lost_or_counted_twice(asked, acts, closed, order) -> None:
    review = Review()
    asks = [review.ask(f"s_{sample}", rater, purpose="second" if sample else "gold") for sample, rater in asked]
    for place, rater, verdict in acts:
        review.back(asks[place % len(asks)], rater or None, verdict=verdict)
    for place in closed:
        review.again(asks[place % len(asks)], "gone")
    found = progress(*matched(review.inputs()))
    for counts in ((found.total,), found.questions, found.kinds, found.raters, found.purposes):
        assert sum(count.asked for count in counts) == len(asks)
        for count in counts:
            assert count.asked == count.answered + count.declined + count.refused + count.left + count.closed
    assert sum(found.declined.values()) == found.total.declined
    assert sum(found.refused.values()) == found.total.refused
    order.shuffle(review.asks)
    order.shuffle(review.returns)
    assert progress(*matched(review.inputs())) == found, "the order of the ledgers tells nothing"


def test_answers_by_day_have_their_gaps() -> None:
    review = Review()
    for place, days in enumerate((0, 0, 3)):
        moment = BEGIN.replace(day=2 + days).isoformat()
        review.says(review.ask(f"s_{place}", "p_1"), "joy", updated=moment)
    days = progress(*matched(review.inputs())).days
    assert days == (
        (date(2026, 11, 2), 2),
        (date(2026, 11, 3), 0),
        (date(2026, 11, 4), 0),
        (date(2026, 11, 5), 1),
    )


def moments(days: int, a_day: int) -> np.ndarray:
    return np.concatenate([day * DAY + np.linspace(0, DAY, a_day, endpoint=False) for day in range(days)])


def test_a_steady_pace_foretells_the_end() -> None:
    found = ending(moments(10, 24), 240)
    assert found.a_day == pytest.approx(24, rel=0.01)
    assert (found.ends, found.soonest <= found.ends <= found.latest) == (date(1970, 1, 20), True)


def test_days_without_answers_put_the_end_off() -> None:
    late = ending(moments(10, 24), 240, today=date(1970, 1, 15))
    assert late.ends > ending(moments(10, 24), 240).ends
    assert late.latest > late.ends


@pytest.mark.parametrize(
    ("began", "left", "text"),
    [
        (moments(10, 24), 0, "nothing is left"),
        (np.zeros(0), 5, "nobody has answered yet"),
        (moments(1, 24), 5, "too early to tell when it ends: 24 answers so far"),
        (moments(5, 1), 5, "too early to tell when it ends: 5 answers so far"),
    ],
)
def test_where_nothing_can_be_foretold_it_is_said(began: np.ndarray, left: int, text: str) -> None:
    assert (ending(began, left).ends, text in ending(began, left).text) == (None, True)
