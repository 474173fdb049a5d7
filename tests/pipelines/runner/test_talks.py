"""Talks of rows side by side, each told of what it asked."""

import pytest
from support.talking import backends, parrot

from affectory.pipelines.prompting import prompt
from affectory.pipelines.runner.stage import Stage, conversed_with
from affectory.pipelines.runner.talks import Talks
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.assist.opine import Opine
from affectory.transforms.base import Rejected, Reply
from affectory.transforms.rows import Reject

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
ROWS = [{"text": text, "language": None} for text in ("one", "two")]
ANSWER = Reply("A", (("A", -0.1), ("B", -3.0)))


def talks(*names: str) -> Talks:
    """A panel on two rows: what the second says may not go to the hawk."""
    panel = tuple(parrot(name=name, model=name) for name in names)
    step = Opine(panel=panel, prompt=prompt("opine"), taxonomy=load_taxonomy("ekman-7"))
    stage = Stage("opine", "assist", step, "i", None, conversed_with(step))
    no = Rejected(0, "withheld", "not to the hawk")
    people = [(), ("p_1",)]
    return Talks(stage, ROWS, step.talk, people, lambda ask, who: no if who and ask.model == "hawk" else None)


def test_what_may_not_be_asked_is_not_and_a_panel_does_without() -> None:
    these = talks("hawk", "dove")
    questions = these.questions()
    assert sorted((q.ask.model, q.row) for q in questions.values()) == [("dove", 0), ("dove", 1), ("hawk", 0)]
    assert these.tell_known(dict.fromkeys(questions, ANSWER))
    assert not these.open
    assert [[x["rater"] for x in row["opinions_panel"]] for row in these.ended] == [["hawk", "dove"], ["dove"]]
    assert these.ended[1]["panel_missing"] == "hawk: withheld: not to the hawk"


def test_where_nothing_may_be_asked_the_row_is_withheld_at_once() -> None:
    these = talks("hawk")
    assert [q.row for q in these.questions().values()] == [0]
    assert isinstance(these.ended[1], Reject)
    assert these.ended[1].reason == "withheld"


def test_what_got_no_answer_is_missing_until_it_comes() -> None:
    these = talks("dove", "jay")
    dove = {key: ANSWER for key, q in these.questions().items() if q.ask.model == "dove"}
    assert not these.tell_known(dove)
    these.tell(dove)
    assert all(getattr(end, "failed_as", "") == "Unanswered" for end in these.ended)
