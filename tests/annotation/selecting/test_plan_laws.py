"""What holds of every plan, whatever happened in the nights before."""

import random
from dataclasses import replace
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.selecting import Row, World, newest, opinions, raters, samples, shuffled, wanted

from affectory.annotation.selecting.adjudicating import adjudicate
from affectory.annotation.selecting.history import BACK
from affectory.annotation.selecting.plan import plan
from affectory.annotation.selecting.wanted import Rater
from affectory.schemas.recipe.review import Adjudicate, RaterLimits

_questions = st.fixed_dictionaries(
    {
        "raters": st.integers(1, 3),
        "explore": st.sampled_from([0, 0.1, 0.5, 1]),
        "budget": st.none() | st.integers(0, 40),
        "repeat": st.sampled_from([0, 0.2]),
        "overlap": st.sampled_from([0, 0.3]),
        "gold": st.none() | st.just({"path": "gold.csv", "share": 0.2}),
        "second": st.none() | st.just({"after": ["a"], "noes": 0.5}),
        "by": st.sampled_from(["gain", "entropy", "random"]),
        "when": st.none() | st.sampled_from(["raters < 2", "entropy > 0.9 or language == 'de'"]),
    }
)
_people = st.sampled_from(
    [
        (),
        raters("a", "b", "c"),
        (Rater("p_a"), Rater("p_d", languages=("de",)), Rater("p_e", languages=("en",))),
        (Rater("p_a", hours_a_week=0.05), *raters("b")),
        (Rater("p_a", withdrawn=True), *raters("b", "c")),
    ]
)
_limits = st.builds(RaterLimits, judgements=st.none() | st.integers(0, 12), harmful_a_day=st.none() | st.integers(0, 2))
_few = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world after some nights, in which raters answered this and that, and samples went, came and changed."""
    count = draw(st.integers(0, 14))
    told = {f"s_{n:03}": [n % 3] * (n % 4) for n in range(0, count, 3)}
    world = World(
        wanted(
            samples(count, language=["de", "en", None]),
            draw(_questions),
            raters=draw(_people),
            limits=draw(_limits),
            opinions=opinions(told),
            gold={"s_001": ["a"], "s_004": ["b"]},
        )
    )
    luck = random.Random(draw(st.integers(0, 1000)))
    for _ in range(draw(st.integers(0, 3))):
        world.night()
        happen(world, luck)
    return world


def happen(world: World, luck: random.Random) -> None:
    for ask in world.open():
        if luck.random() < 0.6:
            state = luck.choice(["taken", "taken", "taken", *BACK])
            world.answer(ask, state, harmful=luck.random() < 0.2, labels=[luck.choice("ab")])
    rows = [row for row in world.wanted.samples.to_pylist() if luck.random() < 0.95]
    rows = [{**row, "content": row["content"] + luck.choice(["", "", "", "!"])} for row in rows]
    world.wanted = replace(world.wanted, samples=pa.Table.from_pylist(rows, world.wanted.samples.schema))
    if world.wanted.raters and luck.random() < 0.3:
        first, *rest = world.wanted.raters
        world.wanted = replace(world.wanted, raters=(replace(first, withdrawn=True), *rest))
    world.next_day(luck.choice([0, 1, 8]))


def live(world: World) -> list[Row]:
    """The asks that the budget counts."""
    taken: dict[str, int] = {}
    for (task, _), row in world.told.items():
        taken[task] = taken.get(task, 0) + (row["state"] == "taken")
    found = []
    for row in newest(world.wanted.asks):
        mine = world.told.get((row["task"], row["rater"]))
        if row["rater"] is not None and mine is not None:
            found += [row] if mine["state"] == "taken" else []
        elif row["closed"] is None:
            found.append(row)
    return found


@_few
@given(worlds())
def test_a_second_plan_with_nothing_new_is_empty(world: World) -> None:
    first = world.night()
    second = world.night()
    assert second.fresh.num_rows == 0, (first.summary, second.summary)


@_few
@given(worlds())
def test_never_more_than_the_budget(world: World) -> None:
    budget = world.wanted.question.budget
    before = plan(world.wanted).summary.held
    found = world.night()
    if budget is not None:
        added = sum(found.summary.purposes.values())
        assert found.summary.held == before
        assert added == 0 or found.summary.held <= budget


@_few
@given(worlds(), st.integers(0, 9))
def test_no_order_of_rows_changes_a_plan(world: World, seed: int) -> None:
    given = world.wanted
    other = replace(
        given,
        raters=tuple(reversed(given.raters)),
        gold=dict(reversed(list(given.gold.items()))),
        **{name: shuffled(getattr(given, name), seed) for name in ("samples", "opinions", "asks", "done")},
    )
    a, b = plan(given), plan(other)
    assert a.fresh.to_pylist() == b.fresh.to_pylist()
    assert a.summary == b.summary


@_few
@given(worlds())
def test_every_sample_is_asked_or_has_a_reason(world: World) -> None:
    found = world.night()
    assert sum(found.summary.samples.values()) == world.wanted.samples.num_rows
    assert "" not in found.summary.samples
    new = [row for row in found.fresh.to_pylist() if row["revision"] == 0]
    asked = {row["sample_id"] for row in new if row["purpose"] not in ("gold", "overlap", "repeat")}
    told = {row["sample_id"] for row in found.values.to_pylist() if row["why"] == "asked now"}
    assert asked == told


@_few
@given(worlds())
def test_nobody_is_asked_twice_on_one_occasion(world: World) -> None:
    world.night()
    seen: set[tuple[Any, ...]] = set()
    for row in newest(world.wanted.asks):
        if row["rater"] is not None and row["closed"] in (None, *BACK):
            key = row["sample_id"], row["occasion"], row["rater"]
            assert key not in seen
            seen.add(key)


@_few
@given(worlds())
def test_the_ledger_can_be_appended_to(world: World) -> None:
    world.night()
    rows = world.wanted.asks.to_pylist()
    assert len({(row["ask_id"], row["revision"]) for row in rows}) == len(rows)
    for row in newest(world.wanted.asks):
        revisions = sorted(r["revision"] for r in rows if r["ask_id"] == row["ask_id"])
        assert revisions == list(range(len(revisions)))
        same = {(r["sample_id"], r["occasion"], r["rater"]) for r in rows if r["ask_id"] == row["ask_id"]}
        assert len(same) == 1


@_few
@given(worlds())
def test_an_answered_task_shows_nobody_anything_else(world: World) -> None:
    world.night()
    rows = newest(world.wanted.asks)
    answered = {row["task"]: row["content"] for row in rows if row["rater"] and world.answered(row)}
    for row in rows:
        if row["closed"] is None and row["task"] in answered:
            assert row["content"] == answered[row["task"]]


@_few
@given(worlds())
def test_who_is_asked_can_be_asked(world: World) -> None:
    languages = {row["sample_id"]: row["language"] for row in world.wanted.samples.to_pylist()}
    found = world.night()
    people = {rater.id: rater for rater in world.wanted.raters}
    for row in found.fresh.to_pylist():
        if row["revision"]:
            continue
        if not people:
            assert row["rater"] is None
            continue
        assert not people[row["rater"]].withdrawn
        assert people[row["rater"]].speaks(languages[row["sample_id"]])
    for row in world.open() if people else ():
        assert row["sample_id"] in languages
        assert not people[row["rater"]].withdrawn


@_few
@given(worlds())
def test_no_rater_has_more_than_their_limits(world: World) -> None:
    most = world.wanted.limits.judgements
    found = world.night()
    if most is None:
        return
    for rater in {row["rater"] for row in found.fresh.to_pylist() if row["revision"] == 0 and row["rater"]}:
        assert sum(row["rater"] == rater for row in live(world)) <= most


@_few
@given(worlds(), st.integers(0, 9))
def test_decisions_are_asked_for_once_in_any_order_of_rows(world: World, seed: int) -> None:
    rule = Adjudicate(least=0.2, budget=3)
    given = replace(world.wanted, question=world.wanted.question.model_copy(update={"adjudicate": rule}))
    found = adjudicate(given)
    other = {name: shuffled(getattr(given, name), seed) for name in ("samples", "asks", "done")}
    assert adjudicate(replace(given, **other)).fresh.to_pylist() == found.fresh.to_pylist()
    assert found.summary.held <= 3
    later = replace(given, asks=pa.concat_tables([given.asks, found.fresh]))
    assert adjudicate(later).fresh.num_rows == 0
    assert not {row["purpose"] for row in plan(later).fresh.to_pylist()} & {"adjudication"}
