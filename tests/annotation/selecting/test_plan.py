"""Plans by example: who is asked about what, and why."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from support.opining import opinion
from support.selecting import Row, World, asked, newest, opinions, raters, samples, wanted

from affectory.annotation.selecting.plan import plan
from affectory.annotation.selecting.wanted import Rater

THREE = raters("a", "b", "c")
DISPUTED = {"s_000": [0, 1, 2], "s_001": [0, 0, 0], "s_002": [0, 1], "s_003": [0] * 60}


def chosen(rows: list[Row]) -> list[str]:
    return sorted({row["sample_id"] for row in rows})


@pytest.mark.parametrize(("by", "first"), [("gain", "s_002"), ("entropy", "s_000")])
def test_what_is_worth_most_is_asked_first(by: str, first: str) -> None:
    given = wanted(samples(4), {"budget": 1, "by": by, "enough": 0.01}, opinions=opinions(DISPUTED))
    assert chosen(asked(plan(given), purpose="routed")) == [first]


def test_what_nobody_judged_is_asked_before_what_is_known() -> None:
    found = plan(wanted(6, {"budget": 2}, opinions=opinions(DISPUTED)))
    assert chosen(asked(found)) == ["s_004", "s_005"]
    assert found.summary.samples == {"asked now": 2, "beyond the budget": 3, "known well enough": 1}


def test_what_is_known_well_enough_is_asked_no_more_however_much_is_left() -> None:
    found = plan(wanted(samples(4), {"enough": 0.25}, opinions=opinions(DISPUTED)))
    assert "s_003" not in chosen(asked(found))


def test_nobody_knows_a_sample_that_nobody_judged_however_narrow_the_guess() -> None:
    assert len(asked(plan(wanted(3, {"enough": 1})))) == 3


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("raters == 2", ["s_002"]),
        ("kind == 'video'", ["s_001"]),
        ("language == 'de' and source != 'b'", ["s_000", "s_002"]),
        ("score(eye) > 0.9", ["s_003"]),
        ("cause == 'ambiguous item'", ["s_000", "s_002"]),
        ("diversity >= 0", ["s_000", "s_001", "s_002", "s_003"]),
    ],
)
def test_the_condition_says_what_may_be_asked(when: str, found: list[str]) -> None:
    table = samples(4, language=["de", "en"], source=["a", "b"], kind=["text", "video", "text", "text"])
    machine = opinion(9, [0.95, 0.05, 0], rater="eye", rater_kind="model", sample_id="s_003")
    told = opinions({"s_000": [0, 1, 2], "s_002": [0, 1]}, [machine])
    assert chosen(asked(plan(wanted(table, {"when": when, "enough": 0.01}, opinions=told)))) == found


def test_what_models_doubt_is_uncertain_before_anybody_judged() -> None:
    said = [[1, 0, 0], [0.4, 0.3, 0.3]]
    rows = [
        opinion(n, weights, rater="eye", rater_kind="model", sample_id=f"s_00{n}") for n, weights in enumerate(said)
    ]
    found = plan(wanted(2, {"when": "entropy > 0.6"}, opinions=opinions({}, rows)))
    assert chosen(asked(found)) == ["s_001"]
    assert found.summary.samples == {"asked now": 1, "condition does not hold": 1}


def test_people_who_perceived_something_else_tell_nothing_of_this_question() -> None:
    heard = [opinion(n, [1, 0, 0], modalities=["audio"], sample_id="s_000") for n in range(3)]
    table = samples(1, kind="video")
    both = plan(wanted(table, {"see": ["video", "audio"]}, opinions=opinions({}, heard)))
    alone = plan(wanted(samples(1, kind="audio"), {"see": ["audio"]}, opinions=opinions({}, heard)))
    assert both.values["raters"].to_pylist() == [0]
    assert alone.values["raters"].to_pylist() == [3]


@pytest.mark.parametrize("listed", [True, False])
def test_each_sample_has_as_many_people_as_it_is_to_have(listed: bool) -> None:
    rows = asked(plan(wanted(9, {"raters": 2}, raters=THREE if listed else ())))
    assert Counter(row["sample_id"] for row in rows) == {f"s_00{n}": 2 for n in range(9)}
    assert len({row["task"] for row in rows}) == 9
    assert len({row["ask_id"] for row in rows}) == 18
    if listed:
        assert len({(row["sample_id"], row["rater"]) for row in rows}) == 18
        assert Counter(row["rater"] for row in rows) == {rater.id: 6 for rater in THREE}


def test_all_raters_meet_each_other() -> None:
    pairs: dict[str, set[str]] = {}
    for row in asked(plan(wanted(60, {"raters": 2}, raters=raters(*"abcdef")))):
        pairs.setdefault(row["sample_id"], set()).add(row["rater"])
    assert len({frozenset(pair) for pair in pairs.values()}) >= 12  # of 15


def test_with_too_few_people_it_is_asked_of_those_there_are() -> None:
    found = plan(wanted(3, {"raters": 5}, raters=THREE))
    assert len(asked(found)) == 9
    assert found.summary.notes == ("3 raters are fewer than the 5 that each sample is to have",)


def test_people_who_judged_before_any_review_count_only_where_that_is_said() -> None:
    given = wanted(2, {"raters": 3, "enough": 0.01}, opinions=opinions({"s_000": [0, 1], "s_001": [0, 1, 2]}))
    assert len(asked(plan(given))) == 6
    counted = plan(replace(given, counting=True))
    assert len(asked(counted, sample_id="s_000")) == 1
    assert counted.summary.samples == {"asked now": 1, "judged by enough people": 1}


@pytest.mark.parametrize("raters", [1, 3])
def test_a_share_is_drawn_by_chance_and_its_chance_is_exact(raters: int) -> None:
    given = wanted(100, {"raters": raters, "budget": 20 * raters, "explore": 0.5, "when": "source == 'a'"},
                   samples=samples(100, source=["a", "b", "b", "b"]))  # fmt: skip
    found = asked(plan(given))
    assert len(chosen(found)) == 20
    best = {row["sample_id"] for row in found if row["probability"] == 1}
    drawn = {row["sample_id"]: row["probability"] for row in found if row["probability"] < 1}
    assert len(best) == len(drawn) == 10
    assert set(drawn.values()) == {np.float32(10 / 90)}
    assert {row["purpose"] for row in found if row["sample_id"] in drawn} == {"explored"}
    assert all(int(sample[2:]) % 4 == 0 for sample in best)
    assert any(int(sample[2:]) % 4 for sample in drawn)


def test_weighted_by_their_chances_what_is_asked_speaks_for_all_samples() -> None:
    """Over many seeds the weighted share of a kind of sample is its share of all, though one kind is routed."""
    table, shares = samples(40, source=["a", "b", "b", "b"]), []
    for seed in range(60):
        given = wanted(table, {"budget": 12, "explore": 0.5, "when": "source == 'a'"}, seed=f"seed {seed}")
        rows = asked(plan(given))
        weights = [(1 / row["probability"], int(row["sample_id"][2:]) % 4 == 0) for row in rows]
        shares.append(sum(w for w, mine in weights if mine) / 40)
    assert np.mean(shares) == pytest.approx(0.25, abs=3 * np.std(shares) / np.sqrt(60))


def test_each_sample_is_as_likely_to_be_drawn() -> None:
    hits: Counter[str] = Counter()
    for seed in range(150):
        hits.update(chosen(asked(plan(wanted(6, {"budget": 2, "explore": 1}, seed=f"seed {seed}")))))
    assert all(abs(hits[f"s_00{n}"] - 50) < 24 for n in range(6)), hits  # four standard deviations


def test_chance_draws_whatever_the_condition_says() -> None:
    found = plan(wanted(50, {"budget": 10, "explore": 0.4, "when": "raters > 5"}))
    assert Counter(row["purpose"] for row in asked(found)) == {"explored": 4}
    assert found.summary.samples == {"asked now": 4, "condition does not hold": 46}


def test_some_samples_are_judged_by_two_where_one_judges_all_others() -> None:
    world = World(wanted(20, {"overlap": 0.25}, raters=THREE))
    found = Counter(row["sample_id"] for row in asked(world.night()))
    assert Counter(found.values()) == {1: 15, 2: 5}
    assert Counter(world.plans[0].summary.purposes) == {"routed": 20, "overlap": 5}


def test_gold_comes_to_every_rater_and_is_spread() -> None:
    gold = {f"s_{n:03}": ["a"] for n in range(8)}
    rows = asked(plan(wanted(98, {"gold": {"path": "g", "share": 0.1}}, gold=gold, raters=THREE)))
    for rater in THREE:
        own = sorted((row for row in rows if row["rater"] == rater.id), key=lambda row: row["position"])
        assert [row["position"] for row in own] == list(range(len(own)))
        places = [n for n, row in enumerate(own) if row["purpose"] == "gold"]
        assert len(places) == 4
        assert [place * 4 // len(own) for place in places] == [0, 1, 2, 3]
        assert {own[place]["sample_id"] for place in places} <= set(gold)
    assert not {row["sample_id"] for row in rows if row["purpose"] != "gold"} & set(gold)
    assert {row["probability"] for row in rows if row["purpose"] == "gold"} == {None}


def test_the_same_sample_comes_to_the_same_rater_again_much_later() -> None:
    rows = asked(plan(wanted(60, {"repeat": 0.1}, raters=THREE)))
    again = [row for row in rows if row["purpose"] == "repeat"]
    assert len(again) == 6
    for row in again:
        [first] = [r for r in rows if r["sample_id"] == row["sample_id"] and r["purpose"] != "repeat"]
        assert (row["rater"], row["occasion"], first["occasion"]) == (first["rater"], "again", "")
        assert row["task"] != first["task"]
        assert row["position"] - first["position"] >= 22 / 3


def test_the_order_differs_between_raters_and_is_always_the_same() -> None:
    rows, same = (asked(plan(wanted(30, {"raters": 3}, raters=THREE))) for _ in range(2))
    assert rows == same
    orders = {
        rater.id: [r["sample_id"] for r in sorted(rows, key=lambda r: r["position"]) if r["rater"] == rater.id]
        for rater in THREE
    }
    assert len({tuple(order) for order in orders.values()}) == 3


def test_the_budget_is_of_all_nights_and_what_was_declined_gives_its_place_back() -> None:
    world = World(wanted(50, {"budget": 10}, raters=THREE))
    assert len(asked(world.night())) == 10
    first, second, third, *_ = world.open()
    world.answer(first)
    world.answer(second, "declined")
    world.answer(third, "refused")
    night = world.night()
    assert night.summary.closed == {"declined": 1, "refused": 1}
    again = asked(night, revision=0)
    assert {row["sample_id"] for row in again} == {second["sample_id"], third["sample_id"]}
    assert all(row["rater"] not in (second["rater"], third["rater"]) or len(THREE) > 1 for row in again)
    assert night.summary.held == 10
    assert night.summary.left == 0
    assert "the budget of 10 is spent" in night.summary.notes


def test_what_many_decline_is_asked_no_more() -> None:
    world = World(wanted(1, {"raters": 1}, raters=THREE))
    for _ in range(2):
        world.night()
        [ask] = world.open()
        world.answer(ask, "declined", harmful=True)
    assert world.night().summary.samples == {"declined": 1}


def test_who_withdraws_is_asked_no_more_and_others_take_over() -> None:
    world = World(wanted(9, {"raters": 1}, raters=THREE))
    world.night()
    gone = [row for row in world.open() if row["rater"] == "p_a"]
    world.answer(gone[0])
    world.wanted = replace(world.wanted, raters=(replace(THREE[0], withdrawn=True), *THREE[1:]))
    night = world.night()
    assert night.summary.closed == {"withdrawn": 2}
    new = asked(night, revision=0)
    assert chosen(new) == chosen(gone[1:])
    assert "p_a" not in {row["rater"] for row in new}


def test_what_changed_is_asked_anew_and_what_is_gone_is_closed() -> None:
    world = World(wanted(3, {"raters": 1}, raters=THREE))
    world.night()
    rows = [row for row in world.wanted.samples.to_pylist() if row["sample_id"] != "s_000"]
    rows[0]["content"] = "other"
    world.wanted = replace(world.wanted, samples=pa.Table.from_pylist(rows, world.wanted.samples.schema))
    night = world.night()
    assert night.summary.closed == {"changed": 1, "gone": 1}
    states = {row["sample_id"]: (row["revision"], row["closed"], row["content"]) for row in newest(world.wanted.asks)}
    assert states == {
        "s_000": (1, "gone", "c_0"), "s_001": (2, None, "other"), "s_002": (0, None, "c_2"),
    }  # fmt: skip


def test_an_answer_outlives_what_it_was_about() -> None:
    world = World(wanted(1, {"raters": 1}, raters=THREE))
    world.night()
    world.answer(world.open()[0])
    changed = world.wanted.samples.set_column(3, "content", pa.array(["other"]))
    world.wanted = replace(world.wanted, samples=changed)
    assert world.night().fresh.num_rows == 0


def test_what_somebody_answered_stays_a_task_and_what_is_shown_since_is_another() -> None:
    """Who still has to answer would else see what it was, and be taken for having seen what it is."""
    world = World(wanted(1, {"raters": 3}, raters=(*THREE, Rater("p_z", withdrawn=True))))
    world.night()
    first, *others = world.open()
    world.answer(first)
    before = world.wanted.samples
    world.wanted = replace(world.wanted, samples=before.set_column(3, "content", pa.array(["other"])))
    world.night()
    now = world.open()
    assert {row["ask_id"] for row in now} == {row["ask_id"] for row in others}
    assert {row["content"] for row in now} == {"other"}
    assert {row["task"] for row in now}.isdisjoint({first["task"]})
    assert len({row["task"] for row in now}) == 1
    assert world.night().fresh.num_rows == 0
    again = world.open()[0]
    world.answer(again, "declined")
    world.wanted = replace(world.wanted, samples=before)
    world.night()
    assert {row["task"] for row in world.open()} == {first["task"]}, "it is again what it was"


def test_another_form_asks_anew() -> None:
    world = World(wanted(1, {"raters": 1}))
    world.night()
    world.wanted = replace(world.wanted, form={"text": "form-2"})
    assert world.night().summary.closed == {"changed": 1}
    assert [row["form"] for row in world.open()] == ["form-2"]


@pytest.mark.parametrize(
    ("language", "who"), [("de", {"p_d"}), ("de-AT", {"p_d"}), ("en", {"p_e"}), (None, {"p_d", "p_e"}), ("fr", set())]
)
def test_people_are_asked_in_languages_that_they_speak(language: str | None, who: set[str]) -> None:
    people = (Rater("p_d", languages=("de-DE",)), Rater("p_e", languages=("en",)))
    found = plan(wanted(samples(8, language=language), raters=people))
    assert {row["rater"] for row in asked(found)} == who
    assert found.summary.samples == ({"asked now": 8} if who else {"nobody speaks its language": 8})


def test_hours_of_a_week_by_how_long_one_takes() -> None:
    people = (Rater("p_a", hours_a_week=1.0), Rater("p_b", hours_a_week=2.0))
    world = World(wanted(2000, {"raters": 1}, raters=people))
    assert world.night().summary.raters == {"p_a": 120, "p_b": 240}  # 30 s each, as nobody gave one yet
    for ask in [row for row in world.open() if row["rater"] == "p_a"]:
        world.answer(ask, spent_s=15.0)
    assert world.night().summary.raters == {"p_a": 120, "p_b": 240}  # half an hour is left, and 15 s are usual now
    world.next_day(8)
    assert world.night().summary.raters == {"p_a": 120}  # a new week, and 120 that lie open


SCREEN = {"raters": 2, "second": {"after": ["b"], "noes": 0.3}}


def test_a_second_rater_only_after_a_yes_and_some_of_the_noes_again() -> None:
    world = World(wanted(200, SCREEN, raters=THREE))
    assert world.night().summary.purposes == {"routed": 200}
    said = {row["sample_id"]: "b" if n % 4 == 0 else "a" for n, row in enumerate(world.open())}
    for ask in world.open():
        world.answer(ask, labels=[said[ask["sample_id"]]])
    night = world.night()
    second, recheck = (asked(night, purpose=purpose) for purpose in ("second", "recheck"))
    assert chosen(second) == sorted(sample for sample, label in said.items() if label == "b")
    assert {row["probability"] for row in second} == {1.0}
    assert all(said[row["sample_id"]] == "a" for row in recheck)
    assert 25 <= len(recheck) <= 65  # 45 of 150, and three standard deviations
    assert {row["probability"] for row in recheck} == {np.float32(0.3)}
    firsts = {row["sample_id"]: row["rater"] for row in asked(world.plans[0])}
    assert all(row["rater"] != firsts[row["sample_id"]] for row in (*second, *recheck))
    for ask in world.open():
        world.answer(ask, labels=["b"])
    assert world.night().fresh.num_rows == 0


def test_nobody_is_asked_a_second_time_while_the_first_has_not_answered() -> None:
    world = World(wanted(10, SCREEN, raters=THREE))
    world.night()
    assert world.night().fresh.num_rows == 0


def test_nothing_to_ask_says_why() -> None:
    found = plan(wanted(samples(3, kind="signal")))
    assert found.summary.notes == ("nothing to ask: 3 kind is not asked",)
    assert plan(wanted(0)).summary.notes == ("nothing to ask: there are no samples",)
    assert plan(wanted(1, {"budget": 0})).summary.samples == {"beyond the budget": 1}
    nobody = plan(wanted(1, raters=(Rater("p_a", withdrawn=True),)))
    assert nobody.summary.notes[0] == "nobody is left in the list of raters"


def test_who_came_by_themselves_counts_among_the_raters_of_a_sample() -> None:
    world = World(wanted(1, {"raters": 2}, raters=raters("a", "b", "c", withdrawn=False)))
    world.night()
    one, two = world.open()
    stranger = next(rater.id for rater in world.wanted.raters if rater.id not in (one["rater"], two["rater"]))
    world.answer({**one, "rater": stranger})
    world.answer(one, "declined")
    assert asked(world.night(), revision=0) == []


def test_days_pass_and_nothing_new_is_asked_where_nothing_limits_them() -> None:
    world = World(wanted(20, {"raters": 2, "budget": 30, "explore": 0.2, "repeat": 0.1}, raters=THREE))
    world.night()
    world.wanted = replace(world.wanted, today=world.wanted.today + timedelta(days=30))
    assert world.night().fresh.num_rows == 0


def test_once_raters_are_named_what_was_for_whoever_comes_is_theirs() -> None:
    world = World(wanted(4, {"raters": 1}))
    world.night()
    world.answer(world.open()[0])
    world.wanted = replace(world.wanted, raters=THREE)
    night = world.night()
    assert night.summary.closed == {"raters are named": 3}
    assert sum(night.summary.raters.values()) == 3
    assert "whoever comes" not in night.summary.raters


def test_gold_is_asked_of_whoever_comes_as_often_as_any_other_sample() -> None:
    given = wanted(22, {"raters": 2, "gold": {"path": "g", "share": 0.1}}, gold={"s_000": ["a"], "s_001": ["b"]})
    found = plan(given)
    assert found.summary.purposes == {"gold": 4, "routed": 40}
    assert Counter(row["sample_id"] for row in asked(found, purpose="gold")) == {"s_000": 2, "s_001": 2}
