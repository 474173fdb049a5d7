"""The lease: one holder at a time, and a holder that lost it cannot commit."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from affectory.pipelines.store import lease as module
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.lease import STALE_S, Lease, LeaseHeld, LeaseLost, guard
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import Exit

HOLD = """
import sys, time
from pathlib import Path
from affectory.pipelines.store.lease import Lease
with Lease(Path(sys.argv[1])) as lease:
    print(lease.epoch, flush=True)
    time.sleep(60)
"""
RACE = """
import sys, time
from pathlib import Path
from affectory.pipelines.store.lease import Lease, LeaseHeld
print("ready", flush=True)
sys.stdin.readline()
try:
    with Lease(Path(sys.argv[1])):
        print("won", flush=True)
        sys.stdin.readline()
except LeaseHeld:
    print("held", flush=True)
"""


def process(code: str, root: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code, str(root)], stdin=pipe, stdout=pipe, text=True)


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "lease"


@pytest.fixture
def holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease."""
    child = process(HOLD, root)
    assert line(child) == "1"
    yield child
    end(child)


def hold(root: Path, epoch: int = 1, **facts: object) -> None:
    """The lease as a holder elsewhere would have left it."""
    me = {"pid": 1, "host": "another-machine", "started": "1", "since": "2026-01-01 00:00:00 +0000", **facts}
    root.mkdir(exist_ok=True)
    (root / f"{epoch:08d}.json").write_text(json.dumps(me))


def test_epochs_count_up_and_a_lease_that_ended_is_free(root: Path) -> None:
    for epoch in (1, 2, 3):
        assert Lease(root).state() == "free"
        with Lease(root) as lease:
            assert lease.epoch == epoch
            assert f"process {os.getpid()} on {socket.gethostname()}" in lease.state()
    assert len([p for p in root.iterdir() if p.suffix == ".json"]) == 1, "old epochs are swept"


def test_a_live_lease_is_held(root: Path) -> None:
    with Lease(root), pytest.raises(LeaseHeld) as raised, Lease(root):
        pass
    assert raised.value.exit_code == Exit.LEASE == 3
    assert str(os.getpid()) in str(raised.value)


def test_a_live_lease_of_another_process_is_held_until_that_is_killed(
    root: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(LeaseHeld, match=f"process {holder.pid} "), Lease(root):
        pass
    end(holder)
    with Lease(root) as lease:
        assert lease.epoch == 2


def test_a_process_that_was_killed_but_not_yet_reaped_holds_nothing(root: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert Lease(root).state() == "free"


def test_a_lease_is_released_when_the_build_fails(root: Path) -> None:
    with pytest.raises(ZeroDivisionError), Lease(root):
        raise ZeroDivisionError
    assert Lease(root).state() == "free"


def test_a_pid_that_is_used_again_is_not_taken_for_the_holder(root: Path) -> None:
    hold(root, pid=os.getpid(), host=socket.gethostname(), started="12")
    with Lease(root) as lease:
        assert lease.epoch == 2


@pytest.mark.parametrize(("age", "free"), [(0, False), (STALE_S / 2, False), (STALE_S + 60, True)])
@pytest.mark.parametrize("beaten", [False, True])
def test_a_holder_on_another_machine_lives_as_long_as_its_heart_beats(
    root: Path, age: float, free: bool, beaten: bool
) -> None:
    hold(root)
    last = time.time() - age
    if beaten:
        (root / "00000001.beat").touch()
        os.utime(root / "00000001.beat", (last, last))
        last = 0.0  # however long ago it began
    os.utime(root / "00000001.json", (last, last))
    assert (Lease(root).state() == "free") == free


def test_the_heart_beats_while_the_lease_is_held(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_S", 0.01)
    with Lease(root):
        deadline = time.monotonic() + 10
        while not (root / "00000001.beat").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (root / "00000001.beat").exists()


def test_of_racing_processes_exactly_one_wins(root: Path) -> None:
    children = [process(RACE, root) for _ in range(4)]
    try:
        assert [line(child) for child in children] == ["ready"] * 4
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        assert sorted(line(child) for child in children) == ["held"] * 3 + ["won"]
    finally:
        for child in children:
            end(child)


def test_who_loses_the_race_for_an_epoch_is_told_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both saw the lease free; the other was faster."""
    late = Lease(root)
    monkeypatch.setattr(late, "_newest", lambda: 0)
    with Lease(root), pytest.raises(LeaseHeld, match="same moment"), late:
        pass


def test_who_sees_an_epoch_that_is_swept_meanwhile_is_held_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with Lease(root):
            pass
    late = Lease(root)
    monkeypatch.setattr(late, "_newest", lambda: 1)
    with pytest.raises(LeaseHeld), late:
        pass


def test_a_lost_lease_cannot_commit(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    rows = {"rows": pa.table({"x": [1]})}
    hold(tmp_path / "lease")
    long_ago = time.time() - 2 * STALE_S
    os.utime(tmp_path / "lease" / "00000001.json", (long_ago, long_ago))
    slow = workspace.commits(1)
    slow.commit("aa", "s", Counts(1, 1, 1), rows, {})
    with workspace.lease() as lease:
        with pytest.raises(LeaseLost) as raised:
            slow.commit("bb", "s", Counts(1, 1, 1), rows, {})
        assert raised.value.exit_code == Exit.LEASE
        assert raised.value.epoch == 1
        workspace.commits(lease.epoch).commit("cc", "s", Counts(1, 1, 1), rows, {})
    assert workspace.commits().keys() == {"aa", "cc"}
    with pytest.raises(LeaseLost):
        slow.commit("dd", "s", Counts(1, 1, 1), rows, {})


def test_the_guard_lets_the_newest_epoch_pass_and_no_older_one(root: Path) -> None:
    guard(root, 1)
    hold(root, 2)
    guard(root, 2)
    guard(root, 3)
    with pytest.raises(LeaseLost):
        guard(root, 1)


def test_ending_a_lost_lease_leaves_the_new_holder_alone(root: Path) -> None:
    with Lease(root):
        hold(root, 2, pid=os.getppid(), host=socket.gethostname(), started=module._started(os.getppid()))
    assert Lease(root).state().startswith(f"held by process {os.getppid()}")


def test_reading_the_state_writes_nothing(root: Path) -> None:
    assert Lease(root).state() == "free"
    assert not root.exists()
