"""A child process that runs our functions and cannot outlive us: for code that may crash, hang or leak."""

import contextlib
import ctypes
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from affectory.pipelines.runner.memory import LOOK_S, MB, family, held_by_family
from affectory.schemas.errors import AffectoryError

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Sums in another order differ in the last bit: child processes compute with one thread each."""


@dataclass(eq=False)
class ChildDied(AffectoryError):
    """The child process ended while it worked."""

    exit_status: int

    def __str__(self) -> str:
        if self.exit_status >= 0:
            return f"the process ended with status {self.exit_status}"
        ended = f"the process was ended by {signal.Signals(-self.exit_status).name}"
        return f"{ended}, most likely out of memory" if self.exit_status == -signal.SIGKILL else ended


@dataclass(eq=False)
class ChildHung(AffectoryError):
    """The child process did not answer in time and was killed."""

    seconds: float

    def __str__(self) -> str:
        return f"no answer within {self.seconds:g} s; killed"


@dataclass(eq=False)
class ChildTooLarge(AffectoryError):
    """The child process held more memory than it may and was killed, before the kernel chose whom to kill."""

    memory_mb: int

    def __str__(self) -> str:
        return (
            f"the process held more than the {self.memory_mb} MB that it may; killed. limits.memory_mb can allow more"
        )


@dataclass(eq=False)
class RaisedInChild(AffectoryError):
    """An exception of the child's work, by type and text where it could not be sent whole."""

    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


class Child:
    """One child process, started when first needed and again after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    def send(self, work: Callable[..., Any], *args: Any) -> None:
        """Hand over a call; `receive` gives what it returns."""
        try:
            self._start().send_bytes(pickle.dumps((work, args)))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self._died() from error

    def receive(self, timeout_s: float | None = None, memory_mb: int | None = None) -> Any:
        """What the call returned; its exception is raised here. A child that needs more than it may is killed."""
        assert self._pipe is not None
        try:
            self._wait(self._pipe, timeout_s, memory_mb)
            answer = pickle.loads(self._pipe.recv_bytes())
        except (EOFError, ConnectionResetError, BrokenPipeError) as error:
            raise self._died() from error
        if isinstance(answer, _Raised):
            raise answer.error
        return answer

    def _wait(self, pipe: Connection, timeout_s: float | None, memory_mb: int | None) -> None:
        end = time.monotonic() + timeout_s if timeout_s is not None else float("inf")
        while not pipe.poll(max(0.0, min(LOOK_S, end - time.monotonic()))):
            if time.monotonic() >= end:
                self.stop()
                raise ChildHung(timeout_s or 0.0)
            if self._ended() and not pipe.poll(0):
                raise EOFError  # what it started may still hold the other end of the pipe
            if memory_mb is not None:
                self.hold_to(memory_mb)

    def hold_to(self, memory_mb: int) -> None:
        """End the process and raise where it holds more memory than it may."""
        if self.pid and held_by_family(self.pid) > memory_mb * MB:
            self.stop()
            raise ChildTooLarge(memory_mb)

    def call(
        self, work: Callable[..., Any], *args: Any, timeout_s: float | None = None, memory_mb: int | None = None
    ) -> Any:
        self.send(work, *args)
        return self.receive(timeout_s, memory_mb)

    def answers(self, seconds: float) -> bool:
        """Whether `receive` need not wait, now or within that time: for the answer, or to say that it died."""
        return self.pipe.poll(seconds) or self._ended()

    @property
    def pid(self) -> int:
        """Of the process that answers now, 0 where there is none."""
        return self._process.pid if self._process else 0

    @property
    def pipe(self) -> Connection:
        """To wait for several children at once."""
        return self._start()

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End the process, if there is one, and what it started; who waits for its answer is told that it died."""
        if self._process is not None and not self._ended():
            for pid in family(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the process, if there is one; the next call starts another."""
        self._end()

    def __del__(self) -> None:
        """Who forgets a child has no more use for its process."""
        self._end()

    def _end(self) -> None:
        self.kill()
        if self._process is not None:
            self._process.wait()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _died(self) -> ChildDied:
        status = self._process.wait() if self._process else 0
        self.stop()
        return ChildDied(status)

    def _start(self) -> Connection:
        if self._pipe is None:
            ours, theirs = socket.socketpair()
            command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a library prints must not get between the events on standard output
                env={**os.environ, **ONE_THREAD},
            )
            theirs.close()
            self._pipe = Connection(ours.detach())
        return self._pipe


@dataclass(frozen=True)
class _Raised:
    error: BaseException


def portable(error: Exception) -> Exception:
    """The error itself where it survives pickling, else its type and text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RaisedInChild(type(error).__name__, str(error)[:2000])
    return error


def _serve(pipe: Connection) -> None:
    while True:
        try:
            work, args = pickle.loads(pipe.recv_bytes())
        except EOFError:
            return
        answer: Any
        try:
            answer = pickle.dumps(work(*args), protocol=5)
        except Exception as error:
            answer = pickle.dumps(_Raised(portable(error)))
        pipe.send_bytes(answer)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def offer_to_the_kernel() -> None:
    """Where memory runs out in spite of all limits, the kernel shall end this process rather than its parent."""
    with contextlib.suppress(OSError, ValueError):
        score = Path("/proc/self/oom_score_adj")
        score.write_text(str(min(1000, int(score.read_text()) + 300)))


if __name__ == "__main__":
    # Under its import name the pickled classes are those that the parent knows.
    from affectory.pipelines.runner import child
    from affectory.pipelines.runner.lean import keep_pandas_out

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child.die_with(int(sys.argv[2]))
    child.offer_to_the_kernel()
    keep_pandas_out()
    child._serve(Connection(int(sys.argv[1])))
