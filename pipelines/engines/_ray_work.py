"""What runs on a Ray worker: a partition, and the error that it ends with as it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from affectory.pipelines.runner import partition as runner
from affectory.pipelines.runner.child import portable
from affectory.pipelines.runner.partition import Partition, PartitionReport
from affectory.schemas.errors import UserError


@dataclass(frozen=True)
class Raised:
    """An error on its way to the driver; Ray would wrap it into one of its own."""

    error: Exception


def work(partition: Partition, marker: str, fresh: bool = False) -> PartitionReport | Raised:
    """Run a partition up to where it says. `marker` is a file that the driver wrote into the workspace, or empty."""
    if fresh:
        runner.end_child()  # it was started for a task that saw other devices
    try:
        if marker:
            check_shared(partition, marker)
        return runner.run_partition(partition)
    except Exception as error:
        return Raised(portable(error))


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
