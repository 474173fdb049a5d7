"""The lease: one holder at a time, and a holder that lost it cannot commit."""

import json
import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from affectory.pipelines.store.holder import machine, started
from affectory.pipelines.store.lease import TIMES, Lease, LeaseHeld, LeaseLost, Times, guard
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
    hold(root, pid=os.getpid(), machine=machine(), started="12")
    with Lease(root) as lease:
        assert lease.epoch == 2


@pytest.mark.parametrize(("age", "free"), [(0, False), (TIMES.stale_s / 2, False), (TIMES.stale_s + 60, True)])
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


@pytest.mark.parametrize("elsewhere", [{"machine": "another kernel"}, {"machine": ""}, {}])
def test_two_machines_of_one_name_are_not_taken_for_one(root: Path, elsewhere: dict[str, str]) -> None:
    """Containers may share a host name; what is process 12 in one is nobody, or somebody else, in the other."""
    hold(root, host=socket.gethostname(), pid=2**22 + 1, **elsewhere)
    with pytest.raises(LeaseHeld, match=f"process {2**22 + 1} on {socket.gethostname()}.*0 s old"), Lease(root):
        pass


@pytest.mark.parametrize("hours", [-5, 5])
def test_the_clock_of_this_machine_decides_nothing(root: Path, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(root)
    now = time.time() + hours * 3600
    monkeypatch.setattr(time, "time", lambda: now)
    with pytest.raises(LeaseHeld), Lease(root):
        pass


def test_a_lease_says_who_holds_it_since_when_and_what_to_do(root: Path) -> None:
    hold(root)
    with pytest.raises(LeaseHeld) as raised, Lease(root, Times(stale_s=90)):
        pass
    told = str(raised.value)
    assert f"lease of this workspace {root.parent}: process 1 on another-machine, since 2026-01-01 00:00:00" in told
    assert "wait for it to end, or stop it" in told
    assert "after 90 s of silence the next build takes over" in told
    assert str(pickle.loads(pickle.dumps(raised.value))) == told


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


def test_who_loses_the_race_for_an_epoch_is_told_to_whom(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both saw the lease free; the other was faster."""
    late = Lease(root)
    monkeypatch.setattr(late, "_newest", lambda: 0)
    with Lease(root), pytest.raises(LeaseHeld, match=f"process {os.getpid()} on "), late:
        pass


def test_who_sees_an_epoch_that_is_swept_meanwhile_is_held_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with Lease(root):
            pass
    late = Lease(root)
    monkeypatch.setattr(late, "_newest", lambda: 1)
    with pytest.raises(LeaseHeld), late:
        pass


def test_the_guard_lets_the_newest_epoch_pass_and_no_older_one(root: Path) -> None:
    guard(root, 1)
    hold(root, 2)
    guard(root, 2)
    guard(root, 3)
    with pytest.raises(LeaseLost):
        guard(root, 1)


def test_ending_a_lost_lease_leaves_the_new_holder_alone(root: Path) -> None:
    with Lease(root):
        hold(root, 2, pid=os.getppid(), machine=machine(), started=started(os.getppid()))
    assert Lease(root).state().startswith(f"held by process {os.getppid()}")


def test_reading_the_state_writes_nothing(root: Path) -> None:
    assert Lease(root).state() == "free"
    assert not root.exists()
