"""What may go wrong under a partition on a cluster that is no error of its stages: worker, node or memory are gone."""

from dataclasses import dataclass

from affectory.pipelines.engines._ray_cluster import translated
from affectory.pipelines.engines.base import PartitionKillsWorkers

ATTEMPTS = 5
"""How often a partition may go down with its worker or node. A cluster loses nodes through no fault of a partition."""


@dataclass(frozen=True)
class Loss:
    """Why a partition is to run again; `own` where it may have been its own doing."""

    why: str
    own: bool = False
    memory: bool = False

    def last(self, partition: str, times: int, error: Exception) -> Exception:
        """What to raise when it happened too often."""
        known = translated(error)
        return known if known is not error else PartitionKillsWorkers(partition, times, _first_line(error))


def loss_of(error: Exception) -> Loss | None:
    """What was lost, or None where running again would not help."""
    from ray import exceptions

    losses: dict[type[Exception], Loss] = {
        exceptions.OutOfMemoryError: Loss("its node was out of memory", own=True, memory=True),
        exceptions.WorkerCrashedError: Loss("its worker died", own=True),
        exceptions.NodeDiedError: Loss("its node was lost"),
        exceptions.ObjectLostError: Loss("its node was lost"),
        exceptions.RuntimeEnvSetupError: Loss("its node could not take our code"),
    }
    return next((loss for kind, loss in losses.items() if isinstance(error, kind)), None)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
