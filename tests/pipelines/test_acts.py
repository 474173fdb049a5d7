"""What counts of all that was ever said: the newest word of each act, unless only earlier files or recipes said it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rating_world import Reader, Row, World, says, weights

from affectory.pipelines.acts import revised, said_of
from affectory.schemas.ledgers import JUDGEMENTS


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_rating_that_is_gone_from_its_file_stays_in_the_ledger_and_counts_no_more(world: World) -> None:
    both = says("a"), says("b", "bob")
    world.take(*both)
    world.take(says("a"))
    assert (len(world.ledger()), [r["rater"] for r in world.stands()]) == (2, ["p_ann"])
    world.take(*both)
    assert (len(world.ledger()), len(world.stands())) == (2, 2), "to say it again is nothing new"


@pytest.mark.parametrize("other", [Reader(question="what"), Reader(perspective="felt")], ids=["asked", "perspective"])
def test_a_corrected_entry_of_the_recipe_counts_nobody_twice(world: World, other: Reader) -> None:
    world.take(says("a"), says("b", "bob"))
    world.take(says("a"), says("b", "bob"), reader=other)
    assert len(world.ledger()) == 4
    assert {r["perspective"] + r["asked"]["question"] for r in world.stands()} == {other.perspective + other.question}
    world.take(says("a"), says("b", "bob"))
    assert {r["perspective"] + r["asked"]["question"] for r in world.stands()} == {"perceived" + "which"}
    assert len(world.ledger()) == 4


def test_a_judgement_says_which_entry_it_came_from(world: World) -> None:
    world.take(says("a"))
    assert [r["origin"] for r in world.ledger()] == ["one"]


def from_review(row: Row, **columns: Any) -> Row:
    return {**row, "origin": None, "said": None, **columns}


def test_answers_of_a_review_count_whatever_the_rating_files_say(world: World) -> None:
    world.take(says("a"))
    [row] = world.ledger()
    other = from_review(row, judgement_id="j_other", act="j_other", occasion="review")
    world.workspace.ledger("judgements").append(JUDGEMENTS.from_rows([other]))
    world.take()
    assert [r["judgement_id"] for r in world.stands()] == ["j_other"]


def test_a_file_that_did_not_change_does_not_undo_what_a_review_corrected(world: World) -> None:
    world.take(says("a"))
    [row] = world.ledger()
    answer = {"weights": [0, 1, 0]}
    later = from_review(row, judgement_id="j_later", revision=1, supersedes=row["judgement_id"], answer=answer)
    world.workspace.ledger("judgements").append(JUDGEMENTS.from_rows([later]))
    assert world.take(says("a"), says("a", "bob")).facts["new"] == 1
    assert [r["judgement_id"] for r in world.stands() if r["rater"] == "p_ann"] == ["j_later"]
    world.take(says("c"))
    assert list(map(weights, world.stands())) == [[0, 0, 1]], "a file that did change says something later"


def taken_back(row: Row) -> Row:
    return from_review(row, judgement_id="j_back", revision=1, supersedes=row["judgement_id"], retracted=True)


def test_what_a_rater_took_back_is_not_said_again_by_an_old_file(world: World) -> None:
    world.take(says("a"))
    world.workspace.ledger("judgements").append(JUDGEMENTS.from_rows([taken_back(world.ledger()[0])]))
    world.take(says("a"), folder="copy")
    assert world.stands() == []
    world.take(says("b"), folder="copy")
    assert [r["supersedes"] for r in world.stands()] == ["j_back"], "a new answer is one"


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=7))
def test_of_one_act_the_last_word_counts(
    tmp_path_factory: pytest.TempPathFactory, words: list[tuple[bool, str]]
) -> None:
    """Whoever says something other than before has the last word; a file that is only read again says nothing."""
    world = World(tmp_path_factory.mktemp("world"))
    filed = stands = "a"
    world.take(says("a"))
    for number, (review, label) in enumerate(words):
        if review:
            [row] = world.stands()
            answer = {"weights": [float(x == label) for x in "abc"]}
            later = {"judgement_id": f"j_{number}", "revision": len(world.ledger()), "supersedes": row["judgement_id"]}
            world.workspace.ledger("judgements").append(
                JUDGEMENTS.from_rows([from_review(row, answer=answer, **later)])
            )
        else:
            world.take(says(label))
        stands = label if review or label != filed else stands
        filed = filed if review else label
        assert [weights(row) for row in world.stands()] == [[float(x == stands) for x in "abc"]]


def test_nothing_is_new_about_nothing() -> None:
    found = revised(JUDGEMENTS.empty(), JUDGEMENTS.empty())
    assert (found.fresh.num_rows, len(found.ids)) == (0, 0)


SAID = {
    "judgement_id": "j", "anchor": {"record": "r"}, "occasion": "", "revision": 0, "retracted": False, "rater": "p",
    "rater_kind": "human", "perspective": "felt", "asked": {"question": "q", "labels": ["a", "b"]},
    "answer": {"weights": [1, None]}, "evidence": [{"kind": "text", "char_start": 1}],
}  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"answer": {"weights": [1, 0]}},
        {"answer": {"weights": [None, 1]}},
        {"answer": {"weights": [1]}},
        {"answer": {"intensities": [1, None]}},
        {"answer": {"weights": [1, None], "words": []}},
        {"asked": {"question": "q", "labels": ["ab", ""]}},
        {"asked": {"question": "q", "labels": None}},
        {"asked": {"question": "q", "labels": ["a", "b"], "response": ""}},
        {"modalities": []},
        {"evidence": [{"kind": "text", "char_start": 1}, None]},
        {"evidence": [{"kind": "text", "char_end": 1}]},
        {"rationale": ""},
        {"confidence": 0.0},
    ],
    ids=str,
)
def test_the_hash_tells_apart_whatever_may_be_said(other: Row) -> None:
    one, two = said_of(JUDGEMENTS.from_rows([SAID, {**SAID, **other}])).to_pylist()
    assert one != two


def test_the_hash_does_not_depend_on_who_else_said_something() -> None:
    rows = [{**SAID, "answer": {"weights": [i, None], "words": None if i % 2 else ["w"]}} for i in range(5)]
    table = JUDGEMENTS.from_rows([{**SAID, "confidence": 1.0}, *rows])
    alone = [said_of(JUDGEMENTS.from_rows([row]))[0].as_py() for row in rows]
    assert said_of(table.slice(1)).to_pylist() == said_of(table).to_pylist()[1:] == alone
    assert len(set(alone)) == 5


def test_the_hash_is_what_it_was() -> None:
    """It is written in ledgers: another hash of the same answers would make revisions of all of them."""
    assert said_of(JUDGEMENTS.from_rows([SAID])).to_pylist() == ["98662df5408aef61cc7287dd"]
