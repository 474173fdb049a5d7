"""The workspace: what is derived may go, what cost people's time may not."""

from pathlib import Path

import pyarrow as pa
import pytest

from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import LEDGERS, PEOPLE


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One with something of everything in it."""
    made = Workspace(tmp_path / "w")
    made.ledger("people").append(PEOPLE.from_rows([{"person_id": "p", "revision": 0, "roles": []}]))
    made.fits().create("splits/a/000001.parquet", b"fit")
    made.runs().mkdir()
    (made.runs() / "log").write_bytes(b"log")
    with made.lease() as lease:
        made.commits(lease.epoch).commit("ab", "s", Counts(1, 1, 1), {"rows": pa.table({"x": [1]})}, {})
    made.assets().put(b"media")
    made.records().create("scans/1.json", b"{}")
    return made


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_cleaning_takes_what_is_derived_and_nothing_else(workspace: Workspace) -> None:
    before = files(workspace.root)
    derived = {name: data for name, data in before.items() if name.startswith("derived/")}
    assert workspace.clean() == sum(map(len, derived.values()))
    assert files(workspace.root) == {name: data for name, data in before.items() if name not in derived}
    assert {name.split("/")[0] for name in files(workspace.root)} == {"ledgers", "fits", "runs", "lease"}
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
    assert workspace.commits().files.root == workspace.derived
    assert workspace.assets().files.root.is_relative_to(workspace.derived)
    assert workspace.records().root.is_relative_to(workspace.derived)
    assert not workspace.fits().root.is_relative_to(workspace.derived)
    assert not workspace.runs().is_relative_to(workspace.derived)


def test_there_is_a_place_for_each_ledger_and_no_other(workspace: Workspace) -> None:
    assert {workspace.ledger(name).spec for name in LEDGERS} == set(LEDGERS.values())
    with pytest.raises(KeyError):
        workspace.ledger("samples")
