"""The commands with releases on object storage."""

import json
from pathlib import Path

import pytest
from support.project import Project, texts, write_lines
from support.project import line as line_of
from typer.testing import CliRunner, Result

from affectory.pipelines.cli.app import app
from affectory.pipelines.store.files import files_at


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return texts(tmp_path / "texts", 8)


def command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def said(*arguments: object) -> str:
    ended = command(*arguments)
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout


def test_a_build_publishes_there_and_every_command_finds_it(made: Project, bucket: str) -> None:
    place = f"{bucket}/releases"
    build = ("build", made.recipe, "--workers", 0, "--workspace", made.workspace, "--releases", place)
    told = said(*build)
    assert f"release     {place}/v1.0.0" in told
    assert f'data = load_dataset("parquet", data_files={{"train": "{place}/v1.0.0/data/default/train-*.parquet"' in told
    assert "labels      " in told and f"card        {place}/v1.0.0/README.md" in told
    write_lines(made.folder / "lines.jsonl", [line_of(n) for n in range(9)])
    events = [json.loads(event) for event in said(*build, "--json").splitlines()]
    assert (events[-1]["version"], events[-1]["release"]) == ("v1.1.0", f"{place}/v1.1.0")
    assert {"publish", "load test", "upload"} <= {event.get("what") for event in events}
    listed = said("releases", made.recipe, "--releases", place)
    assert [found.split()[0] for found in listed.splitlines()] == ["v1.0.0", "v1.1.0"]
    assert "1 row added" in said("diff", "v1.0.0", f"{place}/v1.1.0", "--releases", place)
    assert "release    v1.1.0" in said("status", made.recipe, "--workspace", made.workspace, "--releases", place)
    assert "v1.1.0 (unchanged)" in said(*build)
    assert {name.split("/")[0] for name in files_at(place).names() if name.startswith("v")} == {"v1.0.0", "v1.1.0"}


def test_a_place_that_a_recipe_names_must_be_asked_for(made: Project, bucket: str) -> None:
    place = f"{bucket}/releases"
    made.recipe.write_text(made.recipe.read_text() + f"publish: {{to: '{place}'}}\n")
    build = ("build", made.recipe, "--workers", 0, "--workspace", made.workspace)
    ended = command(*build)
    assert ended.exit_code == 2
    assert f"allow it with --root {place}" in ended.stderr
    assert f"{place}/v1.0.0" in said(*build, "--root", place)
    ended = command("releases", made.recipe)
    assert (ended.exit_code, f"ask for it: --releases {place}" in ended.stderr) == (2, True)
    assert "v1.0.0" in said("releases", made.recipe, "--releases", place)


ALLOWED = "allowed: a folder, or s3://bucket/prefix or hf://datasets/org/name"


@pytest.mark.parametrize(
    ("place", "why"),
    [("file:///tmp/x", ALLOWED), ("s3://a:b@bucket", ALLOWED), ("s3://bucket/a[b]", "has [ ] in its path")],
)
def test_places_that_cannot_be_are_refused_before_anything_is_built(made: Project, place: str, why: str) -> None:
    ended = command("build", made.recipe, "--workspace", made.workspace, "--workers", 0, "--releases", place)
    assert ended.exit_code == 2
    assert why in ended.stderr
    assert "a:b" not in ended.stderr
    assert not list(made.workspace.rglob("*.parquet"))


@pytest.mark.parametrize("below", ["derived", "derived/releases"])
def test_releases_are_not_put_where_clean_would_delete_them(made: Project, below: str) -> None:
    for workspace in (made.workspace, "s3://bucket/ws"):
        place = ("--workspace", workspace, "--releases", f"{workspace}/{below}")
        ended = command("build", made.recipe, "--workers", 0, *place)
        assert ended.exit_code == 2 and "would be deleted" in ended.stderr
    assert not made.workspace.exists()
