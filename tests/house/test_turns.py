"""A test that needs the machine to itself has it, and nobody overtakes it for ever."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.turns import turn

Take = Callable[[bool], tuple[threading.Event, threading.Event]]


@pytest.fixture
def take(tmp_path: Path) -> Iterator[Take]:
    """Starts a test of its own; says when it has its turn, and is told when to end."""
    for name in ("gate", "running"):
        (tmp_path / name).touch()
    with ExitStack() as stack:

        def started(alone: bool) -> tuple[threading.Event, threading.Event]:
            has, ends = threading.Event(), threading.Event()

            def run() -> None:
                with turn(alone=alone, gate=tmp_path / "gate", running=tmp_path / "running"):
                    has.set()
                    ends.wait(10)

            thread = threading.Thread(target=run)
            thread.start()
            stack.callback(thread.join)
            stack.callback(ends.set)
            return has, ends

        yield started


def is_held(file: Path) -> bool:
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_most_tests_run_beside_each_other(take: Take) -> None:
    assert all(has.wait(5) for has, _ in (take(False), take(False)))


def test_one_that_is_alone_waits_for_others_and_they_for_it(take: Take, tmp_path: Path) -> None:
    others, other_ends = take(False)
    assert others.wait(5)
    alone, alone_ends = take(True)
    while not is_held(tmp_path / "gate"):
        assert not alone.wait(0.01)
    late, _ = take(False)
    assert not late.wait(0.1), "it overtakes the one that waits"
    other_ends.set()
    assert alone.wait(5) and not late.is_set()
    alone_ends.set()
    assert late.wait(5)
