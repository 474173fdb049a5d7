"""What runs on a Ray worker: a partition, and the error that it ends with as it is."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from affectory.pipelines.engines.base import allowed_mb
from affectory.pipelines.runner import partition as runner
from affectory.pipelines.runner.child import portable
from affectory.pipelines.runner.memory import held
from affectory.pipelines.runner.partition import Partition, PartitionReport
from affectory.schemas.errors import UserError

_LOOK_S = 0.2


@dataclass(frozen=True)
class Raised:
    """An error on its way to the driver; Ray would wrap it into one of its own."""

    error: Exception


def work(partition: Partition, marker: str) -> PartitionReport | Raised:
    """Run a partition up to where it says. `marker` is a file that the driver wrote into the workspace, or empty."""
    try:
        if marker:
            check_shared(partition, marker)
        with _held_to(allowed_mb(partition)) if partition.isolate != "all" else nullcontext():
            return runner.run_partition(partition)
    except Exception as error:
        return Raised(portable(error))


@contextmanager
def _held_to(memory_mb: int) -> Iterator[None]:
    """End this process once it holds more memory than any of its stages may, before Ray or the kernel choose whom to
    end. The partition is then run again with each stage in a child, and the row that is to blame is found."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_S):
            if held(os.getpid()) > memory_mb * 1_000_000:
                os.kill(os.getpid(), signal.SIGKILL)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def check_shared(partition: Partition, marker: str) -> None:
    """Every node must see the folders of the build; one that does not would find nothing, or write where none looks."""
    wanted = [(marker, f"the workspace {partition.workspace}")]
    if partition.kinds != {"text"}:
        wanted += [(root, f"the source {name} ({root})") for name, root in partition.roots.items()]
    missing = _missing(wanted)
    if missing:
        import socket

        hint = "mount a disk that all nodes share under the same path, or keep workspace and sources in s3://"
        raise UserError(f"node {socket.gethostname()} of the cluster does not see {missing}", hint)


def _missing(wanted: Iterable[tuple[str, str]]) -> str:
    return next((what for path, what in wanted if "://" not in path and not Path(path).exists()), "")
