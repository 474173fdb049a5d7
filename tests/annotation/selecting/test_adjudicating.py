"""What goes to an expert, in which order, and to whom."""

from dataclasses import replace

import pyarrow as pa
import pytest
from support.selecting import World, asked, newest, raters, samples, wanted

from affectory.annotation.selecting.adjudicating import adjudicate, apart
from affectory.annotation.selecting.wanted import Planned, Rater

EXPERT = Rater("p_x", relation="expert")
CROWD = raters("a", "b", "c", relation="crowd")
RULE = {"raters": 3, "adjudicate": {"least": 0.3}}


def judged(*answers: str, question: dict[str, object] | None = None, **given: object) -> World:
    """A world in which three raters said this of each sample, a letter each."""
    people = given.pop("raters", (*CROWD, EXPERT))
    world = World(wanted(len(answers), {**RULE, **(question or {})}, raters=CROWD, **given))
    world.night()
    for n, letters in enumerate(answers):
        asks = [row for row in world.open() if row["sample_id"] == f"s_{n:03}"]
        for ask, letter in zip(sorted(asks, key=lambda row: row["rater"]), letters, strict=False):
            world.answer(ask, labels=[letter])
    world.wanted = replace(world.wanted, raters=people)
    return world


def decided(world: World) -> Planned:
    """Plan decisions, and write them down."""
    found = adjudicate(world.wanted)
    world.wanted = replace(world.wanted, asks=pa.concat_tables([world.wanted.asks, found.fresh]))
    return found


@pytest.mark.parametrize(
    ("answers", "share"),
    [
        ([], 0),
        ([["a"]], 0),
        ([["a"], ["a"], ["b"]], 1 / 3),
        ([["a"], ["b"], ["c"]], 2 / 3),
        ([["a", "b"], ["b"], ["b", "c"]], 0),
        ([["a"], []], 0.5),
        ([[], []], 0),
    ],
)
def test_how_far_raters_are_apart(answers: list[list[str]], share: float) -> None:
    assert apart(answers) == pytest.approx(share)


def test_most_disagreement_comes_first_and_to_an_expert() -> None:
    found = decided(judged("aab", "abc", "aaa", "bbc"))
    rows = sorted(asked(found), key=lambda row: row["position"])
    assert rows[0]["sample_id"] == "s_001"
    assert {row["sample_id"] for row in rows[1:]} == {"s_000", "s_003"}
    assert {(row["rater"], row["purpose"], row["occasion"]) for row in rows} == {
        ("p_x", "adjudication", "adjudication")
    }
    assert found.summary.samples == {"asked now": 3, "raters agree": 1}


def test_it_waits_for_all_who_were_asked() -> None:
    found = decided(judged("ab", "a", "abc"))
    assert found.summary.samples == {"asked now": 1, "waiting": 2}


def test_a_sample_is_decided_once() -> None:
    world = judged("abc")
    [ask] = asked(decided(world))
    assert decided(world).fresh.num_rows == 0
    world.answer(ask)
    found = decided(world)
    assert (found.fresh.num_rows, found.summary.samples) == (0, {"decided": 1})


def test_plans_of_other_asks_leave_decisions_alone() -> None:
    world = judged("abc", "aaa")
    decided(world)
    assert world.night().fresh.num_rows == 0
    [ask] = [row for row in newest(world.wanted.asks) if row["purpose"] == "adjudication"]
    world.answer(ask, "declined")
    assert world.night().fresh.num_rows == 0


def test_a_decision_that_is_declined_goes_to_another_expert() -> None:
    other = Rater("p_y", relation="expert")
    world = judged("abc", raters=(*CROWD, EXPERT, other))
    [ask] = asked(decided(world))
    world.answer(ask, "declined")
    found = decided(world)
    [again] = asked(found, revision=0)
    assert {ask["rater"], again["rater"]} == {"p_x", "p_y"}
    assert found.summary.closed == {"declined": 1}


@pytest.mark.parametrize(
    ("people", "who"),
    [
        ((*CROWD, EXPERT), {"p_x"}),
        ((CROWD[0], Rater("p_b", relation="expert"), Rater("p_c", relation="crowd")), {"p_b"}),
        ((*CROWD, Rater("p_new", relation="crowd")), {"p_new"}),
        ((*CROWD, Rater("p_x", relation="expert", languages=("fr",))), set()),
        ((*CROWD, Rater("p_x", relation="expert", withdrawn=True), Rater("p_new")), {"p_new"}),
        ((), {None}),
    ],
)
def test_who_decides(people: tuple[Rater, ...], who: set[str | None]) -> None:
    world = judged("abc", raters=people, samples=samples(1, language="de"))
    assert {row["rater"] for row in asked(decided(world))} == who


def test_decisions_have_a_budget_of_their_own() -> None:
    found = decided(judged("abc", "aab", "abb", question={"adjudicate": {"least": 0.3, "budget": 2}}))
    assert found.summary.samples == {"asked now": 2, "beyond the budget": 1}
    assert found.summary.left == 0
    assert next(row["sample_id"] for row in asked(found)) == "s_000"


def test_experts_have_as_much_to_decide() -> None:
    other = Rater("p_y", relation="expert")
    found = decided(judged(*["abc"] * 6, raters=(*CROWD, EXPERT, other)))
    assert found.summary.raters == {"p_x": 3, "p_y": 3}
