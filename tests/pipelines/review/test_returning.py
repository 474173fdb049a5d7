"""Every state of every annotation becomes what stands in the ledger: superseded, retracted, declined or put aside."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forms import answered_result, asking, shown

from affectory.annotation.answered import Answered, Read
from affectory.annotation.found import Annotation
from affectory.annotation.shown import Shown
from affectory.pipelines.review.returning import TRACES, Returned, Returning, asked_by_task
from affectory.pipelines.runner.attach import standing
from affectory.schemas.ledgers import JUDGEMENTS, RETURNS
from affectory.schemas.recipe.review import Floors

FORM = asking("text", ("categories", {"intensity": 3}), ("cues", {"of": ("cause",)}))
SHOWN = shown("text")
ASK = {
    "ask_id": "q", "revision": 0, "closed": None, "question": "main", "form": FORM.identity, "task": "t",
    "sample_id": SHOWN.sample_id, "anchor": dict(SHOWN.anchor), "occasion": "", "rater": "p_ann", "purpose": "explored",
    "probability": 0.25, "position": 7, "round": 1, "content": SHOWN.content,
}  # fmt: skip


UNKNOWN = {"from_name": "other", "to_name": "text", "type": "choices", "value": {"choices": ["x"]}}


def asked(**given: Any) -> dict[str, Any]:
    return {**ASK, "shown": json.dumps(SHOWN.facts()), **given}


class World:
    """Ledgers that grow with each pull."""

    def __init__(self, *asks: dict[str, Any]) -> None:
        self.asks = asks or (asked(),)
        self.judgements, self.returns = JUDGEMENTS.empty(), RETURNS.empty()

    def pull(self, *found: Annotation, rater: str = "p_ann", server: str = "s", **given: Any) -> Returned:
        known = asked_by_task(self.asks), self.judgements, self.returns
        returning = Returning(server, {("main", "text"): FORM}, *known, Floors(), **given)
        came = returning.take([(one, rater) for one in found])
        self.judgements = pa.concat_tables([self.judgements, came.judgements])
        self.returns = pa.concat_tables([self.returns, came.returns])
        return came

    def stand(self) -> dict[str, list[str]]:
        """By the question of what stands, the labels or places that were given."""
        found: dict[str, list[str]] = {}
        for row in standing(self.judgements).to_pylist():
            pairs = zip(row["asked"]["labels"] or (), row["answer"]["weights"] or (), strict=False)
            found.setdefault(row["rater"], []).extend(label for label, weight in pairs if weight)
        return found


def annotation(label: str = "joy", number: int = 1, at: int = 0, **given: Any) -> Annotation:
    said = {"categories": [label], f"strength_{FORM.taxonomy.labels.index(label)}": 2}
    result = tuple(answered_result(FORM, SHOWN, said))
    known = {"annotation": number, "number": 9, "uid": "t", "email": "ann@x.org", "state": "stored", "spent_s": 8.0}
    return Annotation(**{**known, "updated": f"2026-11-30T10:{at:02}:00Z", "result": result, **given})


def test_an_answer_is_a_judgement_with_all_that_was_asked_and_shown() -> None:
    world = World()
    came = world.pull(annotation())
    [row] = came.judgements.to_pylist()
    assert came.counts == {"taken": 1}
    assert (row["rater"], row["rater_kind"], row["perspective"], row["revision"]) == ("p_ann", "human", "perceived", 0)
    assert row["asked"]["labels"] == list(FORM.taxonomy.labels)
    assert row["shown"]["position"] == 7
    assert row["shown"]["probability"] == 0.25
    assert row["shown"]["content"] == SHOWN.content
    assert row["shown"]["suggestions"] is None
    assert (row["spent_s"], row["modalities"], row["origin"]) == (8.0, ["text"], None)
    [back] = came.returns.to_pylist()
    assert (back["verdict"], back["judgements"], back["task"]) == ("taken", [row["act"]], "t")


def test_the_same_state_is_taken_once() -> None:
    world = World()
    world.pull(annotation())
    assert world.pull(annotation()).counts == {}
    assert world.judgements.num_rows == world.returns.num_rows == 1


def test_a_kill_between_the_two_ledgers_costs_nothing() -> None:
    world = World()
    world.pull(annotation())
    world.returns = RETURNS.empty()
    came = world.pull(annotation())
    assert (came.judgements.num_rows, came.returns.num_rows) == (0, 1)


def test_an_edit_supersedes_and_nothing_is_overwritten() -> None:
    world = World()
    world.pull(annotation("joy"))
    came = world.pull(annotation("fear", at=5))
    [row] = came.judgements.to_pylist()
    assert (row["revision"], row["supersedes"]) == (1, world.judgements.column("judgement_id")[0].as_py())
    assert world.stand() == {"p_ann": ["fear"]}
    assert world.judgements.num_rows == 2


def test_a_save_that_says_the_same_is_a_state_and_no_revision() -> None:
    world = World()
    world.pull(annotation())
    came = world.pull(annotation(at=5))
    assert (came.judgements.num_rows, came.returns.num_rows) == (0, 1)


def test_what_is_deleted_is_retracted_and_comes_back_when_it_is_said_again() -> None:
    world = World()
    world.pull(annotation())
    gone = Annotation(1, 0, "", "", "deleted")
    came = world.pull(gone, rater="")
    assert came.counts == {"retracted": 1}
    assert came.returns.to_pylist()[0]["rater"] == "p_ann"
    assert world.stand() == {}
    assert world.pull(gone, rater="").counts == {}
    world.pull(annotation("joy", number=2, at=9))
    assert world.stand() == {"p_ann": ["joy"]}
    assert sorted(world.judgements.column("revision").to_pylist()) == [0, 1, 2]


def test_of_two_annotations_of_one_person_the_later_counts_until_it_is_deleted() -> None:
    world = World()
    world.pull(annotation("joy", 1, 0), annotation("fear", 2, 5))
    assert world.stand() == {"p_ann": ["fear"]}
    world.pull(Annotation(2, 0, "", "", "deleted"), rater="")
    assert world.stand() == {"p_ann": ["joy"]}


def test_a_skip_takes_back_what_was_said_and_is_no_opinion() -> None:
    world = World()
    world.pull(annotation())
    came = world.pull(annotation(at=5, state="skipped"))
    assert came.counts == {"declined": 1}
    assert world.stand() == {}
    assert [row["declined"] for row in came.judgements.to_pylist() if not row["retracted"]] == ["skipped"]
    world.pull(annotation("fear", at=9))
    assert world.stand() == {"p_ann": ["fear"]}


@pytest.mark.parametrize("why", ["cannot judge", "harmful"])
def test_who_cannot_judge_says_so_and_judges_nothing(why: str) -> None:
    world = World()
    came = world.pull(annotation(result=tuple(answered_result(FORM, SHOWN, {"exit": [why]}))))
    [row] = came.judgements.to_pylist()
    assert (came.counts, row["declined"]) == ({"declined": 1}, why)
    assert world.stand() == {}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"spent_s": 0.1}, "0.1"),
        ({"result": ()}, "categories"),
        (
            {"result": ({"from_name": "other", "to_name": "text", "type": "choices", "value": {"choices": ["x"]}},)},
            "other",
        ),
        ({"uid": "t_else"}, "no such task"),
    ],
)
def test_what_cannot_be_believed_is_put_aside_with_its_reason(given: dict[str, Any], why: str) -> None:
    world = World()
    came = world.pull(annotation(**given))
    [row] = came.returns.to_pylist()
    assert (came.counts, came.judgements.num_rows) == ({"refused": 1}, 0)
    assert why in row["why"]
    assert row["number"] == 9


def test_an_answer_that_became_wrong_stands_no_more() -> None:
    world = World()
    world.pull(annotation())
    world.pull(annotation(at=5, result=()))
    assert world.stand() == {}


def test_who_was_not_asked_is_heard_all_the_same() -> None:
    world = World()
    world.pull(annotation(), rater="p_bob")
    assert world.stand() == {"p_bob": ["joy"]}


def test_a_decision_is_an_opinion_of_its_own_kind() -> None:
    world = World(asked(purpose="adjudication", occasion="adjudication", probability=None))
    [row] = world.pull(annotation()).judgements.to_pylist()
    assert (row["rater_kind"], row["occasion"]) == ("adjudicator", "adjudication")


def test_what_is_open_says_what_was_shown_and_not_what_was_closed() -> None:
    gone = shown("text", "What it was.")
    closed = asked(ask_id="a", closed="withdrawn", round=2, content=gone.content, shown=json.dumps(gone.facts()))
    now = asked(ask_id="b", round=1)
    for rows in [(closed, now), (now, closed)]:
        [task] = asked_by_task(rows).values()
        assert task.shown.text == SHOWN.text
        assert task.of("p_ann")["ask_id"] == "b"
        assert task.of("p_else")["ask_id"] == "b"


def test_another_database_makes_nothing_of_the_first_one_undone() -> None:
    world = World()
    world.pull(annotation("joy"), server="before")
    world.pull(annotation("fear", at=5), server="after", rater="p_bob")
    assert world.stand() == {"p_ann": ["joy"], "p_bob": ["fear"]}


def test_what_was_drawn_stands_beside_what_was_answered() -> None:
    """Each scale of the trace page is said for itself, and none of it is read as an answer of Label Studio."""
    world = World()
    drawn = [replace(annotation(number=n), result=({"scale": f"scale {n}"},)) for n in (7, 8)]
    world.pull(*drawn, server=TRACES, reader=read_drawn)
    assert world.pull(annotation(at=30)).counts == {"taken": 1}
    questions = [row["asked"]["question"] for row in standing(world.judgements).to_pylist()]
    assert sorted(questions)[-2:] == ["scale 7", "scale 8"]
    assert len(questions) == 3
    world.pull(annotation(at=40, state="skipped"))
    assert standing(world.judgements).num_rows == 2


def read_drawn(row: Mapping[str, Any], _: Shown) -> Read:
    scale = json.loads(row["result"])[0]["scale"]
    return Read((Answered(scale, {"question": scale, "labels": [scale], "response": "trace"}, {}),))


EMPTY = JUDGEMENTS.empty(), RETURNS.empty()
STATES = st.sampled_from(["joy", "fear", "skipped", "deleted", "wrong"])


def state(number: int, what: str, at: int) -> Annotation:
    plain = annotation("fear" if what == "fear" else "joy", number, at)
    if what == "wrong":
        return replace(plain, result=())
    return replace(plain, state="skipped") if what == "skipped" else plain


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 3), STATES), max_size=8))
def test_one_that_takes_bit_by_bit_gives_what_new_ones_give(story: list[tuple[int, str]]) -> None:
    """A pull of many answers looks at the ledgers once, and knows what it wrote since."""
    world, gone = World(), set[int]()
    at_work = Returning("s", {("main", "text"): FORM}, asked_by_task(world.asks), *EMPTY, Floors())
    given: list[Returned] = []
    for at, (number, what) in enumerate(story):
        if number not in gone:
            one = Annotation(number, 0, "", "", "deleted") if what == "deleted" else state(number, what, at)
            gone |= {number} if what == "deleted" else set()
            rater = "" if what == "deleted" else "p_ann"
            given.append(at_work.take([(one, rater)]))
            assert [t.to_pylist() for t in tables(given[-1])] == [
                t.to_pylist() for t in tables(world.pull(one, rater=rater))
            ]
            assert at_work.take([(one, rater)]).counts == {}


def tables(came: Returned) -> tuple[pa.Table, pa.Table]:
    return came.judgements, came.returns


def test_two_sets_of_questions_about_the_same_sample_do_not_answer_for_each_other() -> None:
    """Nor do those who decline one of them."""
    forms = {("main", "text"): FORM, ("heard", "text"): replace(FORM, name="heard")}
    asks = (asked(), asked(ask_id="q2", question="heard", task="t2", form=forms["heard", "text"].identity))
    said = [annotation("joy"), annotation("fear", number=2, uid="t2")]
    skips = [replace(one, state="skipped") for one in said]
    for came in (said, skips):
        taken = Returning("s", forms, asked_by_task(asks), *EMPTY, Floors()).take([(one, "p_ann") for one in came])
        assert taken.judgements.column("revision").to_pylist() == [0, 0]


def test_whose_side_was_asked_about_is_what_was_planned_whatever_the_recipe_says_since() -> None:
    facts = {**SHOWN.facts(), "perspective": "felt", "whose": "listener"}
    [row] = World(asked(shown=json.dumps(facts))).pull(annotation()).judgements.to_pylist()
    assert (FORM.question.perspective, row["perspective"], row["whose"]) == ("perceived", "felt", "listener")


def test_whose_an_annotation_is_stays_when_their_address_changes() -> None:
    world = World()
    world.pull(annotation("joy"))
    came = world.pull(annotation("fear", at=5), rater="p_ann_of_another_address")
    assert came.returns.column("rater").to_pylist() == ["p_ann"]
    assert world.stand() == {"p_ann": ["fear"]}


def test_of_who_took_all_back_nothing_counts_whenever_it_comes_in() -> None:
    world = World()
    world.pull(annotation())
    came = world.pull(annotation("fear", at=5), annotation("joy", number=2, at=6), gone={"p_ann"})
    assert came.counts == {"retracted": 2}
    assert world.stand() == {}
    assert "took all back" in came.returns.to_pylist()[-1]["why"]


@given(st.lists(st.tuples(st.integers(1, 3), STATES), max_size=12))
def test_what_stands_is_the_newest_state_whatever_came_before(story: list[tuple[int, str]]) -> None:
    """However often it is pulled in between, and whatever was deleted stays so."""
    often, once, now, gone = World(), World(), dict[int, Annotation](), set[int]()
    for at, (number, what) in enumerate(story):
        if number in gone:
            continue
        if what != "deleted":
            now[number] = state(number, what, at)
            often.pull(now[number])
        elif now.pop(number, None):
            gone.add(number)
            often.pull(Annotation(number, 0, "", "", "deleted"), rater="")
    once.pull(*now.values())
    assert often.stand() == once.stand()
    before = often.judgements.num_rows
    often.pull(*now.values())
    assert often.judgements.num_rows == before


def test_an_answer_is_about_what_its_task_showed_then() -> None:
    """The text changed after it was given and before it was pulled: the task is asked anew, the answer is not."""
    changed = shown("text", text="Another text.")
    now = asked(revision=2, content=changed.content)
    now["shown"] = json.dumps(changed.facts())
    world = World(asked(), asked(revision=1, closed="changed"), now)
    [row] = world.pull(annotation(shown=SHOWN.content)).judgements.to_pylist()
    assert row["shown"]["content"] == SHOWN.content
    [row] = world.pull(annotation("fear", 2, 5, shown=changed.content)).judgements.to_pylist()
    assert row["shown"]["content"] == changed.content
