"""Limits of a rater hold, and for all sets of questions of a review together, and for decisions too."""

from dataclasses import replace
from typing import Any

import pytest
from support.selecting import World, raters, wanted

from affectory.schemas.recipe.review import RaterLimits

ONE, THREE = raters("a"), raters("a", "b", "c")


def beside(world: World, **limits: Any) -> World:
    """A second set of questions of the same review."""
    known = [(world.wanted.asks, world.wanted.done)]
    other = wanted(100, {"raters": 1}, raters=ONE, limits=RaterLimits(**limits), name="heard", seed="data/heard")
    return World(replace(other, beside=known))


def first(count: int, answered: int, **limits: Any) -> World:
    """A set of questions with so many asks, of which so many were answered (10 s each)."""
    world = World(wanted(count, {"raters": 1}, raters=ONE, limits=RaterLimits(**limits)))
    world.night()
    for ask in world.open()[:answered]:
        world.answer(ask)
    return world


@pytest.mark.parametrize("answered", [0, 3, 8])
def test_no_more_answers_than_a_rater_may_give_to_all_sets_of_questions(answered: int) -> None:
    assert beside(first(8, answered, judgements=20), judgements=20).night().summary.raters == {"p_a": 12}


def test_hours_are_those_of_all_sets_of_questions() -> None:
    """Of 720 s 80 were worked there, two asks lie open, and 30 s are usual here."""
    world = beside(first(10, 8, hours_a_week=0.2), hours_a_week=0.2)
    assert world.night().summary.raters == {"p_a": (720 - 80) // 30 - 2}


def test_a_plan_with_nothing_new_stays_empty() -> None:
    world = beside(first(8, 3, judgements=20), judgements=20)
    world.night()
    assert world.night().fresh.num_rows == 0


def test_harmful_content_of_a_day_counts_wherever_it_was_met() -> None:
    world = World(wanted(2, {"raters": 1}, raters=ONE, limits=RaterLimits(harmful_a_day=2)))
    world.night()
    for ask in world.open():
        world.answer(ask, "declined", harmful=True)
    other = beside(world, harmful_a_day=2)
    other.wanted = replace(other.wanted, raters=raters("a", "b"))
    other.night()
    for ask in [row for row in other.open() if row["rater"] == "p_b"]:
        other.answer(ask, "declined", harmful=True)
    assert other.night().summary.raters == {}


def test_decisions_that_lie_open_take_room() -> None:
    world = World(wanted(100, {"raters": 1}, raters=ONE, limits=RaterLimits(judgements=20)))
    world.night()
    kept = world.wanted.asks.slice(0, 5).to_pylist()
    decisions = [{**row, "purpose": "adjudication", "task": f"d{n}"} for n, row in enumerate(kept)]
    asks = type(world.wanted.asks).from_pylist(decisions, world.wanted.asks.schema)
    assert World(replace(world.wanted, asks=asks)).night().summary.raters == {"p_a": 15}


def test_no_more_answers_than_a_rater_may_give() -> None:
    world = World(wanted(100, {"raters": 1}, raters=THREE, limits=RaterLimits(judgements=5)))
    assert set(world.night().summary.raters.values()) == {5}
    for ask in world.open():
        world.answer(ask)
    assert world.night().summary.samples == {"answered": 15, "no rater has room": 85}


def test_what_is_harmful_comes_to_each_person_only_so_often_a_day() -> None:
    limits = RaterLimits(harmful_a_day=1)
    world = World(wanted(20, {"raters": 1}, raters=raters(*"abcd"), limits=limits))
    world.night()
    for ask in [row for row in world.open() if row["rater"] == "p_a"]:
        world.answer(ask, "declined", harmful=True)
    assert world.night().summary.raters == {"p_b": 1, "p_c": 1, "p_d": 1}
    assert world.night().summary.samples["no rater has room"] == 2
    for ask in world.open():
        world.answer(ask)
    assert world.night().fresh.num_rows == 0
    world.next_day()
    assert sum(world.night().summary.raters.values()) == 2
