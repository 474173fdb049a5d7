"""On whom one may rely: planted faults are found, and who is in a minority is left in peace."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from support.reviewing import BEGIN, MOODS, Review

from affectory.annotation.status.drift import drifts
from affectory.annotation.status.reliability import Rater
from affectory.schemas.ledgers import PEOPLE

SAMPLES = 150
GOLD = range(0, SAMPLES, 5)


def world(seed: int = 1) -> Review:
    """Careful ones, one who sees what is not gold otherwise each time, one who hurries, one who tires."""
    draws, review = np.random.default_rng(seed), Review()
    shown = draws.integers(3, size=SAMPLES)
    people = {"p_one": 0.9, "p_two": 0.9, "p_three": 0.9, "p_minority": 0.9, "p_hurried": 0.0, "p_tiring": 0.95}
    for place in range(SAMPLES + 40):
        sample, again = place % SAMPLES, place >= SAMPLES
        for name, care in people.items():
            late = name == "p_tiring" and place > SAMPLES / 2
            sees = draws.random() < (0.3 if late else care)
            word = int(shown[sample]) if sees else int(draws.integers(3))
            turned = name == "p_minority" and sample not in GOLD
            purpose = {"purpose": "repeat", "occasion": "again"} if again else {}
            ask = review.ask(f"s_{sample:03}", name, **purpose)
            spent = draws.lognormal(np.log(0.6 if name == "p_hurried" else 8), 0.3) * (0.4 if late else 1)
            moment = (BEGIN + timedelta(hours=place)).isoformat()
            review.says(ask, MOODS.labels[(word + turned) % 3], spent_s=float(spent), updated=moment)
    review.known = {f"s_{sample:03}": [MOODS.labels[shown[sample]]] for sample in GOLD}
    return review


@pytest.fixture(scope="module")
def raters() -> dict[str, Rater]:
    review = world()
    return {row.rater: row for row in review.status(gold=review.known).reliability.raters}


def test_a_hurried_rater_is_told_by_known_answers_by_time_and_by_saying_otherwise_again(raters: Any) -> None:
    hurried = raters["p_hurried"]
    assert hurried.attention < 0.3
    assert "known answers" in hurried.inattentive
    assert "too fast" in hurried.inattentive
    assert hurried.hits_high < raters["p_one"].hits_low
    assert hurried.same_again < 0.6 < raters["p_one"].same_again


@pytest.mark.parametrize("name", ["p_one", "p_two", "p_three", "p_minority"])
def test_who_attends_is_not_suspected_least_of_all_for_being_in_a_minority(raters: Any, name: str) -> None:
    assert raters[name].concerns == ()
    assert raters[name].attention > 0.9


def test_the_one_in_a_minority_agrees_least_and_that_is_told_for_information(raters: Any) -> None:
    agreement = {name: row.agreement for name, row in raters.items()}
    assert min(agreement, key=agreement.__getitem__) == "p_minority"
    assert raters["p_minority"].agreement_of_others > raters["p_one"].agreement_of_others


def test_who_tires_is_found(raters: Any) -> None:
    assert {"agrees less with others", "takes less time"} <= set(raters["p_tiring"].changes)
    assert raters["p_tiring"].pace[0] > 1.5 * raters["p_tiring"].pace[-1]


def test_known_answers_are_counted_with_wilsons_interval() -> None:
    review = Review()
    for place in range(10):
        review.says(review.ask(f"s_{place}", "p_1"), "joy" if place < 8 else "fear")
    [row] = review.status(gold={f"s_{n}": ["joy"] for n in range(10)}).reliability.raters
    assert (row.hits, row.known) == (8, 10)
    assert (row.hits_low, row.hits_high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_what_cannot_be_known_is_none() -> None:
    review = Review()
    review.says(review.ask("s_1", "p_1"), "joy")
    review.ask("s_2", "p_2")
    one, two = review.status().reliability.raters
    assert (one.hits_low, one.agreement, one.same_again, one.again, one.shared) == (None, None, None, 0, 0)
    assert (two.rater, two.left, two.answered, two.attention, two.median_s) == ("p_2", 1, 0, None, None)


def test_answers_put_aside_are_told_where_they_are_many() -> None:
    review = Review()
    for place in range(20):
        ask = review.ask(f"s_{place}", "p_1")
        review.says(ask, "joy") if place % 3 else review.back(ask, verdict="refused", why="too quick")
    [row] = review.status().reliability.raters
    assert row.concerns == ("7 of 20 answers put aside",)


def test_how_raters_stand_to_those_rated_is_what_was_said_last() -> None:
    review = Review()
    review.says(review.ask("s_1", "p_1"), "joy")
    known = {"person_id": "p_1", "roles": ["rater"]}
    rows = [{**known, "revision": 1, "relation": "expert"}, {**known, "revision": 0, "relation": "crowd"}]
    [row] = review.status(people=PEOPLE.from_rows(rows)).reliability.raters
    assert row.relation == "expert"


def drifting(values: Any, what: str = "time", raters: int = 1) -> list[Any]:
    flat = np.tile(np.asarray(values, float), raters)
    rater = np.repeat(np.arange(raters), len(values))
    order = np.tile(np.arange(len(values), dtype=float), raters)
    return list(drifts(rater, [f"p_{n}" for n in range(raters)], order, {what: flat}))


STEADY = [1.0, 1.1, 0.9, 1.2, 0.8] * 10


@pytest.mark.parametrize(
    ("what", "values", "words"),
    [
        ("time", [*STEADY, *(x / 3 for x in STEADY)], "takes less time"),
        ("time", [*STEADY, *(x * 3 for x in STEADY)], "takes more time"),
        ("time", STEADY * 2, ""),
        ("time", [*STEADY, *(x * 0.9 for x in STEADY)], ""),
        ("known answers", [1] * 20 + [0] * 10 + [1] * 2, "misses more known answers"),
        ("known answers", [1] * 18 + [0] * 3, ""),
        ("agreement", [0.8, 0.7, 0.9] * 10 + [0.2, 0.1, 0.3] * 10, "agrees less with others"),
        ("agreement", [0.5] * 60, ""),
    ],
)
def test_changes_are_told_where_they_are_clear_and_large(what: str, values: Any, words: str) -> None:
    [found] = drifting(values, what)
    assert found.words == words


def test_little_work_says_nothing_of_changes() -> None:
    assert drifting([*[1.0] * 20, *[0.1] * 20]) == []


def test_of_many_raters_who_do_not_change_hardly_ever_is_one_said_to() -> None:
    draws, said = np.random.default_rng(7), 0
    for _ in range(8):
        values = draws.lognormal(0, 0.6, 40 * 60)
        rater, order = np.repeat(np.arange(40), 60), np.tile(np.arange(60.0), 40)
        said += any(drift.words for drift in drifts(rater, [str(n) for n in range(40)], order, {"time": values}))
    assert said <= 2, "one in twenty reviews"
