"""The engine for Beam's runners: the same partitions in a DoFn, on the local FnApiRunner or wherever else Beam runs."""

import importlib.util
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from affectory.pipelines.engines._beam_options import Flags, flags_of
from affectory.pipelines.engines._mail import Mail
from affectory.pipelines.engines._quiet import quietly
from affectory.pipelines.engines.base import Choice, Report, heavy_first
from affectory.pipelines.runner.partition import Partition, PartitionReport
from affectory.schemas.errors import AffectoryError

if TYPE_CHECKING:
    import apache_beam

if importlib.util.find_spec("apache_beam") is None:  # it is imported late, and missed early
    raise ModuleNotFoundError("No module named 'apache_beam'", name="apache_beam")

_BEAT_S = 1.0
_PATIENCE_S = 60.0


@dataclass(eq=False)
class BeamFailed(AffectoryError):
    """The runner itself failed; what is committed stays."""

    runner: str
    detail: str

    def __str__(self) -> str:
        return f"Beam's {self.runner} failed: {self.detail}\n  What is committed stays; the next build goes on from it."


@dataclass(frozen=True)
class Beam:
    """Partitions and rows on a Beam runner."""

    flags: Flags

    @property
    def workers(self) -> int:
        return self.flags.workers

    def run(self, partitions: Sequence[Partition]) -> Iterator[Report]:
        """A runner gives nothing back while it works, so that reports come by mail through the workspace."""
        if not partitions:
            return
        work = _work()
        mail = Mail(partitions[0].workspace)
        mail.open()
        ordered = heavy_first(partitions)
        job = _Job(self.flags, lambda root: work.run_all(root, mail, ordered, not self.flags.local))
        try:
            job.start()
            yield from self._reports(job, mail, len(partitions))
        finally:
            mail.stop()
            job.end()
            mail.clear()

    def _reports(self, job: "_Job", mail: Mail, wanted: int) -> Iterator[Report]:
        seen: set[str] = set()
        done = 0
        while True:
            working = job.working()  # asked before looking: a job that has ended has posted everything
            for word in mail.fresh(seen):
                done += isinstance(word, PartitionReport)
                yield word
            if not working:
                break
            yield None
            job.wait(_BEAT_S)
        job.check()
        if done < wanted:
            raise BeamFailed(self.flags.runner, f"it ended with {wanted - done} of {wanted} partitions not run")

    def exchange(
        self, parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]
    ) -> None:
        """Rows travel as Arrow, one stream for each part and bucket."""
        if not parts:
            return
        work = _work()
        job = _Job(self.flags, lambda root: work.exchange_all(root, parts, read, reduce))
        try:
            job.start()
            while job.working():
                job.wait(_BEAT_S)
            job.check()
        finally:
            job.end()

    def close(self) -> None:
        """Each job ends by itself."""


def engine(choice: Choice) -> Beam:
    """The engine as chosen."""
    return Beam(flags_of(choice))


def _work() -> Any:
    """What needs Beam, imported when there is something to do: it takes a second or two."""
    with quietly():
        from affectory.pipelines.engines import _beam_work
    return _beam_work


class _Job:
    """One pipeline at work. Beam's own job servers must be started by the main thread, its local runner blocks it."""

    def __init__(self, flags: Flags, steps: Callable[["apache_beam.Pipeline"], None]) -> None:
        self._flags, self._steps = flags, steps
        self._result: Any = None
        self._error: Exception | None = None
        self._folder = TemporaryDirectory(prefix="affectory-")
        self._thread = threading.Thread(target=self._work, name="beam", daemon=True)

    def start(self) -> None:
        try:
            self._pipeline = _work().pipeline(self._arguments())
            self._steps(self._pipeline)
            if not self._flags.local:
                self._result = self._pipeline.run()
        except Exception as error:
            raise self._failed(error) from error
        self._thread.start()

    def _arguments(self) -> tuple[str, ...]:
        """Workers elsewhere get our code, unless it comes to them in another way."""
        if not self._flags.wheel:
            return self._flags.arguments
        from affectory.pipelines.wheel import write_wheel

        return (*self._flags.arguments, f"--extra_package={write_wheel(Path(self._folder.name))}")

    def _work(self) -> None:
        try:
            with quietly(logging.CRITICAL if self._flags.local else logging.NOTSET):
                self._result = self._result or self._pipeline.run()
                self._result.wait_until_finish()
        except Exception as error:
            self._error = error

    def working(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        self._thread.join(seconds)

    def check(self) -> None:
        """Raise what the job ended with: the error of ours that it tells of, or that the runner failed."""
        if self._error is not None:
            raise _work().own_error(self._error) or self._failed(self._error) from self._error

    def _failed(self, error: Exception) -> BeamFailed:
        lines = str(error).strip().splitlines()
        return BeamFailed(self._flags.runner, f"{type(error).__name__}: {lines[-1] if lines else ''}")

    def end(self) -> None:
        """Work that nobody waits for any more is cancelled; a local job sees in its mail that it has to stop."""
        if self.working() and not self._flags.local:
            self._result.cancel()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE_S)
        self._folder.cleanup()
