"""Which process holds something, so that others beside it can see at once whether it still lives."""

import json
import os
import socket
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Holder:
    """A process, told from every other of whatever machine."""

    pid: int
    host: str
    since: str
    machine: str = ""
    """Where process ids mean the same; empty where that cannot be known."""
    started: str | None = None
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)
    """No two holders are written as the same bytes."""

    @classmethod
    def me(cls) -> "Holder":
        """This process."""
        pid, now = os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S %z")
        return cls(pid, socket.gethostname(), now, machine(), started(pid))

    @classmethod
    def from_json(cls, data: bytes) -> "Holder":
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in json.loads(data).items() if name in known})

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @property
    def is_near(self) -> bool:
        """Whether its process id means here what it meant there."""
        return bool(self.machine) and self.machine == machine()

    @property
    def lives(self) -> bool:
        """Whether the process is still there; asked only of one that is near."""
        return started(self.pid) == self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@cache
def machine() -> str:
    """What processes share that see each other under the same ids. Two containers may have one name: the kernel's boot
    and the namespace of process ids tell them apart."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "" if sys.platform == "linux" else f"{sys.platform} {socket.gethostname()} {uuid.getnode()}"


def started(pid: int) -> str | None:
    """A live process's start time in the kernel's clock, so that a reused pid is not taken for the holder."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return _started_portably(pid)
    return None if words[0] == "Z" else words[19]


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
