"""How a partition goes over a Ray cluster: stages with the same needs in one task, the next needs in a further one."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from affectory.pipelines.runner.partition import Partition
from affectory.transforms.base import Resources


@dataclass(frozen=True)
class Needs:
    """What Ray must set aside for a task."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory: int = 0

    def options(self) -> dict[str, Any]:
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, "memory": self.memory}

    def times(self, node: Mapping[str, float]) -> int:
        """How many such tasks a node with these resources has room for."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        return int(min(node.get(name, 0) / amount for name, amount in wanted.items() if amount))

    def __str__(self) -> str:
        memory = f"{self.memory / 1e9:g} GB of memory" if self.memory else ""
        gpus = f"{self.gpus:g} GPU" if self.gpus else ""
        return " and ".join(filter(None, (f"{self.cpus:g} CPU", gpus, memory)))


LIGHT = Needs()


@dataclass(frozen=True)
class Hop:
    """One task: a partition's stages up to `until`, or to the end."""

    needs: Needs
    until: int | None


def hops(partition: Partition) -> tuple[Hop, ...]:
    """The tasks that a partition goes through, one after the other."""
    wanted = [*(needs_of(link.stage.transform.resources) for link in partition.links), LIGHT]
    found, until = [], 0
    for needs, run in groupby(wanted):
        until += len(list(run))
        found.append(Hop(needs, until))
    return (*found[:-1], Hop(LIGHT, None))


def needs_of(resources: Resources) -> Needs:
    """What a stage's own statement of its needs means to Ray; those that say nothing share what a node has."""
    return Needs(gpus=resources.gpus, memory=(resources.memory_mb or 0) * 1_000_000)
