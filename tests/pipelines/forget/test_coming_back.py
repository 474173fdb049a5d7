"""Whoever was forgotten does not come back: under another name of the file, as a rater, in a preview, in a table."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.forgetting import NAME, PERSON, REASON, World, forget
from support.project import Project, project, write_image, write_lines
from support.searching import places_of

from affectory.pipelines.build import Options, build
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run
from affectory.pipelines.store.workspace import Workspace

PICTURES: dict[str, Any] = {
    "dataset": "pictures",
    "taxonomy": "ekman-7",
    "sources": [
        {"kind": "jsonl", "name": "rows", "path": "rows.jsonl", "media": "picture", "speaker": "who", "key": "id"}
    ],
    "ingest": ["load_image"],
}


@pytest.fixture(scope="module")
def forgotten(built: World, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("forgotten") / "p"
    shutil.copytree(built.project.folder, folder)
    forget(Project(folder))
    return Project(folder)


@pytest.fixture
def made(forgotten: Project, tmp_path: Path) -> Project:
    shutil.copytree(forgotten.folder, tmp_path / "p")
    return Project(tmp_path / "p")


def _subjects(made: Project, workspace: str = "") -> set[str]:
    table = Workspace(made.workspace / workspace).ledger("sources").read()
    return {person for people in table.column("subjects").to_pylist() for person in people or ()}


def test_a_file_under_another_name_and_of_nobody_is_refused(made: Project) -> None:
    (made.folder / "media" / "aq-portrait.png").rename(made.folder / "media" / "harmless.png")
    made.build(publish=False)
    rejects = [r for r in made.rejects() if r["stage"] == "scan"]
    assert [(r["uri"], r["row"]) for r in rejects if r["reason"] == "withheld"] == [(None, "")] * 3
    (idle,) = [r["detail"] for r in rejects if r["reason"] == "unknown_record"]
    assert idle == "some of what it names was asked to be forgotten"


def test_another_line_of_theirs_is_refused_as_well(made: Project) -> None:
    lines = (made.folder / "lines.jsonl").read_text()
    said = "Something that nobody has heard of before."
    more = f'{{"id": "new", "who": "{NAME}", "body": "{said}", "talk": "new", "turn": 0}}\n'
    (made.folder / "lines.jsonl").write_text(lines + more)
    made.build(publish=False)
    assert PERSON not in _subjects(made)
    assert places_of({said.encode(), PERSON.encode()}, made.workspace) == set()


def test_a_file_that_is_gone_is_not_missed_by_its_name(made: Project) -> None:
    (made.folder / "media" / "aq-portrait.png").unlink()
    made.build(publish=False)
    assert places_of({b"aq-portrait"}, made.workspace) == set()


def test_a_preview_knows_them_too(made: Project) -> None:
    where = Options(str(made.workspace / "preview-30"), made.releases, Choice("local", 0), sample=30, publish=False)
    with Run(made.folder / "run.jsonl") as run:
        build(made.bound(), where, run)
    assert PERSON not in _subjects(made, "preview-30")


def test_a_rater_takes_their_judgements_along(made: Project) -> None:
    before = Workspace(made.workspace).ledger("judgements").read().num_rows
    forget(made, "two", "left the study")
    made.build(publish=False)
    assert Workspace(made.workspace).ledger("judgements").read().num_rows == before // 2
    assert all(r["reason"] == "withheld" for r in made.rejects() if r["stage"] == "ratings")


def test_a_file_in_which_others_are_too_stays_theirs(tmp_path: Path) -> None:
    made = project(tmp_path / "p", PICTURES)
    for number in range(3):
        write_image(made.folder / f"{number}.png", number)
    pictures = {"a": (NAME, "0.png"), "b": ("somebody", "0.png"), "c": (NAME, "1.png"), "d": ("somebody", "2.png")}
    write_lines(made.folder / "rows.jsonl", [{"id": i, "who": w, "picture": p} for i, (w, p) in pictures.items()])
    made.build(publish=False)
    done = forget(made, NAME, REASON)
    assert done.plan.traces.files == ("rows/1.png",)
    assert made.build(publish=False).kept == 2
    assert _subjects(made) != set() and PERSON not in _subjects(made)
