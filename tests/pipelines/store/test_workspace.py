"""The workspace, wherever it lies: what is derived may go, what cost people's time may not."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest

from affectory.pipelines.history import BuildRecord, record_build
from affectory.pipelines.retry import sweep
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.files import files_at, is_remote
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import LEDGERS, PEOPLE


@pytest.fixture(params=["disk", "s3"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Workspace(tmp_path / "w" if request.param == "disk" else request.getfixturevalue("bucket") + "/w")


@pytest.fixture
def workspace(empty: Workspace) -> Workspace:
    """One with something of everything in it."""
    empty.ledger("people").append(PEOPLE.from_rows([{"person_id": "p", "revision": 0, "roles": []}]))
    empty.fits().create("splits/a/000001.parquet", b"fit")
    empty.runs().create("log", b"log")
    with empty.lease() as lease:
        empty.commits(lease.epoch).commit("ab", "s", Counts(1, 1, 1), {"rows": pa.table({"x": [1]})}, {})
    empty.assets().put(b"media")
    empty.records().create("scans/1.json", b"{}")
    return empty


def contents(workspace: Workspace) -> dict[str, bytes]:
    files = files_at(workspace.root)
    return {name: files.read(name) for name in files.names()}


def test_cleaning_takes_what_is_derived_and_nothing_else(workspace: Workspace) -> None:
    before = contents(workspace)
    derived = {name: data for name, data in before.items() if name.startswith("derived/")}
    assert len(derived) == 4
    assert workspace.clean() == sum(map(len, derived.values()))
    assert contents(workspace) == {name: data for name, data in before.items() if name not in derived}
    assert {name.split("/")[0] for name in contents(workspace)} == {"ledgers", "fits", "runs", "lease"}
    assert workspace.ledger("people").read().num_rows == 1


def test_cleaning_twice_or_before_anything_was_built_is_harmless(workspace: Workspace, tmp_path: Path) -> None:
    workspace.clean()
    assert workspace.clean() == 0
    assert Workspace(tmp_path / "nowhere").clean() == 0
    assert not (tmp_path / "nowhere").exists()


def test_a_cleaned_workspace_can_be_used_again(workspace: Workspace) -> None:
    workspace.clean()
    assert workspace.commits().keys() == set()
    workspace.commits().commit("ab", "s", Counts(1, 1, 1), {"rows": pa.table({"x": [1]})}, {})
    assert workspace.commits().keys() == {"ab"}


def test_everything_derived_lies_in_one_folder(workspace: Workspace) -> None:
    derived = f"{workspace.derived}/"
    assert f"{workspace.commits().files.location}/" == derived
    assert workspace.assets().files.location.startswith(derived)
    assert workspace.records().location.startswith(derived)
    assert not workspace.fits().location.startswith(derived)
    assert not workspace.runs().location.startswith(derived)


def test_there_is_a_place_for_each_ledger_and_no_other(workspace: Workspace) -> None:
    assert {workspace.ledger(name).spec for name in LEDGERS} == set(LEDGERS.values())
    with pytest.raises(KeyError):
        workspace.ledger("samples")


def test_what_a_machine_remembers_lies_on_it(workspace: Workspace, tmp_path: Path) -> None:
    home = tmp_path / "cache" if is_remote(workspace.root) else tmp_path / "w"
    assert workspace.hashes().is_relative_to(home)
    assert workspace.log("x.jsonl").is_relative_to(home)
    other = Workspace(f"{workspace.root}-other")
    assert workspace.hashes() != other.hashes()


def test_sweeping_keeps_what_the_last_build_needs(workspace: Workspace) -> None:
    commits = workspace.commits()
    live = commits.commit("cd", "s", Counts(1, 1, 1), {"rows": pa.table({"x": [2]})}, {})
    record_build(workspace, BuildRecord(0, "d", "", "", "", (("cd",),)))
    before = contents(workspace)
    files, freed = sweep(workspace)
    gone = before.keys() - contents(workspace).keys()
    assert {name.split("/")[1] for name in gone} == {"commits", "parts", "assets"}
    assert (files, freed) == (len(gone), sum(len(before[name]) for name in gone)) == (3, freed)
    assert commits.keys() == {"cd"}
    assert commits.read(live, "rows") is not None


@pytest.mark.parametrize("folder", ["ledgers/people", "fits", "lease", "derived/records"])
def test_what_writers_left_half_written_is_swept_once_it_is_old(tmp_path: Path, folder: str) -> None:
    workspace = Workspace(tmp_path)
    record_build(workspace, BuildRecord(0, "d", "", "", "", ()))
    half = tmp_path / folder / ".tmp"
    half.mkdir(parents=True, exist_ok=True)
    (half / "new").write_bytes(b"12")
    (half / "old").write_bytes(b"123")
    long_ago = time.time() - 86_400
    os.utime(half / "old", (long_ago, long_ago))
    assert sweep(workspace) == (1, 3)
    assert [path.name for path in half.iterdir()] == ["new"]
