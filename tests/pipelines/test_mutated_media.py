"""Three hundred files that are damaged, lying, mislabelled or endless: a build takes them all and accounts for each."""

import pytest
from support.mutants import write_mutants
from support.project import Project, project

from affectory.pipelines.build import Summary
from affectory.pipelines.history import last_build, parts, read_parts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import SAMPLES

STEPS = [
    "probe", {"scenes": {"min_s": 0.1}}, "clips", {"frames": {"count": 2}}, "load_image", "brightness", "load_audio",
    "loudness",
]  # fmt: skip
ENDED = {"Crashed", "TimedOut", "OutOfMemory"}
SAYS_NOTHING = {"never-ends.wav", "zeros.wav", "itself.mp4"}
"""What is no file to read at all: a pipe, and links to elsewhere and to itself."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Summary, list[str]]:
    folder = tmp_path_factory.mktemp("mutants")
    recipe = {
        "dataset": "mutants", "taxonomy": "ekman-7", "sources": [{"kind": "folder", "path": "media"}],
        "ingest": STEPS, "limits": {"max_failed": 1.0, "memory_mb": 1500},
    }  # fmt: skip
    made = project(folder / "p", recipe)
    names = write_mutants(made.folder / "media", folder / "spare")
    return made, made.build(workers=2, publish=False), names


def test_there_are_three_hundred(built: tuple[Project, Summary, list[str]]) -> None:
    _, summary, names = built
    assert len(names) == len(set(names)) >= 300
    assert summary.found == len(names)


def test_every_file_is_accounted_for(built: tuple[Project, Summary, list[str]]) -> None:
    made, _, names = built
    workspace = Workspace(made.workspace)
    record = last_build(workspace)
    assert record is not None
    files = parts(workspace, record.finished, "samples")
    kept = set(read_parts(files, SAMPLES.schema, ["uri"]).column("uri").to_pylist())
    lost = {row["uri"] for row in made.rejects()}
    assert kept | lost == set(names)
    assert {row["uri"]: row["outcome"] for row in made.rejects()}.keys() >= SAYS_NOTHING


def test_none_ends_a_process(built: tuple[Project, Summary, list[str]]) -> None:
    made, summary, _ = built
    assert not ENDED & {row["reason"] for row in made.rejects()}
    assert summary.failed <= 2, [row for row in made.rejects() if row["outcome"] == "failed"]


def test_every_reason_is_told(built: tuple[Project, Summary, list[str]]) -> None:
    made, _, _ = built
    assert all(row["detail"] for row in made.rejects())


def test_what_playlists_and_programs_name_is_never_read(built: tuple[Project, Summary, list[str]]) -> None:
    made, _, _ = built
    lost = {row["uri"] for row in made.rejects()}
    assert {"list.mp4", "list.m3u8", "concat.mkv", "drawn.png", "program.jpg", "magick.png"} <= lost
