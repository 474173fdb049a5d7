"""Old state or complete new one: kills, races, pointers and leftovers."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from affectory.pipelines.release import Release, latest, list_releases, sweep, verify, write, write_release
from affectory.pipelines.release.model import AssetMismatch
from affectory.pipelines.release.pointer import LATEST, advance, publish, staging
from affectory.pipelines.release.version import Version
from affectory.schemas.errors import UserError


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the load test, which has tests of its own."""
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)


def release(world: Any, folder: Path) -> Release:
    return write_release(world.inputs(folder / "in"), folder / "releases")


@pytest.mark.parametrize("kills", [12, pytest.param(50, marks=pytest.mark.drill)])
def test_a_kill_leaves_the_old_state_or_the_new_one(tmp_path: Path, kills: int) -> None:
    driver = Path(__file__).with_name("kill_driver.py")
    run = [sys.executable, str(driver), str(tmp_path), "20261120", str(kills)]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60 * kills)
    assert ended.returncode == 0, ended.stderr
    runs = [json.loads(line) for line in ended.stdout.splitlines()]
    versions = {1: ["v1.0.0"], 2: ["v1.0.0", "v1.1.0"]}
    assert len(runs) == kills
    for run_ in runs:
        expected, left, then = versions[run_["steps"]], run_["left"], run_["then"]
        assert left["complete"] == left["folders"], "a version that can be seen is whole"
        assert left["complete"] in ([], expected, expected[:-1]) and left["problems"] == []
        assert left["latest"] in (None, *left["complete"])
        assert (run_["again"], then["problems"], then["hidden"]) == (0, [], [])
        assert (then["complete"], then["latest"]) == (expected, expected[-1])
    assert sum(run_["ended"] == 9 for run_ in runs) > kills / 2
    assert any(run_["left"]["hidden"] for run_ in runs)
    assert any(run_["left"]["complete"] == ["v1.0.0"] and run_["left"]["latest"] is None for run_ in runs)
    assert any(run_["left"]["latest"] == "v1.0.0" and len(run_["left"]["complete"]) == 2 for run_ in runs)
    assert len({tuple(run_["then"]["hashes"][:1]) for run_ in runs}) == 1
    assert len({tuple(run_["then"]["hashes"]) for run_ in runs}) == 2


@pytest.mark.parametrize("where", ["folder", pytest.param("bucket", marks=pytest.mark.drill)])
def test_of_two_publishers_at_once_one_wins_and_the_other_comes_next_or_says_so(
    tmp_path: Path, request: pytest.FixtureRequest, where: str
) -> None:
    place = str(tmp_path / "r") if where == "folder" else f"{request.getfixturevalue('bucket')}/r"
    driver = Path(__file__).with_name("race_driver.py")
    run = [sys.executable, str(driver), str(tmp_path), place]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, timeout=300)
    told = ended.stdout.splitlines()
    assert len(told) == 2, ended.stderr
    found = list_releases(place)
    published = sorted(said for said in told if said.startswith("v"))
    assert [release.version for release in found] == published
    assert published in (["v1.0.0"], ["v1.0.0", "v1.1.0"])
    held = [said for said in told if not said.startswith("v")]
    assert all("another run is publishing to" in said for said in held), told
    assert where == "bucket" or not held, "in a folder nobody waits for another"
    assert [problem for release in found for problem in verify(release.path)] == []
    newest = latest(place)
    assert newest and newest.version == published[-1]


def test_another_dataset_is_no_next_version(world: Any, tmp_path: Path, fast: None) -> None:
    first = release(world, tmp_path)
    other = replace(world.inputs(tmp_path / "in"), dataset="other")
    with pytest.raises(UserError, match="is a release of 'small', so 'other' cannot be its next version") as told:
        write_release(other, tmp_path / "releases")
    assert "publish: {to:" in str(told.value)
    (tmp_path / "releases" / LATEST).unlink()
    with pytest.raises(UserError, match="is a release of 'small'"):
        write_release(other, tmp_path / "releases")
    assert list_releases(tmp_path / "releases") == [first]


def test_a_pointer_left_behind_is_moved_instead_of_publishing_again(world: Any, tmp_path: Path, fast: None) -> None:
    release(world, tmp_path)
    world.add(77)
    second = release(world, tmp_path)
    (tmp_path / "releases" / LATEST).write_text("v1.0.0\n")
    third = release(world, tmp_path)
    assert (third.version, third.unchanged, third.path) == ("v1.1.0", True, second.path)
    assert latest(tmp_path / "releases") == second
    assert len(list_releases(tmp_path / "releases")) == 2


