"""How much memory processes hold, as far as the system tells: Linux does; elsewhere they are taken to hold none."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_HELD = ("RssAnon:", "RssShmem:", "VmSwap:")
"""What only this process can give back; pages of files it has mapped the kernel takes back by itself."""


def held(pid: int) -> int:
    """Bytes of memory that a process holds."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_HELD))


def family(pid: int) -> Iterator[int]:
    """A process and all that it started, directly or not."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended meanwhile
            for started in task.read_text().split():
                yield from family(int(started))


def held_by_family(pid: int) -> int:
    """Bytes of memory that a process and all that it started hold."""
    return sum(map(held, family(pid)))
