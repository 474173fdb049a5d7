"""The lease wherever the workspace lies: silence is judged by the storage, and who lost it can write nothing more."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pyarrow as pa
import pytest

from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.files import Files, files_at
from affectory.pipelines.store.lease import Lease, LeaseHeld, LeaseLost, Times, forget_probes
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import PEOPLE

SILENT = Times(stale_s=-1)
"""Under these every holder on another machine has been silent for too long."""


@pytest.fixture(params=["disk", "s3"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    place = tmp_path / "w" if request.param == "disk" else request.getfixturevalue("bucket") + "/deep/w"
    return Workspace(place)


@pytest.fixture
def lease(workspace: Workspace) -> Callable[..., Lease]:
    return lambda *times: Lease(workspace.files("lease").location, *times)


def hold(files: Files, epoch: int = 1) -> None:
    """The lease as a holder on another machine would have left it."""
    me = {"pid": 1, "host": "another-machine", "since": "2026-01-01 00:00:00 +0000", "machine": "m", "started": "1"}
    assert files.create(f"{epoch:08d}.json", json.dumps(me).encode())


def test_one_after_the_other(workspace: Workspace, lease: Callable[..., Lease]) -> None:
    for epoch in (1, 2):
        with lease() as held:
            assert held.epoch == epoch
            assert lease().state().startswith("held by process")
            with pytest.raises(LeaseHeld, match=str(workspace.root)), lease():
                pass
        assert lease().state() == "free"
    assert sorted(workspace.files("lease").names()) == ["00000002.done", "00000002.json"], (
        "no probe, no old epoch stays"
    )


def test_of_many_at_once_one_wins(lease: Callable[..., Lease]) -> None:
    start, end = Barrier(4), Barrier(4)

    def build(_: int) -> bool:
        start.wait()
        try:
            with lease():
                end.wait()
                return True
        except LeaseHeld:
            end.wait()
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(build, range(4))) == [False, False, False, True]


def test_a_holder_elsewhere_is_taken_over_only_when_it_is_silent(
    workspace: Workspace, lease: Callable[..., Lease]
) -> None:
    hold(workspace.files("lease"))
    with pytest.raises(LeaseHeld, match="another-machine") as raised, lease():
        pass
    assert raised.value.silent_s is not None
    assert raised.value.silent_s < 60
    with lease(SILENT) as held:
        assert held.epoch == 2


def test_its_heart_beats(workspace: Workspace, lease: Callable[..., Lease]) -> None:
    files = workspace.files("lease")
    with lease(Times(beat_s=0.01)):
        deadline = time.monotonic() + 10
        while not (files.exists("00000001.beat") and int(files.read("00000001.beat")) > 2):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_who_lost_the_lease_can_write_nothing_more(workspace: Workspace, lease: Callable[..., Lease]) -> None:
    hold(workspace.files("lease"))
    slow = workspace.held(1)
    writes(slow, "before")
    with lease(SILENT) as taken:
        for write in each_write(slow, "after"):
            with pytest.raises(LeaseLost):
                write()
        writes(workspace.held(taken.epoch), "new")
        with pytest.raises(LeaseLost):
            slow.clean()
    kept = [*workspace.commits().keys(), *workspace.fits().names(), *workspace.records().names()]
    assert sorted(kept) == ["before", "before", "before", "new", "new", "new"]
    people = workspace.ledger("people").read().column("person_id").to_pylist()
    assert sorted(people) == ["before", "new"]


def each_write(workspace: Workspace, name: str) -> list[Callable[[], Any]]:
    person = PEOPLE.from_rows([{"person_id": name, "revision": 0, "roles": []}])
    rows = {"rows": pa.table({"x": [1]})}
    return [
        lambda: workspace.commits().commit(name, "s", Counts(1, 1, 1), rows, {}),
        lambda: workspace.ledger("people").append(person),
        lambda: workspace.fits().create(name, b""),
        lambda: workspace.records().create(name, b""),
    ]


def writes(workspace: Workspace, name: str) -> None:
    for write in each_write(workspace, name):
        write()


def test_a_storage_that_writes_over_what_exists_is_refused(
    lease: Callable[..., Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some that speak S3 take no notice of If-None-Match."""
    careless = lease()

    def create(name: str, data: bytes) -> bool:
        careless.files.put(name, data)
        return True

    monkeypatch.setattr(careless.files, "create", create)
    with pytest.raises(UserError, match="writes over objects that it is asked to keep"), careless:
        pass
    assert list(careless.files.names()) == []


def test_probes_of_the_dead_are_forgotten(workspace: Workspace) -> None:
    files = files_at(workspace.files("lease").location)
    files.create("probe-of-one-that-was-killed", b"")
    hold(files)
    forget_probes(files)
    assert list(files.names()) == ["00000001.json"]
