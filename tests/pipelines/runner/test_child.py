"""Child processes: they answer, raise, die and hang without taking us along, and end when we do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import steps

from affectory.pipelines.runner.child import Child, ChildDied, ChildHung, RaisedInChild
from affectory.schemas.errors import UserError


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
    monkeypatch.setenv("PYTHONPATH", steps.PYTHON_PATH)
    made = Child()
    yield made
    made.stop()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_one_process_answers_many_calls(child: Child) -> None:
    assert [child.call(steps.add, i, i) for i in range(3)] == [0, 2, 4]
    first = child.call(steps.pid)
    assert first == child.call(steps.pid) != os.getpid()
    child.stop()
    assert gone(first)
    assert child.call(steps.pid) != first, "after a stop a new one is started"


def test_exceptions_come_home_whole_where_they_can(child: Child) -> None:
    with pytest.raises(ValueError, match="bad text"):
        child.call(steps.act, "raise")
    with pytest.raises(UserError) as raised:
        child.call(steps.act, "user")
    assert raised.value.hint == "set it"
    with pytest.raises(RaisedInChild, match="Local: of nowhere"):
        child.call(steps.act, "unpicklable")
    assert child.call(steps.add, 1, 2) == 3, "an exception does not end the process"


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [("segfault", -signal.SIGSEGV, "the process was ended by SIGSEGV"), ("exit", 0, "the process ended with status 0")],
)
def test_a_death_is_told_and_the_next_call_is_answered(child: Child, how: str, status: int, said: str) -> None:
    with pytest.raises(ChildDied) as raised:
        child.call(steps.act, how)
    assert raised.value.exit_status == status
    assert str(raised.value) == said
    assert child.call(steps.add, 1, 2) == 3


def test_who_does_not_answer_in_time_is_killed(child: Child) -> None:
    before = child.call(steps.pid)
    with pytest.raises(ChildHung, match=r"no answer within 0\.2 s"):
        child.call(steps.act, "hang", timeout_s=0.2)
    assert gone(before)
    assert child.call(steps.add, 1, 2, timeout_s=60) == 3


def kill(child: Child) -> None:
    assert child._process is not None
    child._process.kill()
    child._process.wait()


def test_a_child_that_was_killed_while_idle_is_told_once(child: Child) -> None:
    """A new process knows nothing of what the old one held, so that it must not be put in its place in silence."""
    child.call(steps.pid)
    kill(child)
    with pytest.raises(ChildDied, match="ended by SIGKILL"):
        child.call(steps.add, 1, 2)
    assert child.call(steps.add, 1, 2) == 3


def test_large_things_travel_both_ways(child: Child) -> None:
    text = "x" * 5_000_000
    assert child.call(steps.act, text) == text


def test_a_child_computes_with_one_thread(child: Child) -> None:
    assert set(child.call(steps.threads).values()) == {"1"}


def test_nothing_is_started_before_it_is_needed(child: Child) -> None:
    assert child._process is None
    child.stop()


PARENT = """
import sys, time
from support import steps
from affectory.pipelines.runner.child import Child
child = Child()
pid = child.call(steps.pid)
if sys.argv[1] == "busy":
    child.send(steps.act, "hang")
    time.sleep(0.5)  # so that it hears of it
print(pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("what", ["idle", "busy"])
def test_a_child_dies_with_its_parent(what: str) -> None:
    """Killed with -9 a parent cannot tell its child to stop; the kernel does."""
    environment = {**os.environ, "PYTHONPATH": steps.PYTHON_PATH}
    command = [sys.executable, "-c", PARENT, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    assert gone(pid)
