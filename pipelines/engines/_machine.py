"""What this process may use of its machine: a container or a batch system often allows it only a share."""

import os
from collections.abc import Iterator
from pathlib import Path

_NO_LIMIT = ("max", "-1")


def cores(root: Path = Path("/")) -> int:
    """Cores this process may use; a share of one counts as one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *(int(share) for group in _groups(root) for share in _share_of_cores(group))]))


def memory(root: Path = Path("/")) -> int:
    """Bytes of memory this process may use."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([installed, *(most for group in _groups(root) for most in _most_memory(group))])


def _groups(root: Path) -> Iterator[Path]:
    """Folders of the control groups that this process is in and of those around them, of either version.

    A container sees its own group as the outermost one, whatever it is called outside.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for _, controllers, path in (line.split(":", 2) for line in lines):
        for name in sorted({controllers, *controllers.split(",")}):
            top, inner = root / "sys/fs/cgroup" / name, Path(path.lstrip("/"))
            yield from (top / group for group in (inner, *inner.parents) if ".." not in group.parts)


def _share_of_cores(group: Path) -> Iterator[float]:
    words = _words(group / "cpu.max") or _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
    if len(words) == 2 and words[0] not in _NO_LIMIT:
        yield int(words[0]) / int(words[1])


def _most_memory(group: Path) -> Iterator[int]:
    for word in _words(group / "memory.max") or _words(group / "memory.limit_in_bytes"):
        if word not in _NO_LIMIT:
            yield int(word)


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []
