"""The state of a review in a terminal, as plain data, and what was put aside as a table."""

import csv
import io
import json

import pytest
from support.reviewing import MOODS, Review

from affectory.annotation.status.matching import matched
from affectory.annotation.status.quarantine import as_csv, put_aside
from affectory.annotation.status.text import WIDTH

LONG = "no label " + "x" * 300 + "\x1b[2J\n"


def long_names() -> Review:
    review = Review()
    for place in range(60):
        for number in range(3):
            name = "a-very-long-name-of-a-set-of-questions-" + str(place % 2)
            ask = review.ask(f"s_{place}", f"p_{number:024x}", question=name, kind="text")
            if place % 9:
                review.says(ask, MOODS.labels[place % 3], spent_s=8.0 + place % 7)
            else:
                review.back(ask, verdict="refused", why=LONG)
    return review


def test_no_line_is_wider_than_a_terminal_nor_moves_its_cursor() -> None:
    lines = long_names().status(title="\x1b[31mred").as_text().split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert all(line.isprintable() for line in lines)


def test_a_review_is_told_in_one_look() -> None:
    review = Review()
    for place in range(4):
        review.says(review.ask(f"s_{place}", "p_1"), "joy")
    review.back(review.ask("s_9", "p_2"), verdict="declined", why="harmful")
    text = review.status(title="hello").as_text()
    head, row = (line.split() for line in text.split("\n")[2:4])
    assert (head[:3], row[:4]) == (["asked", "answered", "declined"], ["all", "5", "4", "1"])
    assert "declined: harmful (1)" in text


def test_facts_are_plain_data() -> None:
    facts = json.loads(json.dumps(long_names().status().facts(), allow_nan=False))
    total = facts["progress"]["total"]
    assert (total["asked"], total["refused"], len(facts["refused"])) == (180, 21, 21)
    assert facts["reliability"]["raters"][0]["concerns"] == ["7 of 60 answers put aside"]


@pytest.mark.parametrize("review", [Review(), long_names()], ids=["empty", "long"])
def test_of_any_review_there_is_a_text(review: Review) -> None:
    assert review.status().as_text().startswith("Progress")


def test_what_was_put_aside_is_told_with_its_reason_and_a_link() -> None:
    review = Review()
    ask = review.ask("s_1", "p_1", kind="audio")
    review.back(ask, verdict="refused", why="too quick", number=17, spent_s=0.5)
    review.says(review.ask("s_2", "p_1"), "joy")
    projects = {("main", "audio", False): "https://ls.test/projects/4/", ("main", "text", False): "https://no.test"}
    [row] = put_aside(*matched(review.inputs()), projects)
    assert (row.sample, row.rater, row.why, row.spent_s) == ("s_1", "p_1", "too quick", 0.5)
    assert (row.at, row.link) == ("2026-11-02 09:00", "https://ls.test/projects/4/data?task=17")


def test_an_answer_of_nobodys_task_is_put_aside_too() -> None:
    review = Review()
    review.back({"task": "t_gone", "question": "", "rater": "p_1"}, verdict="refused", why="no such task was planned")
    [row] = review.status().refused
    assert (row.sample, row.kind, row.link) == ("not known", "not known", "")


@pytest.mark.parametrize("why", ["=1+1", "+x", "-x", "@x", "a,b", 'say "x"', "plain"])
def test_a_sheet_takes_no_reason_for_a_formula(why: str) -> None:
    review = Review()
    review.back(review.ask("s_1", "p_1"), verdict="refused", why=why)
    [row] = csv.DictReader(io.StringIO(as_csv(review.status().refused)))
    assert row["why"] == (f"'{why}" if why[0] in "=+-@" else why)
