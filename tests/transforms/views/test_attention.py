"""Attention is judged by evidence of it, and never by whom a rater agrees with."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.attending import World, sees
from support.opining import ABC, opinion, table, vad

from affectory.schemas.errors import UserError
from affectory.transforms.views._attention import ATTENTION, GOLD, attention
from affectory.transforms.views._judged import judged

CLICKS = sees(0)
PRIOR = pytest.approx(0.964, abs=0.001)


def crowd(seed: int, majority: int = 12) -> World:
    world = World(seed)
    for rater in range(majority):
        world.rates(f"most{rater}", sees(0.85))
    return world


def gold(world: World, samples: Any) -> pa.Table:
    return pa.table([[f"s_{s:03}" for s in samples], [["abc"[world.shown[s]]] for s in samples]], schema=GOLD)


@settings(max_examples=6)
@given(st.integers(0, 10**6))
def test_a_consistent_minority_keeps_its_attention_and_who_clicks_loses_it(seed: int) -> None:
    world = World(seed)
    for rater in range(8):
        for who, says in {"most": sees(0.85), "more": sees(0.85), "few": sees(0.85, 1), "click": CLICKS}.items():
            world.rates(f"{who}{rater}", says, again=20)
    world.rates("quick", CLICKS, seconds=0.3)
    world.rates("same", lambda shown, draws: 1)
    found = {rater: row["attention"] for rater, row in world.found().items()}
    of = {who: np.mean([found[f"{who}{rater}"] for rater in range(8)]) for who in ("most", "few", "click")}
    assert of["few"] > 0.85
    assert of["few"] == pytest.approx(of["most"], abs=0.12)
    assert of["click"] < 0.55
    assert found["quick"] < 0.1
    assert found["same"] < 0.1


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.integers(1, 2))
def test_what_a_rater_calls_things_does_not_matter(seed: int, turned: int) -> None:
    """Whoever says b for every a, c for every b and a for every c attends just as well."""
    plain, turning = World(seed), World(seed)
    for rater in range(9):
        plain.rates(str(rater), sees(0.8))
        turning.rates(str(rater), sees(0.8, turned if rater == 0 else 0))
    assert turning.found() == plain.found()


def test_who_says_one_thing_where_others_say_another_one_thing_is_as_attentive_as_they() -> None:
    rows = [
        opinion(10 * s + r, [r > 0, r == 0, 0], rater=f"p_{r}", sample_id=f"s_{s}") for s in range(40) for r in range(5)
    ]
    found = attention(judged(table(*rows), ABC), ABC)["attention"].to_pylist()
    assert found == [PRIOR] * 5


def test_without_evidence_there_is_the_prior() -> None:
    rows = [opinion(n, [1, 0, 0], rater=f"p_{n}") for n in range(5)]
    found = attention(judged(table(*rows), ABC), ABC).to_pylist()
    assert [row["attention"] for row in found] == [PRIOR] * 5
    assert {row["why"] for row in found} == {"no evidence: the prior"}


@pytest.mark.parametrize("rows", [[], [opinion(1, [1, 0, 0], rater_kind="model")], [opinion(1, rater="a_1")]])
def test_nobody_is_nobody(rows: Any) -> None:
    found = attention(judged(table(*rows), ABC), ABC)
    assert (found.num_rows, found.schema) == (0, ATTENTION)


def test_one_rater_with_one_judgement() -> None:
    [row] = attention(judged(table(opinion(1, None, spent_s=float("nan"))), ABC), ABC).to_pylist()
    assert row["attention"] == PRIOR


def test_known_answers_are_the_surest_evidence() -> None:
    world = crowd(1)
    world.rates("knows", sees(1.0, turned=0), again=0, order=range(20))
    world.rates("misses", sees(1.0, turned=1), again=0, order=range(20))
    found = world.found(gold(world, range(20)))
    assert found["knows"]["attention"] > 0.97
    assert found["misses"]["attention"] < 0.3
    assert (found["misses"]["known_trials"], found["misses"]["known_failed"]) == (20, 20)
    assert found["misses"]["why"].startswith("missed 20 of 20 known answers")


def test_one_slip_is_no_verdict() -> None:
    world = crowd(2)
    world.add("new", 0, (world.shown[0] + 1) % 3, None)
    assert 0.7 < world.found(gold(world, range(20)))["new"]["attention"] < 0.95


def test_a_known_answer_that_most_miss_says_little() -> None:
    world = crowd(3)
    names = [f"s_{s:03}" for s in range(20)]
    wrong = pa.table([names, [["abc"[(world.shown[s] + 1) % 3]] for s in range(20)]], schema=GOLD)
    world.rates("one", sees(1.0), again=0, order=range(20))
    assert world.found(wrong)["one"]["attention"] > 0.6


def test_known_answers_that_nobody_can_read_are_left_out() -> None:
    world = crowd(3, majority=2)
    unknown = pa.table([["s_000", "s_none"], [["no such label"], ["a"]]], schema=GOLD)
    assert {row["known_trials"] for row in world.found(unknown).values()} <= {0.0, 1.0}


def test_who_differs_from_themselves_by_chance_only_is_not_attending() -> None:
    world = crowd(4)
    world.rates("clicks", CLICKS, again=40)
    row = world.found()["clicks"]
    assert row["attention"] < 0.4
    assert row["again_failed"] > 20 > 16 > row["again_expected"]
    assert "judged again" in row["why"]


def test_saying_otherwise_with_other_context_is_no_failure() -> None:
    rows = [
        opinion(2 * s + n, [n == 0, n == 1, 0], rater="p_1", sample_id=f"s_{s}", shown={"context": context})
        for s in range(9)
        for n, context in enumerate((["before"], None))
    ]
    [row] = attention(judged(table(*rows), ABC), ABC).to_pylist()
    assert row["again_trials"] == 0


def test_words_are_not_compared() -> None:
    said = [{"words": [f"word {n}"]} for n in range(12)]
    rows = [opinion(n, rater="p_1", sample_id=f"s_{n % 2}", answer=answer) for n, answer in enumerate(said)]
    [row] = attention(judged(table(*rows), ABC), ABC).to_pylist()
    assert (row["again_trials"], row["attention"]) == (0, PRIOR)


def test_known_answers_without_their_columns_are_told() -> None:
    with pytest.raises(UserError, match="lack a column"):
        attention(judged(table(), ABC), ABC, pa.table({"sample": ["s_1"]}))


def test_being_twice_at_one_place_is_consistent_too() -> None:
    places = [(x, -x, 0.0) for x in np.linspace(-1, 1, 30)]
    rows = [vad(n, *place, sample_id=f"s_{n % 30}", rater="p_1") for n, place in enumerate(places + places)]
    rows += [vad(90 + n, *places[n * n % 31 % 30], sample_id=f"s_{n % 30}", rater="p_2") for n in range(60)]
    [steady, erratic] = attention(judged(table(*rows), ABC), ABC).to_pylist()
    assert steady["attention"] > 0.95
    assert steady["again_failed"] == 0
    assert erratic["attention"] < steady["attention"] - 0.1


def test_time_counts_below_the_floor_of_what_was_seen_and_pauses_do_not() -> None:
    world = crowd(5)
    world.rates("watches", sees(0.85), seconds=2.0, modalities=["video"])
    world.rates("skips", sees(0.85), seconds=0.5, modalities=["video"])
    world.rates("glances", sees(0.85), seconds=0.7, modalities=["image"])
    for row in world.rows[::50]:
        row["spent_s"] = 126_206.0
    found = world.found()
    assert found["skips"]["attention"] < 0.2
    assert found["skips"]["why"].startswith("too fast in")
    assert min(found[rater]["attention"] for rater in ("watches", "glances", "most0")) > 0.8


def test_a_sudden_hurry_counts_by_the_raters_own_time() -> None:
    world = crowd(6)
    world.rates("hurries", sees(0.85), seconds=30)
    for row in [row for row in world.rows if row["rater"] == "p_hurries"][40:]:
        row["spent_s"] = 3.0
    row = world.found()["hurries"]
    assert row["fast_failed"] == 28
    assert row["attention"] < 0.75


def test_where_all_are_faster_than_the_floor_the_floor_is_wrong() -> None:
    world = World(7)
    for rater in range(8):
        world.rates(str(rater), sees(0.85), seconds=0.3)
    assert min(row["attention"] for row in world.found().values()) > 0.8


def test_one_answer_in_a_long_run_counts_and_a_frequent_answer_does_not() -> None:
    world = crowd(8)
    world.rates("mostly", lambda shown, draws: 1 if draws.random() < 0.8 else int(draws.integers(3)), again=0)
    world.rates("gives up", sees(0.85), again=0)
    for row in [row for row in world.rows if row["rater"] == "p_gives up"][25:]:
        row["answer"] = {"weights": [0, 0, 1]}
    found = world.found()
    assert found["mostly"]["same_failed"] == 0
    assert found["mostly"]["attention"] > 0.9
    assert found["gives up"]["same_failed"] >= 35
    assert found["gives up"]["attention"] < 0.6


def test_runs_are_no_evidence_where_samples_come_sorted() -> None:
    world = World(9)
    for rater in range(10):
        world.rates(str(rater), sees(1.0), again=0, order=np.argsort(world.shown, kind="stable"))
    assert min(row["attention"] for row in world.found().values()) > 0.9


@pytest.mark.parametrize("turned", [0, 1])
def test_a_run_is_no_evidence_where_all_samples_of_a_rater_are_alike(turned: int) -> None:
    """Nor is it for one who calls them otherwise than others do."""
    world = crowd(12)
    alike = np.flatnonzero(world.shown == 0)
    world.rates("given one kind", sees(1.0, turned), again=0, order=alike)
    assert len(alike) > 30
    assert world.found()["given one kind"]["same_failed"] == 0


def test_without_an_order_only_one_answer_throughout_is_a_run() -> None:
    world = crowd(10)
    world.rates("same", lambda shown, draws: 1, again=0)
    world.rates("once", lambda shown, draws: 1, again=0)
    world.rows[-1]["answer"] = {"weights": [1, 0, 0]}
    for row in world.rows:
        row["shown"] = None
    found = world.found()
    assert found["same"]["same_failed"] == 60
    assert found["once"]["same_failed"] == 0


def test_always_the_first_of_a_shuffled_form_is_a_run_too() -> None:
    world = crowd(11)
    for position in range(60):
        labels = ["abc", "bca", "cab"][int(world.draws.integers(3))]
        world.add("first", position, "abc".index(labels[0]), {"position": position}, labels=labels)
        world.add("reads", position, int(world.shown[position]), {"position": position}, labels=labels)
    found = world.found()
    assert found["first"]["attention"] < 0.1
    assert found["reads"]["attention"] > 0.95


@settings(max_examples=5)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_bit(seed: int, random: Any) -> None:
    world = crowd(seed, majority=3)
    rows = list(world.rows)
    before = world.found()
    random.shuffle(world.rows)
    assert world.found() == before
    assert len(rows) == len(world.rows)
