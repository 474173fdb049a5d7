"""A Ray cluster of several nodes on this machine, each node with an address and folders of its own."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from support.steps import PYTHON_PATH

from affectory.pipelines.runner.memory import family

RAY = [sys.executable, "-m", "ray.scripts.scripts"]
BUILD = [sys.executable, "-m", "affectory.pipelines.cli", "build"]
_STARTED = "Ray runtime started"
_TRIES, _START_S = 3, 60.0
_SMALL = ["--num-cpus=1", "--object-store-memory=100000000"]
_ANY_PORT = ["--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0"]


@dataclass(frozen=True)
class Process:
    """A process of a node, by what it calls itself: `ray::partition 12ab`, `.../raylet`."""

    pid: int
    title: str

    def kill(self, *, whole: bool = False) -> None:
        """End it; `whole`: with all that it started, as a machine does that loses its power."""
        for pid in list(family(self.pid)) if whole else [self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class RayCluster:
    """A head and further nodes of one processor each, open only to who has the token."""

    def __init__(self, nodes: int = 3) -> None:
        self._count = nodes
        self._folder = Path(tempfile.mkdtemp(prefix="ray-"))  # sockets lie below it: their paths must be short
        self._network = f"127.{1 + os.getpid() % 200}.{os.getpid() // 200 % 250}"
        self._nodes: dict[int, subprocess.Popen[bytes]] = {}
        self.port, self.dashboard = _free_port(), _free_port()

    @property
    def address(self) -> str:
        return f"{self._network}.1:{self.port}"

    @property
    def env(self) -> Mapping[str, str]:
        """The environment of who may use the cluster."""
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self._folder / "token")}
        path = os.pathsep.join(
            [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        )  # pip is looked for there
        return {**os.environ, **token, "PATH": path, "PYTHONPATH": PYTHON_PATH, "RAY_USAGE_STATS_ENABLED": "0"}

    def __enter__(self) -> "RayCluster":
        (self._folder / "token").write_text(secrets.token_hex(32))
        try:
            self.restore()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop()

    def _stop(self) -> None:
        for node in list(self._nodes):
            self._end(node)
        shutil.rmtree(self._folder, ignore_errors=True)

    def restore(self) -> None:
        """Start the nodes that are not there, one after the other: at once they get in each other's way."""
        for node in range(self._count):
            if node not in self._nodes or self._nodes[node].poll() is not None:
                self._start(node)

    def _start(self, node: int) -> None:
        for _ in range(_TRIES):
            self._end(node)
            log = self._folder / f"node-{node}-{secrets.token_hex(4)}.log"
            with log.open("wb") as file:
                command = [*RAY, "start", "--block", *self._options(node), *_SMALL, *_ANY_PORT]
                self._nodes[node] = subprocess.Popen(command, stdout=file, stderr=file, env=self.env)
            if self._is_up(node, log):
                return
        raise RuntimeError(f"node {node} did not start: {log.read_text()[-2000:]}")

    def _options(self, node: int) -> list[str]:
        where = [f"--temp-dir={self._folder / str(node)}", f"--node-ip-address={self._network}.{1 + node}"]
        if node:
            return [f"--address={self.address}", *where]
        dashboard = [f"--dashboard-host={self._network}.1", f"--dashboard-port={self.dashboard}"]
        ports = [f"--port={self.port}", f"--ray-client-server-port={_free_port()}"]
        return ["--head", "--disable-usage-stats", *dashboard, *ports, *where]

    def _is_up(self, node: int, log: Path) -> bool:
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._nodes[node].poll() is None:
            if _STARTED in log.read_text():
                return True
            time.sleep(0.2)
        return False

    def _end(self, node: int) -> None:
        """End a node with all that it started."""
        if node in self._nodes:
            for pid in list(family(self._nodes[node].pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._nodes.pop(node).wait()

    def processes(self, node: int) -> list[Process]:
        """What a node runs, by process id."""
        return sorted((Process(pid, _title(pid)) for pid in family(self._nodes[node].pid)), key=lambda p: p.pid)

    def workers(self, title: str) -> list[Process]:
        """Worker processes of all nodes that now do what their title says."""
        return [p for node in self._nodes for p in self.processes(node) if p.title.startswith(f"ray::{title}")]

    def raylets(self, title: str) -> list[Process]:
        """The raylets of nodes with workers that do what the title says. With its head goes the cluster: not that."""
        nodes = [self.processes(node) for node in range(1, self._count)]
        busy = [found for found in nodes if any(p.title.startswith(f"ray::{title}") for p in found)]
        return [p for found in busy for p in found if "/raylet " in p.title]

    def submit(self, *command: str, log: Path) -> "subprocess.Popen[bytes]":
        """A submitted job; it ends as the command does."""
        to = ["job", "submit", "--address", f"http://{self._network}.1:{self.dashboard}"]
        with log.open("wb") as file:
            return subprocess.Popen([*RAY, *to, "--", *command], stdout=file, stderr=file, env=self.env)


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
