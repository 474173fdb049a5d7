"""From a file to all that came of it."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from support.project import Project

from affectory.pipelines.following.forward import Forward, forward
from affectory.pipelines.following.held import held
from affectory.pipelines.history import last_build
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS


def follow(made: Project, wanted: str) -> Forward:
    workspace = Workspace(made.workspace)
    build = last_build(workspace)
    assert build is not None
    return forward(workspace, build, wanted)


def test_a_file_leads_to_every_sample_opinion_and_label_and_to_the_versions_that_hold_them(versions: Project) -> None:
    found = follow(versions, "lines.jsonl")
    assert len(found.rows) == 87 and {row.uri for row in found.rows} == {"lines.jsonl"}
    assert all((row.opinions, row.labels) == ({"human": 3}, 1) for row in found.rows)
    assert [(one.version, sum(count for _, count in one.splits)) for one in found.held] == [
        ("v1.0.0", 57),
        ("v1.1.0", 87),
    ]
    published = {row["sample_id"] for row in versions.rows("v1.1.0").to_pylist()}
    assert {row.sample_id for row in found.rows} == published


def test_bytes_are_known_whatever_the_file_is_called(versions: Project, tmp_path: Path) -> None:
    copy = shutil.copy(versions.folder / "lines.jsonl", tmp_path / "copy of lines")
    asset = hashlib.sha256(Path(copy).read_bytes()).hexdigest()
    by_hash, by_copy = follow(versions, asset), follow(versions, str(copy))
    assert by_hash.rows == by_copy.rows
    assert len(by_hash.rows) == 30, "of the other lines these bytes were not the first that said them"


def test_what_was_not_kept_of_a_record_is_told(versions: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    record = follow(versions, "l7").rows[0].record_id
    why = {"reject_id": "x_1", "stage": "label", "outcome": "rejected", "reason": "unattached", "detail": "too far off"}
    lost = REJECTS.from_rows([{**why, "record_id": record}, {**why, "reject_id": "x_2", "record_id": "r_other"}])
    monkeypatch.setattr("affectory.pipelines.following.forward.rejects", lambda *_: lost)
    found = follow(versions, "l7")
    assert [row["record_id"] for row in found.rejected] == [record]
    assert "  not kept rejected at label: unattached, too far off" in found.as_text().splitlines()


def test_it_is_text_and_data(versions: Project) -> None:
    found = follow(versions, "lines.jsonl")
    said = found.as_text().splitlines()
    assert said[:2] == ["lines.jsonl: 87 samples", "  file     lines.jsonl"]
    assert "    ... and 37 more" in said
    assert said[-1].startswith("  release  v1.1.0  test ")
    assert len(json.loads(json.dumps(found.facts()))["rows"]) == 87


def test_a_version_that_is_gone_is_said_to_be(versions: Project, tmp_path: Path) -> None:
    copy = Project(Path(shutil.copytree(versions.folder, tmp_path / "copy")))
    sample = follow(copy, "l7").rows[0].sample_id
    shutil.move(versions.releases / "v1.0.0", tmp_path / "away")
    try:
        gone = held(Workspace(copy.workspace), [sample])
    finally:
        shutil.move(tmp_path / "away", versions.releases / "v1.0.0")
    assert [(one.version, one.reached) for one in gone] == [("v1.0.0", False), ("v1.1.0", True)]
    assert "out of reach" in gone[0].line()


@pytest.mark.parametrize(("wanted", "begins"), [("lines.jsonl", "lines.jsonl: 87 samples"), ("l7", "s_")])
def test_the_command_lists_several_and_tells_one(versions: Project, wanted: str, begins: str) -> None:
    said = versions.told("trace", wanted, "--workspace", str(versions.workspace))
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(begins)
    data = json.loads(versions.told("trace", wanted, "--json", "--workspace", str(versions.workspace)).stdout)
    assert len(data["held"]) == 2
