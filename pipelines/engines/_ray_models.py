"""Stages that ask a model, over a cluster: rows stream through Ray Data past actors that hold the model.

Tasks bring partitions up to the stage and send on the rows that have no answer yet; actors ask, and write what they
hear into the answer ledger. Nothing else comes of it: partitions are committed afterwards as ever, and find their
answers. So rows that went down with an actor too often are only asked again, each partition's in its own task.
"""

import pickle
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any

from affectory.pipelines.engines._ray_asking import Model, Prepare, Streamed, told
from affectory.pipelines.engines._ray_cluster import Cluster, translated
from affectory.pipelines.engines._ray_exchange import root_of, settle
from affectory.pipelines.engines._ray_hops import needs_of
from affectory.pipelines.engines.base import Notice, Report
from affectory.pipelines.runner.partition import Partition, forget_tries
from affectory.pipelines.runner.stage import Stage
from affectory.schemas.errors import UserError

WAYS = ("auto", "stream", "inline")
_BATCHES = 8
"""Of a stage's batches go to an actor at once, so that it does not write a heap of crumbs."""
_MOST_BLOCKS = 4096


def way_of(options: Sequence[str]) -> str:
    """How models are asked: by actors (`models=stream`), by actors if they need a GPU (`auto`), never so (`inline`)."""
    given = dict(option.partition("=")[::2] for option in options)
    way = given.pop("models", "auto")
    if given or way not in WAYS:
        wrong = next((f"{name}={value}" for name, value in given.items()), f"models={way}")
        raise UserError(f"the Ray engine has no option {wrong!r}", f"allowed: models={'|'.join(WAYS)}")
    return way


def streamed_stages(partitions: Sequence[Partition], way: str) -> list[Stage]:
    """The stages whose models are asked by actors, in the order of the recipe."""
    chosen: dict[str, Stage] = {}
    order: TopologicalSorter[str] = TopologicalSorter()
    for partition in partitions:
        stages = {link.stage.identity: link.stage for link in partition.links if _streams(link.stage, way)}
        chosen.update(stages)
        for identity in stages:
            order.add(identity)
        for before, after in pairwise(stages):
            order.add(after, before)
    return [chosen[identity] for identity in order.static_order()]


def _streams(stage: Stage, way: str) -> bool:
    heavy = stage.transform.resources.gpus > 0
    return stage.whom is not None and (way == "stream" or (way == "auto" and heavy))


def stream(
    partitions: Sequence[Partition], cluster: Cluster, marker: str, way: str
) -> Generator[Report, None, Streamed]:
    """Ask all models about all partitions, one model after the other."""
    passes = _Passes(partitions, cluster, marker, Streamed())
    stages = streamed_stages(partitions, way)
    for number in range(len(stages)):
        yield from passes.ask(stages[: number + 1])
    if any(stage.transform.resources.gpus for stage in stages):
        yield from passes.commit(stages)
    return passes.came


@dataclass(frozen=True)
class _Passes:
    """Ways of all partitions over the cluster. `came` is what came of those so far."""

    partitions: Sequence[Partition]
    cluster: Cluster
    marker: str
    came: Streamed

    def ask(self, stages: Sequence[Stage]) -> Iterator[Report]:
        """Ask the last of these stages; those before it have their answers."""
        stage = stages[-1]
        assert stage.whom is not None
        yield from self._look_for(stage)
        answered, left = self.came.answered, self.came.left
        yield from self._run(self._past_actors(self._prepared(stages, asks=True), stage))
        forget_tries(self.partitions[0])
        yield Notice("asked", f"{stage.name}: {self.came.answered - answered} answers of {stage.whom.model} came in")
        if self.came.left > left:
            text = f"{self.came.left - left} batches ended their actor each time; they are asked in smaller ones"
            yield Notice("again", f"{stage.name}: {text}")

    def commit(self, stages: Sequence[Stage]) -> Iterator[Report]:
        """Commit what is answered, so that no task waits for a GPU only to read."""
        yield from self._run(self._prepared(stages, asks=False))

    def _look_for(self, stage: Stage) -> Iterator[Report]:
        needs, nodes = needs_of(stage.transform.resources), self.cluster.nodes()
        if not any(needs.times(node) for node in nodes):
            if self.cluster.own:
                hint = "build on a cluster that has it (--address), or leave that stage out"
                raise UserError(f"stage {stage.name} needs {needs}, which this machine does not have", hint)
            text = f"waiting for a node with {needs} to ask {stage.name}: none of {len(nodes)} has that"
            yield Notice("waiting", text)

    def _run(self, notes: Any) -> Iterator[Report]:
        """Ray makes lost blocks again; those whose task ended its worker too often are left out."""
        from ray.exceptions import RayError

        notes.context.max_errored_blocks = -1
        try:
            for batch in notes.iter_batches(batch_size=None, batch_format="pyarrow"):
                told(batch, self.came)
                yield None
        except RayError as error:
            raise root_of(error) or translated(error) from error

    def _prepared(self, stages: Sequence[Stage], *, asks: bool) -> Any:
        """A dataset of rows to ask about, and of a note for each partition."""
        import ray.data

        settle()
        items = [{"work": pickle.dumps(self.came.onward(partition))} for partition in self.partitions]
        prepare = Prepare(tuple(stage.identity for stage in stages), asks, self.marker)
        return ray.data.from_items(items, override_num_blocks=min(len(items), _MOST_BLOCKS)).map_batches(
            prepare, batch_size=1, batch_format="numpy", **self.cluster.task_options
        )

    def _past_actors(self, rows: Any, stage: Stage) -> Any:
        """The dataset past actors that hold the model."""
        from ray.data import ActorPoolStrategy

        needs, nodes, like = needs_of(stage.transform.resources), self.cluster.nodes(), self.partitions[0]
        cores, gpus = (sum(node.get(name, 0) for node in nodes) for name in ("CPU", "GPU"))
        most = max(1, int(gpus / needs.gpus if needs.gpus else cores - 1))
        grows = needs.gpus and not self.cluster.own
        return rows.map_batches(
            Model,
            fn_constructor_args=(pickle.dumps((replace(like, links=(), refused={}), stage, self.marker)),),
            compute=ActorPoolStrategy(min_size=1, max_size=None if grows else most),
            batch_size=_BATCHES * stage.transform.resources.batch_rows,
            batch_format="pyarrow",
            num_cpus=needs.cpus if cores > 1 else 0,  # on one core the tasks that feed it need that
            num_gpus=needs.gpus,
            memory=needs.memory or None,
            **self.cluster.task_options,
        )
