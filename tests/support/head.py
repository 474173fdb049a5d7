"""A real Ray head on loopback, with dashboard and token, for tests of what talks to one."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TOKEN = "0123456789abcdef" * 4
START_S = 90.0


@dataclass(frozen=True)
class Head:
    """Where a head listens, and the file with its token."""

    gcs: int
    dashboard: int
    metrics: int
    token_file: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.dashboard}"


@contextmanager
def started(folder: Path, cpus: int = 2) -> Iterator[Head]:
    """A head whose jobs find this Python, and pip, as `python` and `pip`."""
    token = folder / "token"
    token.write_text(TOKEN)
    head = Head(*free_ports(3), token)
    # Paths of sockets may not be long, and nobody else's `auto` is to find this cluster.
    short = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
    with short as temporary, (folder / "head.log").open("wb") as log:
        command = [*_command(head, cpus), f"--temp-dir={temporary}"]
        process = subprocess.Popen(command, env=_environment(folder), stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(head, process, folder / "head.log")
            yield head
        finally:
            _stop(process)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]
    finally:
        for found in sockets:
            found.close()


def _command(head: Head, cpus: int) -> list[str]:
    ray = "import sys; from ray.scripts.scripts import main; sys.exit(main())"
    ports = [f"--port={head.gcs}", f"--dashboard-port={head.dashboard}", f"--metrics-export-port={head.metrics}"]
    agent = f"--dashboard-agent-listen-port={free_ports(1)[0]}"
    where = ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1", "--include-dashboard=true"]
    size = [f"--num-cpus={cpus}", "--object-store-memory=150000000", "--disable-usage-stats"]
    return [sys.executable, "-c", ray, "start", "--head", "--block", *ports, agent, *where, *size]


def _environment(folder: Path) -> dict[str, str]:
    bin = folder / "bin"
    bin.mkdir()
    for name, words in (("python", ""), ("pip", " -m pip --disable-pip-version-check")):
        (bin / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n')
        (bin / name).chmod(0o755)
    ray = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_metrics_report_interval_ms": "1000"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**kept, **ray, "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}", "PIP_NO_INDEX": "1"}


def _wait(head: Head, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the job server answers, which is some seconds after the head says that it runs."""
    request = urllib.request.Request(f"{head.address}/api/jobs/", headers={"Authorization": f"Bearer {TOKEN}"})
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
    raise RuntimeError(f"no head: {log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Its session holds all that it started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
