"""Turns among test processes: most tests run beside others, a few need the machine to themselves."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GATE, RUNNING = Path(__file__), Path(__file__).parents[1] / "conftest.py"
"""Files to hold locks on; any that all test processes see would do."""


@contextmanager
def turn(*, alone: bool, gate: Path = GATE, running: Path = RUNNING) -> Iterator[None]:
    """Beside others who are not alone. Who waits to be alone keeps the gate, so that nobody overtakes it for ever."""
    with gate.open() as first, running.open() as then:
        fcntl.flock(first, fcntl.LOCK_EX)
        fcntl.flock(then, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(first, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(then, fcntl.LOCK_UN)  # a forked process that lives on would go on holding it