@pytest.mark.parametrize("same", [True, False])
def test_the_slower_of_two_runs_starts_from_the_other(
    world: Any, make_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    other = make_world()
    other.add(77)
    if same:
        world.add(77)
    else:
        world.add(78)

    def meanwhile(folder: Path, cache: Path, told: Any) -> None:
        monkeypatch.setattr(write, "run_load_test", lambda *_: None)
        write_release(other.inputs(tmp_path / "other"), tmp_path / "releases")

    monkeypatch.setattr(write, "run_load_test", meanwhile)
    slow = release(world, tmp_path)
    if same:
        assert (slow.version, slow.unchanged) == ("v1.0.0", True)
    else:
        assert (slow.version, slow.reasons) == ("v1.1.0", ("1 row added", "1 row removed"))
    newest = latest(tmp_path / "releases")
    assert newest and newest.version == slow.version
    assert verify(newest.path) == []
    assert not list((tmp_path / "releases").glob(".staging-*"))


def test_the_pointer_only_moves_forward(tmp_path: Path) -> None:
    for name in ("v1.1.0", "v1.0.0", "v1.10.0", "v1.9.0"):
        advance(tmp_path, Version.parse(name))  # type: ignore[arg-type]
    assert (tmp_path / LATEST).read_text() == "v1.10.0\n"


def test_something_in_the_way_of_a_version_is_named(world: Any, tmp_path: Path, fast: None) -> None:
    (tmp_path / "releases" / "v1.0.0").mkdir(parents=True)
    (tmp_path / "releases" / "v1.0.0" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is in the way: it is not a complete release"):
        release(world, tmp_path)
    assert latest(tmp_path / "releases") is None
    assert (tmp_path / "releases" / "v1.0.0" / "notes.txt").read_text() == "mine"


def test_a_pointer_to_a_release_that_was_removed_is_an_error(world: Any, tmp_path: Path, fast: None) -> None:
    first = release(world, tmp_path)
    (first.path / "README.md").unlink()
    for call in (lambda: latest(tmp_path / "releases"), lambda: release(world, tmp_path)):
        with pytest.raises(UserError, match="not a complete release"):
            call()


def test_a_rename_that_fails_for_another_reason_is_not_taken_for_a_race(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "absent", tmp_path, Version(1, 0, 0))


def test_a_sweep_spares_staging_that_is_in_use(tmp_path: Path) -> None:
    dead = tmp_path / ".staging-dead"
    (dead / "release").mkdir(parents=True)
    with staging(tmp_path) as live:
        (live / "file").write_text("x")
        assert sweep(tmp_path) == [".staging-dead"]
        assert (live / "file").exists()
    assert list(tmp_path.iterdir()) == []
    assert sweep(tmp_path / "absent") == []


@pytest.mark.parametrize("name", ["a [b]", "what?", "*"])
def test_a_folder_that_datasets_cannot_read_from_is_refused(world: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="in its path"):
        release(world, tmp_path / name)


def test_wrong_bytes_publish_nothing(world: Any, tmp_path: Path) -> None:
    asset = world.rows["samples"][1]["image"]["asset"]
    world.assets[asset] = b"something else"
    with pytest.raises(AssetMismatch) as caught:
        release(world, tmp_path)
    assert caught.value.facts()["asset"] == asset
    assert list((tmp_path / "releases").iterdir()) == []


def test_progress_counts_up_to_all_rows(world: Any, tmp_path: Path, fast: None) -> None:
    seen: list[tuple[str, int, int, str]] = []
    write_release(world.inputs(tmp_path / "in"), tmp_path / "releases", lambda *now: seen.append(now))
    assert seen == [("publish", n, 8, "rows") for n in range(1, 9)]


def test_memory_does_not_grow_with_the_media(tmp_path: Path) -> None:
    """Ten times the media, in a process of its own each."""
    script = Path(__file__).with_name("memory_driver.py")
    peaks = []
    for count in (20, 200):
        run = [sys.executable, str(script), str(tmp_path / str(count)), str(count)]
        peaks.append(int(subprocess.run(run, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] / peaks[0] < 1.2, peaks
