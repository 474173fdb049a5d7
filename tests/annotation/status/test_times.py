"""How long raters take, by kind and rater."""

import pytest
from support.reviewing import Review


def test_times_are_of_answers_that_were_taken() -> None:
    review = Review()
    for place, (kind, seconds) in enumerate([("text", 2.0), ("text", 4.0), ("audio", 30.0)]):
        review.says(review.ask(f"s_{place}", "p_1", kind=kind), "joy", spent_s=seconds)
    review.back(review.ask("s_9", "p_1", kind="text"), verdict="refused", spent_s=0.1, why="too quick")
    review.back(review.ask("s_8", "p_2", kind="text"), spent_s=None)
    times = review.status().times
    assert (times.total.count, times.total.median_s) == (3, 4.0)
    assert [(took.name, took.median_s) for took in times.kinds] == [("audio", 30.0), ("text", 3.0)]
    assert [(took.name, took.p90_s) for took in times.raters] == [("p_1", pytest.approx(24.8))]


def test_where_no_time_is_known_none_is_told() -> None:
    review = Review()
    review.back(review.ask("s_1", "p_1"), spent_s=None)
    assert review.status().times.total is None
    assert "no time is known" in review.status().as_text()
