"""The answer ledger: found by the question, own segments first, safe under writers that know nothing of each other."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from support.answering import WHOM, ledger, said, write

from affectory.pipelines.store import answers as module
from affectory.pipelines.store.answers import Answers, Writer, answer_id
from affectory.pipelines.store.ledger import Ledger
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import ANSWERS
from affectory.transforms.base import Reply, Whom


def keys(*texts: str, whom: Whom = WHOM) -> list[str]:
    return [answer_id(whom, (text,)) for text in texts]


def found(answers: Answers, partition: str, *texts: str) -> dict[str, str | None]:
    """What was found, by text."""
    ids = dict(zip(keys(*texts, whom=answers.whom), texts, strict=True))
    return {ids[key]: reply.text for key, reply in answers.find(partition, list(ids)).items()}


@pytest.mark.parametrize("change", [{f: "other"} for f in ("backend", "model", "revision", "prompt", "parameters")])
def test_everything_that_determines_a_reply_makes_another_answer(tmp_path: Path, change: dict[str, str]) -> None:
    ledger(tmp_path).add("p", said("a"))
    other = ledger(tmp_path, replace(WHOM, **change))
    assert found(other, "p", "a") == {}
    assert keys("a") != keys("a", whom=other.whom)


def test_a_name_of_ours_alone_is_no_part_of_what_was_asked() -> None:
    assert answer_id(WHOM, ("a",)) == answer_id(replace(WHOM, code="affectory.transforms.base"), ("a",))
    assert len({answer_id(WHOM, x, n) for x in ((), ("a",), ("a", "b"), ("ab",)) for n in (0, 1)}) == 8


def test_a_reply_comes_back_as_it_is_kept(tmp_path: Path) -> None:
    reply = Reply("größer\n", (("gr", -0.1), ("ö", -2.5)), {"in": 3, "out": 4})
    ledger(tmp_path).add("p", [(("a",), reply), (("b",), Reply(None))])
    back = ledger(tmp_path).find("p", keys("a", "b"))
    rounded = tuple((token, float(np.float32(value))) for token, value in reply.logprobs)
    assert back == dict(zip(keys("a", "b"), (replace(reply, logprobs=rounded), Reply(None)), strict=True))


def test_what_a_partition_asked_itself_comes_before_what_others_did(tmp_path: Path) -> None:
    answers = ledger(tmp_path)
    answers.add("p", said("a", by=" to p"))
    answers.add("q", said("a", "b", by=" to q"))
    assert found(answers, "p", "a", "b", "c") == {"a": "A to p", "b": "B to q"}
    assert found(answers, "q", "a", "b") == {"a": "A to q", "b": "B to q"}
    assert found(answers, "r", "a") == {"a": "A to p"}, "the first segment by name, for everyone else"


def test_others_are_looked_at_once_a_build(tmp_path: Path) -> None:
    first, second = ledger(tmp_path, epoch=1), ledger(tmp_path, epoch=2)
    assert found(first, "p", "a") == {}
    first.add("q", said("a"))
    assert found(first, "p", "a") == {}, "asked once more, and its own from then on"
    assert found(first, "q", "a") == {"a": "A"}
    assert found(second, "p", "a") == {"a": "A"}


def test_only_segments_that_hold_something_wanted_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, read = ledger(tmp_path), []
    for partition in "stuv":
        answers.add(partition, said(f"only {partition}", "all"))
    monkeypatch.setattr(Answers, "_read", lambda self, name, ids: read.append(name.split("/")[1]) or {})
    answers.find("p", keys("only t", "only v", "none"))
    assert read == ["t", "v"]


def test_parts_of_ids_that_collide_find_nothing_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DIGITS", slice(2, 3))
    texts = [f"text {n}" for n in range(40)]
    ledger(tmp_path).add("p", said(*texts[:20]))
    assert set(found(ledger(tmp_path), "q", *texts)) <= set(texts[:20])


def test_writers_at_once_lose_nothing_and_the_first_to_answer_stands(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, get_context("spawn")) as pool:
        list(pool.map(write, [(str(tmp_path), writer) for writer in range(4)]))
    before = found(ledger(tmp_path), "shared", "a", "b", "c")
    write((str(tmp_path), 9))
    assert found(ledger(tmp_path), "shared", "a", "b", "c") == before
    for writer in range(4):
        assert found(ledger(tmp_path), f"own{writer}", "b") == {"b": f"B of {writer}"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    yield now


def test_a_writer_keeps_back_neither_many_answers_nor_old_ones(tmp_path: Path, clock: list[float]) -> None:
    answers = ledger(tmp_path)
    writer = Writer(answers, "p")
    many = [f"text {n}" for n in range(module.FLUSH_ANSWERS)]
    writer.add(said(*many[:-1]))
    assert found(answers, "p", *many) == {}
    writer.add(said(many[-1]))
    assert len(found(answers, "p", *many)) == len(many)
    writer.add(said("late"))
    clock[0] += module.FLUSH_S
    assert found(answers, "p", "late") == {}
    writer.add([])
    assert found(answers, "p", "late") == {"late": "LATE"}
    writer.add(said("last"))
    writer.flush()
    assert found(answers, "p", "last") == {"last": "LAST"}


def test_all_of_it_is_the_ledger_and_clean_does_not_touch_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.answers(WHOM).add("p", said("a"))
    workspace.answers(replace(WHOM, model="other")).add("q", said("a"))
    workspace.clean()
    rows = workspace.ledger("answers").read()
    assert rows.schema.equals(ANSWERS.schema)
    assert sorted(rows.column("model").to_pylist()) == sorted(["other", WHOM.model])
    assert isinstance(workspace.ledger("answers"), Ledger)
