"""Processes that go on when the command which started them has ended, and are known again later."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINES_SHOWN = 12
_CHILDREN: dict[int, "subprocess.Popen[bytes]"] = {}
"""Of this process: asked for their end, or they would stay as zombies."""


@dataclass(frozen=True)
class Process:
    """A process by its number and when it began: numbers are given again to others."""

    pid: int
    born: str

    @classmethod
    def remembered(cls, found: Any) -> "Process | None":
        """From a file that may hold anything; None where it does not lead to a process that lives."""
        match found:
            case {"pid": int(pid), "born": str(born)} if pid > 1 and born:
                process = cls(pid, born)
                return process if process.alive() else None
        return None

    def alive(self) -> bool:
        child = _CHILDREN.get(self.pid)
        if child is not None and child.poll() is not None:
            del _CHILDREN[self.pid]
        return born(self.pid) == self.born

    def stop(self, patience_s: float = 15) -> None:
        """Ask it to end, then end it, and the processes it started with it."""
        for sign, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            if not self.alive():
                return
            with suppress(ProcessLookupError):
                os.killpg(self.pid, sign)
            until = time.monotonic() + wait_s
            while self.alive() and time.monotonic() < until:
                time.sleep(0.05)


def start(command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> Process:
    """Start a program in a session of its own; what it says goes to a log, the log before that is kept beside it."""
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as said:
        child = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _CHILDREN[child.pid] = child
    return Process(child.pid, born(child.pid) or "ended")


def born(pid: int) -> str:
    """When a process began, as the machine counts; empty where there is none, or only what is left of one."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if said[0] in "ZX" else f"{said[19]} {_boot()}"
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return "" if Path("/proc/self/stat").exists() else _born_elsewhere(pid)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _born_elsewhere(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = done.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else began.strip()


def last_words(log: Path) -> str:
    """The last lines of a log, for the message about what did not start."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(f"  | {line[:300]}" for line in [line for line in lines if line.strip()][-LINES_SHOWN:])
