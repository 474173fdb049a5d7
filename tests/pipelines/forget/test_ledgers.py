"""Rows about a person or by them leave the ledgers; what others said stays, without what names or quotes the person."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.answering import WHOM
from support.reviewing import Review

from affectory.pipelines.forget import ledgers
from affectory.pipelines.forget.traces import REMOVED, Traces
from affectory.pipelines.store import forgotten
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import LEDGERS
from affectory.transforms.base import Reply

PERSON, RATER = "p_" + "a" * 20, "p_" + "b" * 20
RECORD, OTHER = "r_" + "1" * 24, "r_" + "2" * 24
WORDS = "I told nobody of the lighthouse."
TASK = "t_" + "3" * 24
TRACES = Traces(PERSON, "asked", "1", records=(RECORD,), tasks=(TASK,), words=(WORDS,),
                said=("a woman near a lighthouse at dusk",))  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


def _judgements(workspace: Workspace) -> list[dict[str, Any]]:
    review = Review()
    theirs = review.ask("x", rater=RATER, anchor={"record": RECORD})
    others = review.ask("y", rater=RATER, anchor={"record": OTHER})
    evidence = [{"kind": "time", "record": RECORD}, {"kind": "time", "record": None}]
    review.judge(theirs, RATER, {"weights": [1.0, 0.0, 0.0]})
    review.judge(others, PERSON, {"weights": [1.0, 0.0, 0.0]})
    review.judge(
        others, RATER, {"weights": [1.0, 0.0, 0.0]}, shown={"context": [WORDS, "And then?"]}, evidence=evidence
    )
    workspace.ledger("judgements").append(LEDGERS["judgements"].from_rows(review.judgements))
    ledgers.take_out(workspace, TRACES)
    return list(workspace.ledger("judgements").read().to_pylist())


def test_judgements_about_them_and_by_them_go_and_others_lose_what_quotes_them(workspace: Workspace) -> None:
    (left,) = _judgements(workspace)
    assert left["rater"] == RATER and left["anchor"]["record"] == OTHER and left["answer"]["weights"] == [1.0, 0.0, 0.0]
    assert left["shown"]["context"] == [REMOVED, "And then?"]
    assert [place["record"] for place in left["evidence"]] == [None]


def test_what_was_shown_to_others_loses_their_words(workspace: Workspace) -> None:
    review = Review()
    shown = {"sample_id": "y", "kind": "text", "text": "Mine.", "context": [["A", WORDS]]}
    review.ask("x", rater=RATER, anchor={"record": RECORD}, task=TASK)
    review.ask("y", rater=PERSON, anchor={"record": OTHER})
    review.ask("y", rater=RATER, anchor={"record": OTHER}, shown=json.dumps(shown))
    workspace.ledger("asks").append(LEDGERS["asks"].from_rows(review.asks))
    ledgers.take_out(workspace, TRACES)
    (left,) = workspace.ledger("asks").read().to_pylist()
    assert json.loads(left["shown"])["context"] == [["A", REMOVED]]


def test_a_ledger_without_them_keeps_its_segments(workspace: Workspace) -> None:
    people = LEDGERS["people"].from_rows([{"person_id": RATER, "revision": 0, "roles": ["rater"]}])
    workspace.ledger("people").append(people)
    before = [part.name for part in workspace.ledger("people").segments()]
    ledgers.take_out(workspace, TRACES)
    assert [part.name for part in workspace.ledger("people").segments()] == before


def test_answers_that_quote_them_or_what_was_said_of_them_go_with_their_media(workspace: Workspace) -> None:
    answers = workspace.answers(WHOM)
    replies = [f"It says: {WORDS}", json.dumps({"caption": TRACES.said[0]}), "joy", "a man by a tree"]
    answers.add("p", [((str(n),), Reply(text, media=text.encode())) for n, text in enumerate(replies)])
    assert ledgers.count(workspace, TRACES)["answers"] == 2
    ledgers.take_out(workspace, TRACES)
    files = workspace.files("ledgers/answers")
    tables = [ledgers.answers_in(files, name) for name in files.names() if name.endswith(".parquet")]
    assert [text for table in tables for text in table.column("text").to_pylist()] == replies[2:]
    assert {files.read(name) for name in files.names() if "/media/" in name} == {text.encode() for text in replies[2:]}


BACK = {
    "people": {"person_id": PERSON, "revision": 0, "roles": ["rater"]},
    "sources": {"record_id": RECORD, "fingerprint": "f", "asset_id": "a", "source": "s", "uri": "u", "kind": "text"},
    "returns": {"return_id": "b", "server": "s", "annotation": 1, "question": "q", "state": "stored",
                "verdict": "taken", "task": TASK},
}  # fmt: skip


@pytest.mark.parametrize("name", BACK)
def test_a_ledger_takes_nothing_of_them_any_more(workspace: Workspace, name: str) -> None:
    rows = LEDGERS[name].from_rows([BACK[name]])
    forgotten.remember(workspace.files("ledgers"), TRACES.marks)
    assert workspace.ledger(name).append(rows) == 0
    assert workspace.ledger(name).read().num_rows == 0
