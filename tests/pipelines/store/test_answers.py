"""The answer ledger: found by the question, own segments first, safe under writers that know nothing of each other."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.answering import WHOM, ledger, said, write

from affectory.pipelines.store import answers as module
from affectory.pipelines.store.answers import Answers, Writer, answer_id
from affectory.pipelines.store.files import LocalFiles
from affectory.pipelines.store.ledger import Ledger
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import ANSWERS
from affectory.schemas.tables import VERSION_KEY
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


def test_a_writer_keeps_back_neither_many_answers_nor_the_last_ones(tmp_path: Path) -> None:
    answers = ledger(tmp_path)
    writer = Writer(answers, "p")
    many = [f"text {n}" for n in range(module.FLUSH_ANSWERS)]
    writer.add(said(*many[:-1]))
    assert found(answers, "p", *many) == {}
    writer.add(said(many[-1]))
    assert len(found(answers, "p", *many)) == len(many)
    writer.add(said("last"))
    writer.flush()
    assert found(answers, "p", "last") == {"last": "LAST"}


def until(there: Callable[[], object], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not there() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(there())


def test_an_answer_is_written_in_time_though_no_further_one_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_S", 0.05)
    answers = ledger(tmp_path)
    writer = Writer(answers, "p")
    for text in ("slow", "slower"):
        writer.add(said(text))
        assert until(lambda text=text: found(answers, "p", text))


def test_what_cannot_be_written_in_time_waits_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSH_S", 0.01)
    tries = []

    def full(*_: object) -> None:
        tries.append(1)
        raise OSError("no space left")

    answers = ledger(tmp_path)
    writer = Writer(answers, "p")
    with monkeypatch.context() as broken:
        broken.setattr(Answers, "add", full)
        writer.add(said("a"))
        assert until(lambda: tries)
        with pytest.raises(OSError, match="no space"):
            writer.flush()
    writer.flush()
    assert found(answers, "p", "a") == {"a": "A"}


def test_a_segment_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, read = ledger(tmp_path), []
    answers.add("p", said("a", "b"))
    monkeypatch.setattr(LocalFiles, "read", lambda self, name: read.append(name) or self.path(name).read_bytes())
    assert [found(answers, "p", text) for text in "abc"] == [{"a": "A"}, {"b": "B"}, {}]
    assert len(read) == 1


def test_segments_in_memory_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD_BYTES", 1000)
    answers = ledger(tmp_path)
    for text in "abc":
        answers.add("p", [((text,), Reply(text * 900))])
    assert len(found(answers, "p", *"abc")) == 3
    assert len(module._HELD._tables) == 1


@pytest.mark.parametrize("media", [b"", b"RIFF....WAVE" * 1000])
def test_what_a_model_made_comes_back_byte_for_byte(tmp_path: Path, media: bytes) -> None:
    replies = [((name,), Reply("wav", (), {"tokens_out": 3}, media)) for name in ("a", "b")]
    ledger(tmp_path).add("p", replies)
    back = ledger(tmp_path).find("q", keys("a", "b"))
    assert [back[key] for key in keys("a", "b")] == [reply for _, reply in replies]
    files = list(tmp_path.rglob("media/*"))
    assert [file.read_bytes() for file in files] == [media], "what is the same is kept once"


def test_segments_of_the_first_version_are_read(tmp_path: Path) -> None:
    ledger(tmp_path).add("p", said("a"))
    [segment] = tmp_path.rglob("*.parquet")
    table = pq.read_table(segment)
    told = {**(table.schema.metadata or {}), VERSION_KEY: b"1"}
    pq.write_table(table.drop_columns("media").replace_schema_metadata(told), segment)
    assert pq.read_schema(segment).names == [n for n in ANSWERS.schema.names if n != "media"]
    module._HELD._tables.clear()
    assert ledger(tmp_path).find("p", keys("a")) == {keys("a")[0]: Reply("A")}


def test_readers_see_whole_segments_while_others_write(tmp_path: Path) -> None:
    texts = ("a", "b", "c")
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        writing = [pool.submit(write, (str(tmp_path), writer)) for writer in range(6)]
        epoch = 0
        while not all(job.done() for job in writing):
            epoch += 1
            for key, reply in ledger(tmp_path, epoch=epoch).find("shared", keys(*texts)).items():
                assert (reply.text or "").startswith(texts[keys(*texts).index(key)].upper())
        assert all(job.exception() is None for job in writing)


@pytest.mark.parametrize("scheme", ["s3", "memory"])
def test_object_storage_keeps_answers_as_well(scheme: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    bucket = request.getfixturevalue("bucket") if scheme == "s3" else f"memory:/{tmp_path}"
    place = Workspace(f"{bucket}/ws")
    answers = place.answers(WHOM, 1)
    answers.add("p", [(("a",), Reply("wav", media=b"sound")), (("b",), Reply("B"))])
    answers.add("p", said("a", by=" again"))
    assert place.answers(WHOM, 2).find("q", keys("a", "b")) in (
        dict(zip(keys("a", "b"), (Reply("wav", media=b"sound"), Reply("B")), strict=True)),
        dict(zip(keys("a", "b"), (Reply("A again"), Reply("B")), strict=True)),
    )


def test_all_of_it_is_the_ledger_and_clean_does_not_touch_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.answers(WHOM).add("p", said("a"))
    workspace.answers(replace(WHOM, model="other")).add("q", said("a"))
    workspace.clean()
    rows = workspace.ledger("answers").read()
    assert rows.schema.equals(ANSWERS.schema)
    assert sorted(rows.column("model").to_pylist()) == sorted(["other", WHOM.model])
    assert isinstance(workspace.ledger("answers"), Ledger)
