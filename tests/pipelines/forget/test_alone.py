"""Recordings beside a person's own, and names of groups that only they are in, go with them and stay out."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.forgetting import NAME, forget
from support.media import tone, write_sound
from support.project import Project, project, write_csv, write_lines
from support.searching import places_of

from affectory.pipelines.forget.traces import Traces
from affectory.transforms.dataset._groups import group_of

SAID = "The lighthouse at the end of the pier frightened me more than anything"
RECIPE: dict[str, Any] = {
    "dataset": "lab",
    "taxonomy": "ekman-7",
    "sources": [
        {
            "kind": "folder", "name": "lab", "path": "in", "events": {"path": "events.csv", "primary": "camera"},
            "sidecar": {"path": "who.csv", "file": "file", "speaker": "who"},
        },
        {
            "kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "speaker": "who",
            "session": "day", "dialogue": "talk", "key": "id",
        },
    ],
    "ingest": [{"near_duplicates": {"text": 0.5}}],
    "publish": {"splits": {"by": ["speaker", "session"], "train": 0.5, "test": 0.5}},
}  # fmt: skip
EVENTS = [["quist-visit", "a.wav", "camera"], ["quist-visit", "quist-side.wav", "other"], ["e2", "b.wav", "camera"]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("alone") / "p"
    made = project(folder, RECIPE)
    (folder / "in").mkdir()
    for number, name in enumerate(("a.wav", "quist-side.wav", "b.wav", "c.wav")):
        file = write_sound(folder / "in" / name, tone(0.1, hertz=200.0 + 30 * number))
        os.utime(file, (1e9, 1e9))  # so long ago that its hash is remembered
    write_csv(folder / "events.csv", ["event", "file", "role"], EVENTS)
    write_csv(folder / "who.csv", ["file", "who"], [["a.wav", NAME], ["b.wav", "Somebody Else"]])
    lines = [
        {"id": f"n{n}", "who": (NAME, "Other")[n % 2], "body": f"{SAID} {n}.", "day": f"{('quist', 'any')[n % 2]}-day"}
        for n in range(8)
    ]
    alone = {"id": "talk", "who": NAME, "body": "Nobody answered.", "day": "quist-day", "talk": "quist-talk"}
    write_lines(folder / "lines.jsonl", [*lines, alone])
    made.build(publish=False)
    return made


@pytest.fixture
def made(built: Project, tmp_path: Path) -> Project:
    shutil.copytree(built.folder, tmp_path / "p")
    return Project(tmp_path / "p")


def test_nothing_is_left_of_recordings_and_groups_that_are_theirs_alone(made: Project) -> None:
    hashes = {
        hashlib.sha256((made.folder / "in" / name).read_bytes()).hexdigest() for name in ("a.wav", "quist-side.wav")
    }
    needles = {b"quist", *(sha.encode() for sha in hashes)}
    assert places_of(needles, made.workspace)
    done = forget(made)
    assert {"lab/a.wav", "lab/quist-side.wav"} <= {*done.plan.traces.files}
    groups = {group_of(unit).encode() for unit in done.plan.traces.samples}
    assert places_of(needles | groups, made.workspace) == set()
    assert made.build().kept == 6
    assert places_of(needles | groups, made.workspace, made.releases) == set()


def test_a_recording_of_theirs_comes_back_neither_by_itself_nor_in_an_event_of_others(made: Project) -> None:
    forget(made)
    shutil.copy(made.folder / "in" / "quist-side.wav", made.folder / "in" / "plain.wav")
    (made.folder / "in" / "quist-side.wav").rename(made.folder / "in" / "beside.wav")
    write_csv(made.folder / "events.csv", ["event", "file", "role"], [*EVENTS[2:], ["e2", "beside.wav", "other"]])
    assert made.build(publish=False).kept == 5, "four lines and a sound of others"


def test_what_others_are_in_as_well_stays_theirs(made: Project) -> None:
    groups = {*forget(made, "Other").plan.traces.groups}
    assert {"session:any-day", "session:lines:any-day"} <= groups
    assert not any("quist" in name for name in groups)


@pytest.mark.parametrize("before", ["", "\n", "a", "speaker:", '"', "\\n"])
def test_an_id_is_found_whatever_stands_before_it(before: str) -> None:
    person = "p_" + "0a" * 10
    finder = Traces(person, "", "", samples=("s_" + "1b" * 12,)).derived
    assert finder.in_text(f"{before}{person}")
    assert finder.in_bytes(f"{before}{group_of('s_' + '1b' * 12)} ".encode())
    assert finder.rows(pa.table({"a": ["x", f"{before}{person}"]})).tolist() == [False, True]
