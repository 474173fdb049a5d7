"""What runs on a Ray worker: a partition, and the error that it ends with as it is."""

from dataclasses import dataclass

from affectory.pipelines.engines._shared import check_shared
from affectory.pipelines.runner import partition as runner
from affectory.pipelines.runner.child import portable
from affectory.pipelines.runner.partition import Partition, PartitionReport


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
