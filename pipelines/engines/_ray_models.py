"""Stages that ask a model, over a cluster: rows stream through Ray Data past actors that hold the model.

Tasks bring partitions up to the stage and send on the rows that have no answer yet; actors ask, and write what they
hear into the answer ledger. Nothing else comes of it: partitions are committed afterwards as ever, and find their
answers. So rows that went down with an actor too often are only asked again, each partition's in its own task.
"""

import pickle
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from itertools import count, pairwise
from typing import Any, cast

from affectory.pipelines.engines._ray_asking import Model, Prepare, Streamed, told, untold
from affectory.pipelines.engines._ray_cluster import Cluster, translated
from affectory.pipelines.engines._ray_exchange import root_of, settle
from affectory.pipelines.engines._ray_hops import needs_of
from affectory.pipelines.engines._ray_vllm import past_engines, starting
from affectory.pipelines.engines.base import Notice, Report
from affectory.pipelines.runner.conversing import asks
from affectory.pipelines.runner.partition import Partition, forget_tries
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.transforms.base import Resources
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asked import needs_of as needs_of_models
from affectory.transforms.models._conversing import Conversing

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
    asks = stage.whom is not None or bool(stage.models)
    return asks and (way == "stream" or (way == "auto" and heavy))


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
        stage, left = stages[-1], len(self.came.left)
        yield from self._talk(stages) if stage.models else self._ask_once(stages)
        forget_tries(self.partitions[0])
        if (more := len(self.came.left) - left) > 0:
            text = f"{more} batches ended their actor each time; they are asked in smaller ones"
            yield Notice("again", f"{stage.name}: {text}")

    def _ask_once(self, stages: Sequence[Stage]) -> Iterator[Report]:
        stage, answered = stages[-1], self.came.answered
        assert stage.whom is not None
        yield from self._look_for(stage)
        rows = self._prepared(stages, asks=True)
        yield from self._run(self._past_actors(rows, stage, stage.transform.resources))
        yield Notice("asked", f"{stage.name}: {self.came.answered - answered} answers of {stage.whom.model} came in")

    def _talk(self, stages: Sequence[Stage]) -> Iterator[Report]:
        """Rounds of questions to each model in turn, until of no further one it is known what came."""
        stage, answers = stages[-1], Counter[str]()
        if self._is_committed(stage):
            return
        models = cast(Conversing, stage.transform).models()
        for model in models:
            yield from self._look_for(asks(stage, model))
        for number in count():
            before = self.came.known
            for model in models:
                start = self.came.answered
                yield from self._put(stages, model, first=number == 0)
                answers[model.name] += self.came.answered - start
            if self.came.known == before:
                break
        for model in models:
            yield Notice("asked", f"{stage.name}: {answers[model.name]} answers of {model.name} came in")

    def _is_committed(self, stage: Stage) -> bool:
        commits = Workspace(self.partitions[0].workspace).commits()
        links = (link for partition in self.partitions for link in partition.links)
        return all(commits.has(link.key) for link in links if link.stage.identity == stage.identity)

    def _put(self, stages: Sequence[Stage], model: AskedModel, *, first: bool) -> Iterator[Report]:
        """Put what is to be asked of a model now. At first that streams, so that stages before feed the model; later
        it is known beforehand, so that no model is loaded for nothing."""
        rows = self._prepared(stages, asks=True, model=model.name)
        if not first:
            rows.context.max_errored_blocks = -1
            with _ray_errors():
                rows = rows.materialize()
            if not (yield from self._run(rows)):
                return
            rows = rows.map_batches(untold, batch_format="pyarrow", **self.cluster.task_options)
        stage, resources = stages[-1], needs_of_models([model])
        if model.spec.backend == "vllm":
            with starting(stage, model):
                yield from self._run(past_engines(rows, self._like, stage, model, self.cluster, self.marker))
        else:
            yield from self._run(self._past_actors(rows, stage, resources))

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

    def _run(self, notes: Any) -> Generator[Report, None, int]:
        """Take in all notes; how many rows were none. Ray makes lost blocks again; those whose task ended its worker
        too often are left out."""
        notes.context.max_errored_blocks = -1
        others = 0
        with _ray_errors():
            for batch in notes.iter_batches(batch_size=None, batch_format="pyarrow"):
                others += told(batch, self.came)
                yield None
        return others

    @property
    def _like(self) -> Partition:
        """What all partitions have in common."""
        return replace(self.partitions[0], links=(), refused={})

    def _prepared(self, stages: Sequence[Stage], *, asks: bool, model: str = "") -> Any:
        """A dataset of rows to ask about, and of a note for each partition."""
        import ray.data

        settle()
        items = [{"work": pickle.dumps(self.came.onward(partition))} for partition in self.partitions]
        prepare = Prepare(tuple(stage.identity for stage in stages), asks, self.marker, model)
        return ray.data.from_items(items, override_num_blocks=min(len(items), _MOST_BLOCKS)).map_batches(
            prepare, batch_size=1, batch_format="numpy", **self.cluster.task_options
        )

    def _past_actors(self, rows: Any, stage: Stage, resources: Resources) -> Any:
        """The dataset past actors that hold the model."""
        from ray.data import ActorPoolStrategy

        needs, nodes = needs_of(resources), self.cluster.nodes()
        cores, gpus = (sum(node.get(name, 0) for node in nodes) for name in ("CPU", "GPU"))
        most = max(1, int(gpus / needs.gpus if needs.gpus else cores - 1))
        grows = needs.gpus and not self.cluster.own
        return rows.map_batches(
            Model,
            fn_constructor_args=(pickle.dumps((self._like, stage, self.marker)),),
            compute=ActorPoolStrategy(min_size=1, max_size=None if grows else most),
            batch_size=_BATCHES * resources.batch_rows,
            batch_format="pyarrow",
            num_cpus=needs.cpus if cores > 1 else 0,  # on one core the tasks that feed it need that
            num_gpus=needs.gpus,
            memory=needs.memory or None,
            **self.cluster.task_options,
        )


@contextmanager
def _ray_errors() -> Iterator[None]:
    from ray.exceptions import RayError

    try:
        yield
    except RayError as error:
        raise root_of(error) or translated(error) from error
