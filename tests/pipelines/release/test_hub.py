"""Releases on the hub: one commit and one tag each, of the bytes of a local release."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.hub import Commit, Hub, reached, serving_hub
from support.scripts import script

from affectory.pipelines.release import diff, hub, latest, list_releases, verify, write, write_release
from affectory.pipelines.release.loading import load_line
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Url

PLACE = Url("hf://datasets/org/small")
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<:DeprecationWarning")
"""huggingface_hub hands files to httpx as it no longer likes to be handed them."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)
    with serving_hub() as found, reached(found):
        yield found


def local(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def without_times(files: dict[str, bytes]) -> dict[str, Any]:
    manifest = {k: v for k, v in json.loads(files["manifest.json"]).items() if k != "created"}
    return {**files, "manifest.json": manifest, "SHA256SUMS": len(files["SHA256SUMS"])}


def test_versions_are_those_of_a_folder_byte_for_byte(world: Any, tmp_path: Path, server: Hub) -> None:
    for number in range(3):
        if number == 1:
            world.add(77)
        if number == 2:
            world.splits = dict.fromkeys(world.splits, "train")  # the files of the split `test` go
        here = write_release(world.inputs(tmp_path / f"in{number}"), tmp_path / "releases")
        there = write_release(world.inputs(tmp_path / f"in{number}b"), PLACE)
        assert (there.version, there.hash, there.reasons) == (here.version, here.hash, here.reasons)
        assert there.path == f"hf://datasets/org/small@{here.version}"
        repo = server.repos["org/small"]
        kept = dict(repo.at(here.version).files)
        assert kept.pop(".gitattributes")
        assert without_times(kept) == without_times(local(tmp_path / "releases" / here.version))
    assert [commit.title for commit in repo.commits[1:]] == [f"affectory v1.{n}" for n in ("0.0", "1.0", "1.1")]
    assert repo.tags.keys() == {"v1.0.0", "v1.1.0", "v1.1.1"}
    assert repo.private, "nobody sees it before somebody shows it"
    assert [r.version for r in list_releases(PLACE)] == ["v1.0.0", "v1.1.0", "v1.1.1"]
    newest = latest(PLACE)
    assert newest and newest.version == "v1.1.1"
    assert diff(Url(f"{PLACE}@v1.0.0"), newest.path) == diff(*(tmp_path / "releases" / v for v in ("v1.0.0", "v1.1.1")))
    assert verify(Url(f"{PLACE}@v1.1.0")) == []


def test_what_did_not_change_is_not_published_again(world: Any, tmp_path: Path, server: Hub) -> None:
    write_release(world.inputs(tmp_path / "a"), PLACE)
    with pytest.raises(UserError, match="is a release of 'small', so 'other' cannot be its next version"):
        write_release(replace(world.inputs(tmp_path / "o"), dataset="other"), PLACE)
    again = write_release(world.inputs(tmp_path / "b"), PLACE)
    assert (again.version, again.unchanged) == ("v1.0.0", True)
    assert len(server.repos["org/small"].commits) == 2


def test_nothing_is_seen_of_what_was_not_committed(world: Any, tmp_path: Path, server: Hub) -> None:
    write_release(world.inputs(tmp_path / "a"), PLACE)
    world.add(77)

    def die(method: str, path: str) -> None:
        if "/commit/" in path:
            raise ConnectionAbortedError

    server.before = die
    with pytest.raises(UserError, match="the hub does not answer"):
        write_release(world.inputs(tmp_path / "b"), PLACE)
    assert [r.version for r in list_releases(PLACE)] == ["v1.0.0"]
    server.before = lambda *_: None
    before = len([a for a in server.asked if a.startswith("PUT /lfs/")])
    assert write_release(world.inputs(tmp_path / "c"), PLACE).version == "v1.1.0"
    assert len([a for a in server.asked if a.startswith("PUT /lfs/")]) == before, "what lies there is not sent again"


def test_a_commit_that_was_not_tagged_is_tagged_by_the_next(
    world: Any, tmp_path: Path, server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(hub.Hub, "_tag", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        write_release(world.inputs(tmp_path / "a"), PLACE)
    repo = server.repos["org/small"]
    assert repo.tags == {} and list_releases(PLACE) == []
    repo.commits.append(Commit("f" * 40, "Update README.md", {**repo.commits[-1].files, "README.md": b"by hand"}))
    again = write_release(world.inputs(tmp_path / "b"), PLACE)
    assert (again.version, again.unchanged) == ("v1.0.0", True)
    assert repo.tags == {"v1.0.0": repo.commits[1].oid}


def test_of_two_publishers_the_slower_starts_from_the_other(
    world: Any, make_world: Any, tmp_path: Path, server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(world.inputs(tmp_path / "a"), PLACE)
    other = make_world()
    other.add(77)
    world.add(78)

    def meanwhile(method: str, path: str) -> None:
        if "/preupload/" in path:
            server.before = lambda *_: None
            write_release(other.inputs(tmp_path / "other"), PLACE)

    server.before = meanwhile
    slow = write_release(world.inputs(tmp_path / "b"), PLACE)
    assert (slow.version, slow.reasons) == ("v1.2.0", ("1 row added", "1 row removed"))
    assert server.repos["org/small"].tags.keys() == {"v1.0.0", "v1.1.0", "v1.2.0"}


def test_without_a_token_nothing_is_written(
    world: Any, tmp_path: Path, server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with pytest.raises(UserError, match="hf auth login"):
        write_release(world.inputs(tmp_path / "a"), PLACE)
    assert server.repos == {}


def test_a_dataset_of_other_origin_is_left_alone(world: Any, tmp_path: Path, server: Hub) -> None:
    server.new("org/small", **{"data/default/train-00000.parquet": b"theirs"})
    with pytest.raises(UserError, match=r"holds data/default/train-00000\.parquet, which belongs to no release"):
        write_release(world.inputs(tmp_path / "a"), PLACE)
    assert len(server.repos["org/small"].commits) == 1


@pytest.mark.parametrize("place", ["hf://datasets/org/small@v1", "hf://datasets/org/small/below"])
def test_a_place_that_is_no_dataset_is_refused(world: Any, tmp_path: Path, place: str) -> None:
    with pytest.raises(UserError, match="no dataset to publish to"):
        write_release(world.inputs(tmp_path / "a"), Url(place))


def test_the_line_that_is_printed_loads_it(world: Any, tmp_path: Path, server: Hub) -> None:
    made = write_release(world.inputs(tmp_path / "a"), PLACE)
    assert load_line(made.path).endswith('load_dataset("org/small", revision="v1.0.0")')
    show = "print({k: (v.num_rows, v.features['label'].names[:2]) for k, v in data.items()})"
    lines = f"{load_line(made.path)}\n{show}".replace("; ", "\n")
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", script(lines)], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "{'train': (7, ['anger', 'disgust']), 'test': (1, ['anger', 'disgust'])}"
