"""The commands with releases on object storage."""

import json
import os
from pathlib import Path

import pytest
from support.project import Project, texts, write_lines
from support.project import line as line_of

from affectory.pipelines.store.files import files_at


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return texts(tmp_path / "texts", 8)


def ran(project: Project, *arguments: str) -> str:
    ended = project.command(*arguments, env=dict(os.environ))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_build_publishes_there_and_every_command_finds_it(made: Project, bucket: str) -> None:
    place = f"{bucket}/releases"
    said = ran(made, "build", "recipe.yaml", "--releases", place, "--workspace", "ws", "--workers", "0")
    assert f"release     {place}/v1.0.0" in said
    assert f'data = load_dataset("parquet", data_files={{"train": "{place}/v1.0.0/data/default/train-*.parquet"' in said
    assert "labels      " in said and f"card        {place}/v1.0.0/README.md" in said
    write_lines(made.folder / "lines.jsonl", [line_of(n) for n in range(9)])
    lines = ran(made, "build", "recipe.yaml", "--releases", place, "--workspace", "ws", "--workers", "0", "--json")
    events = [json.loads(event) for event in lines.splitlines()]
    summary = events[-1]
    assert (summary["version"], summary["release"]) == ("v1.1.0", f"{place}/v1.1.0")
    assert {"publish", "load test", "upload"} <= {event.get("what") for event in events}
    listed = ran(made, "releases", "recipe.yaml", "--releases", place)
    assert [found.split()[0] for found in listed.splitlines()] == ["v1.0.0", "v1.1.0"]
    assert "1 row added" in ran(made, "diff", "v1.0.0", f"{place}/v1.1.0", "--releases", place)
    assert "release    v1.1.0" in ran(made, "status", "recipe.yaml", "--workspace", "ws", "--releases", place)
    again = ran(made, "build", "recipe.yaml", "--releases", place, "--workspace", "ws", "--workers", "0")
    assert "v1.1.0 (unchanged)" in again
    assert len({name.split("/")[0] for name in files_at(place).names() if name.startswith("v")}) == 2


def test_a_place_that_a_recipe_names_must_be_asked_for(made: Project, bucket: str) -> None:
    place = f"{bucket}/releases"
    made.recipe.write_text(made.recipe.read_text() + f"publish: {{to: '{place}'}}\n")
    ended = made.command("build", "recipe.yaml", "--workspace", "ws", env=dict(os.environ))
    assert ended.returncode == 2
    assert f"allow it with --root {place}" in ended.stderr
    said = ran(made, "build", "recipe.yaml", "--workspace", "ws", "--workers", "0", "--root", place)
    assert f"{place}/v1.0.0" in said
    ended = made.command("releases", "recipe.yaml", env=dict(os.environ))
    assert (ended.returncode, f"ask for it: --releases {place}" in ended.stderr) == (2, True)
    assert "v1.0.0" in ran(made, "releases", "recipe.yaml", "--releases", place)


ALLOWED = "allowed: a folder, or s3://bucket/prefix or hf://datasets/org/name"


@pytest.mark.parametrize(
    ("place", "why"),
    [("file:///tmp/x", ALLOWED), ("s3://a:b@bucket", ALLOWED), ("s3://bucket/a[b]", "has [ ] in its path")],
)
def test_places_that_cannot_be_are_refused_before_anything_is_built(made: Project, place: str, why: str) -> None:
    ended = made.command("build", "recipe.yaml", "--workspace", "ws", "--workers", "0", "--releases", place)
    assert ended.returncode == 2
    assert why in ended.stderr
    assert "a:b" not in ended.stderr
    assert not list((made.folder / "ws").rglob("*.parquet"))
