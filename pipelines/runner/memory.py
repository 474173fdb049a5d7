"""How much memory processes hold, as far as the system tells: Linux does; elsewhere they are taken to hold none."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOOK_S = 0.2
"""How often the memory of a process is looked at; in that time a fast leak takes less than a gigabyte."""
MB = 1_000_000
_OWN = "RssAnon:", "VmSwap:"
_HELD = (*_OWN, "RssShmem:")
"""What only this process can give back; pages of files it has mapped the kernel takes back by itself."""


def held(pid: int, kinds: tuple[str, ...] = _HELD) -> int:
    """Bytes of memory that a process holds."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(kinds))


def family(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended meanwhile
            for started in task.read_text().split():
                found += family(int(started))
    return found


def held_by_family(pid: int) -> int:
    """Bytes of memory that a process and all that it started hold."""
    return sum(map(held, family(pid)))


@contextmanager
def no_more_than(memory_mb: int) -> Iterator[None]:
    """End this process when it comes to hold more memory than that, before the kernel chooses whom to end.

    For workers, whose engine takes their end as a sign to run the work again with every stage in a child. Shared memory
    does not count: pages of Ray's object store stay with a worker that has read them, of use or not.
    """
    done = threading.Event()

    def look() -> None:
        while not done.wait(LOOK_S):
            if held(os.getpid(), _OWN) > memory_mb * MB:
                os.kill(os.getpid(), signal.SIGKILL)

    watch = threading.Thread(target=look, name="memory", daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
