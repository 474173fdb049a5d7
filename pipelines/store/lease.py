"""Who may build in a workspace: create-only epochs, so that a holder that lost the lease cannot commit."""

import json
import os
import re
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from affectory.pipelines.store.files import LocalFiles
from affectory.schemas.errors import AffectoryError, Exit

BEAT_S, STALE_S = 15.0, 120.0
_EPOCH = re.compile(r"\d{8}\.")


@dataclass(eq=False)
class LeaseHeld(AffectoryError):
    """Another build is at work in this workspace."""

    exit_code = Exit.LEASE
    holder: str
    since: str

    def __str__(self) -> str:
        return f"another build holds the lease of this workspace: {self.holder}, since {self.since}"


@dataclass(eq=False)
class LeaseLost(AffectoryError):
    """A later build took this one for dead; what it has committed stays."""

    exit_code = Exit.LEASE
    epoch: int

    def __str__(self) -> str:
        return f"this build lost its lease (epoch {self.epoch}) to a later one; build again"


def guard(root: Path, epoch: int) -> None:
    """Raise `LeaseLost` once a later epoch exists."""
    if any(int(name[:8]) > epoch for name in _epochs(LocalFiles(root))):
        raise LeaseLost(epoch)


class Lease:
    """Held from `with` to its end; a heartbeat tells other machines that the holder lives."""

    def __init__(self, root: Path) -> None:
        self.files = LocalFiles(root)
        self.epoch = 0
        self._stop = threading.Event()

    def __enter__(self) -> "Lease":
        current = self._newest()
        if current and not self._over(current):
            holder = json.loads(self.files.read(f"{current:08d}.json"))
            raise LeaseHeld(f"process {holder['pid']} on {holder['host']}", holder["since"])
        self.epoch = current + 1
        if not self.files.create(f"{self.epoch:08d}.json", json.dumps(_me()).encode()):
            raise LeaseHeld("another build that started at the same moment", "now")
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        self.files.create(f"{self.epoch:08d}.done", b"")
        for name in _epochs(self.files):
            if int(name[:8]) < self.epoch:
                self.files.path(name).unlink(missing_ok=True)

    def state(self) -> str:
        """Who holds the lease, in words."""
        current = self._newest()
        if not current or self._over(current):
            return "free"
        holder = json.loads(self.files.read(f"{current:08d}.json"))
        return f"held by process {holder['pid']} on {holder['host']} since {holder['since']}"

    def _newest(self) -> int:
        return max((int(n[:8]) for n in _epochs(self.files) if n.endswith(".json")), default=0)

    def _over(self, epoch: int) -> bool:
        if self.files.exists(f"{epoch:08d}.done"):
            return True
        try:
            holder = json.loads(self.files.read(f"{epoch:08d}.json"))
        except FileNotFoundError:  # swept by a later holder since it was listed
            return True
        if holder["host"] == socket.gethostname():
            return bool(_started(holder["pid"]) != holder["started"])
        beat = self.files.path(f"{epoch:08d}.beat")
        seen = beat if beat.exists() else self.files.path(f"{epoch:08d}.json")
        return time.time() - seen.stat().st_mtime > STALE_S

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_S):
            self.files.path(f"{self.epoch:08d}.beat").touch()


def _epochs(files: LocalFiles) -> list[str]:
    """The files of the lease; what else a file system leaves in the folder does not matter."""
    return [name for name in files.names() if _EPOCH.match(name)]


def _me() -> dict[str, Any]:
    now = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": _started(os.getpid()), "since": now}


def _started(pid: int) -> str | None:
    """A live process's start time in the kernel's clock, so that a reused pid is not taken for the holder."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return _started_portably(pid)
    return None if fields[0] == "Z" else fields[19]


def _started_portably(pid: int) -> str | None:
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "alive"
