"""Builds that ask a server which goes wrong in every way: nothing is lost, and nothing is asked for twice."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.faulty import LOSES, RESTART, SLOW, Body, Faulty, Said, answer, faulty, hears, last
from support.project import Project
from support.talking import texts_with

from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

ROWS = 24
CAPTION = {"caption": {"model": "writer"}}
NOTES = {"configs": ["default", "notes"]}
MIXED = [*LOSES, SLOW, RESTART] * 2
random.Random(5).shuffle(MIXED)
SCRIPTS = {fault: [fault] * 4 for fault in (*LOSES, SLOW) if fault not in ("408", "503", "429 at once")} | {
    RESTART: ["", "", "", RESTART, "", "", RESTART],
    "429 storm": ["429"] * 30,
    "all together": MIXED,
}
IN_TIME_S = 90.0


def project(folder: Path, server: Faulty, assist: Sequence[Any] = (CAPTION,), **model: Any) -> Project:
    """Lines that the server's model is to describe."""
    spec = {"backend": "openai", "model": "any", "url": server.url, "timeout_s": 3, "retries": 20, **model}
    return texts_with(folder, ROWS, {"writer": spec}, list(assist), publish=NOTES, limits={"max_failed": 1.0})


def captions(made: Project, version: str) -> list[str]:
    notes = made.rows(version, "notes").to_pylist()
    return sorted(note["text"] for note in notes if note["name"] == "caption")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What comes of a server without faults."""
    with faulty() as server:
        made = project(tmp_path_factory.mktemp("plain"), server)
        summary = made.build()
        assert (summary.kept, sum(server.asked.values())) == (ROWS, ROWS)
    return captions(made, summary.version)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_answer_is_had_once_and_a_fault_costs_one_question_at_most(
    tmp_path: Path, plain: list[str], name: str
) -> None:
    with faulty(SCRIPTS[name]) as server:
        made, began = project(tmp_path, server), monotonic()
        summary = made.build()
        assert monotonic() - began < IN_TIME_S
        assert (summary.kept, summary.rejected, summary.failed) == (ROWS, 0, 0)
        assert captions(made, summary.version) == plain
        assert set(server.met) >= set(SCRIPTS[name]) - {""}
        assert set(server.answered.values()) == {1} and len(server.answered) == ROWS
        assert sum(server.asked.values()) - ROWS <= server.lost
        asked = server.asked.copy()
        Workspace(made.workspace).clean()
        assert made.build().kept == ROWS
        assert server.asked == asked


BROKEN = ('{"labels": [', "joy", '{"labels": "joy"}', '{"labels": [{"word": "", "quote": ""}]}', "NaN", "")


def test_an_answer_that_cannot_be_read_costs_one_question_more_and_says_what_was_wrong(tmp_path: Path) -> None:
    broken = {f"Line {number}:": text for number, text in enumerate(BROKEN)}

    def say(body: Body) -> Said:
        told = json.dumps(body["messages"])
        first = not any(message["role"] == "assistant" for message in body["messages"])
        wrong = next((text for line, text in broken.items() if first and line in told), None)
        return 200, answer('{"labels": []}' if wrong is None else wrong), {}

    labels = {"extract_labels": {"model": "writer", "of": "text"}}
    with faulty(["500", "half", "html"], say=say) as server:
        made = project(tmp_path, server, assist=[labels])
        assert made.build().kept == ROWS
        assert sum(server.asked.values()) == ROWS + len(BROKEN) + server.lost
        again = [body["messages"][-2:] for body in server.bodies if "cannot be used" in last(body)]
    assert sorted(wrong["content"] for wrong, _ in again) == sorted(BROKEN)
    assert all("asked to" in objection["content"] for _, objection in again)


def stubborn(body: Body) -> Said:
    """Two questions never get an answer, one is refused, of one the answer is empty."""
    told = json.dumps(body["messages"])
    if "Line 3:" in told or "Line 11:" in told:
        return 500, {"error": "always"}, {}
    if "Line 5:" in told:
        return 400, {"error": {"message": "not this one"}}, {}
    return (200, answer(None, message={"refusal": "No."}), {}) if "Line 7:" in told else hears(body)


def test_rows_without_an_answer_fail_by_name_and_the_next_build_asks_for_them_alone(tmp_path: Path) -> None:
    with faulty(say=stubborn) as server:
        made = project(tmp_path, server, retries=1)
        summary = made.build()
        assert (summary.kept, summary.failed) == (ROWS - 4, 4)
        reasons = [row["reason"] for row in made.rejects() if row["outcome"] == "failed"]
        assert sorted(reasons) == ["Refused", "ServerError", "ServerError", "UnreadableAnswer"]
        answered = {question for question, count in server.answered.items() if count}
        server.say = hears
        asked = server.asked.copy()
        Workspace(made.workspace).clean()
        again = made.build()
        new = server.asked - asked
        assert (again.kept, again.failed) == (ROWS - 1, 1)
        assert len(new) == 3 and not set(new) & answered


def test_a_build_that_a_server_stops_goes_on_where_it_was(tmp_path: Path) -> None:
    """Half of the answers, then the key is taken away."""
    left = iter(range(ROWS // 2))

    def say(body: Body) -> Said:
        return hears(body) if next(left, None) is not None else (401, {"error": "no more"}, {})

    with faulty(say=say) as server:
        made = project(tmp_path, server)
        with pytest.raises(UserError, match="model writer: the server refuses to answer, HTTP 401: no more"):
            made.build()
        assert sum(server.answered.values()) == ROWS // 2
        server.say = hears
        assert made.build().kept == ROWS
        assert set(server.answered.values()) == {1} and len(server.answered) == ROWS


def test_a_server_that_is_away_for_good_stops_the_build_and_none_of_its_rows_fails(tmp_path: Path) -> None:
    with faulty() as server:
        made = project(tmp_path, server, retries=1)
    with pytest.raises(UserError, match="nothing answers at"):
        made.build()


@pytest.mark.parametrize("engine", ["local", "beam"])
def test_partitions_side_by_side_lose_nothing_either(tmp_path: Path, plain: list[str], engine: str) -> None:
    with faulty(MIXED) as server:
        made = project(tmp_path, server)
        summary = made.build(engine=engine, workers=2, partition_rows=6)
        assert summary.kept == ROWS
        assert captions(made, summary.version) == plain
        assert set(server.answered.values()) == {1}
        assert sum(server.asked.values()) - ROWS <= server.lost
