"""Questions to vLLM on a cluster: past Ray's own LLM stage, which has an engine on each GPU, or on several together.

What goes in and comes out is made as for an engine in one process. Of Ray's stages only the engine's is used: those
that make prompts know no revision, begin them twice, and take a batch along where one picture cannot be read.
"""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.engines._ray_asking import NOTE, ROOT, Asked, Wrong, notes, parted
from affectory.pipelines.engines._ray_cluster import Cluster
from affectory.pipelines.engines._shared import check_shared
from affectory.pipelines.runner import partition as runner
from affectory.pipelines.runner.child import portable
from affectory.pipelines.runner.conversing import questions_of
from affectory.pipelines.runner.execute import SetUpFailed
from affectory.pipelines.runner.partition import Partition
from affectory.pipelines.runner.stage import Stage
from affectory.transforms.base import Failed, Said
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asking import COLUMNS, asks_of
from affectory.transforms.models.backends._transformers_talking import failed
from affectory.transforms.models.backends._vllm_answers import Told, reply
from affectory.transforms.models.backends._vllm_options import engine_args, options_of
from affectory.transforms.models.backends._vllm_telling import Request, prompts_of

ERROR = "__inference_error__"
"""Where Ray's stage says what went wrong with a row; rows that come with one pass it by."""
STAGE = "vLLMEngineStage"
_QUESTION, _REQUEST, _SAID = "_question", "_request", "_said"
_AT_ONCE = 64
_MANY = 64
"""Engines at most on a cluster that grows."""


def past_engines(rows: Any, like: Partition, stage: Stage, model: AskedModel, cluster: Cluster, marker: str) -> Any:
    """A dataset of questions past engines: of their notes, and of why some got no answer."""
    work, options = Work(like, stage, model, marker), cluster.task_options
    processor = engines(model, engines_at_most(model, cluster), like.allowance.retries, options)
    dressed = rows.map_batches(Dress(work), batch_size=_AT_ONCE, batch_format="pyarrow", **options)
    return processor(dressed).map_batches(Keep(work), batch_size=None, batch_format="pyarrow", **options)


@contextmanager
def starting(stage: Stage, model: AskedModel) -> Iterator[None]:
    """An engine that does not start is told of in its own words, of which Ray makes many more."""
    from ray.exceptions import ActorDiedError

    try:
        yield
    except ActorDiedError as error:
        words = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise SetUpFailed(f"{stage.name} asks {model.name}", "EngineDidNotStart", words[-1]) from error


def engines_at_most(model: AskedModel, cluster: Cluster) -> int:
    """How many engines fit on the GPUs there are, or may come."""
    fitting = int(sum(node.get("GPU", 0) for node in cluster.nodes()) / model.spec.gpus)
    return max(1, fitting if cluster.own else max(fitting, _MANY))


def engines(model: AskedModel, at_most: int, retries: int, options: Mapping[str, Any]) -> Any:
    """What Ray makes engines by. One that dies starts again; what it was at is tried once more, and then left."""
    from ray.data.llm import build_processor

    processor = build_processor(
        engine_config(model, at_most),
        preprocess=engine_row,
        postprocess=said_row,
        preprocess_map_kwargs=dict(options),
        postprocess_map_kwargs=dict(options),
    )
    stage = processor.get_stage_by_name(STAGE)
    stage.map_batches_kwargs.update(max_restarts=-1, max_task_retries=retries)
    return processor


def engine_config(model: AskedModel, at_most: int) -> Any:
    """The configuration from which `ray.data.llm.build_processor` makes engines, each on all GPUs that the model needs.

    Sampling parameters go with each row, so they are no part of it. A row that fails is told of beside the others.
    """
    from ray.data.llm import vLLMEngineProcessorConfig

    spec = model.spec
    shares = {"bundles": [{"CPU": 1, "GPU": spec.gpus}]} if spec.gpus < 1 else None
    offline = {} if options_of(spec).download else {"HF_HUB_OFFLINE": "1"}
    return vLLMEngineProcessorConfig(
        model_source=str(model.path or spec.model),
        engine_kwargs=engine_args(spec),
        batch_size=spec.batch_rows,
        concurrency=(1, at_most),
        placement_group_config=shares,
        should_continue_on_error=True,
        runtime_env={"env_vars": {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", **offline}},
        chat_template_stage=False,
        tokenize_stage=False,
        detokenize_stage=False,
        prepare_multimodal_stage=False,
    )


@dataclass(frozen=True)
class Work:
    """What workers know beside the questions."""

    like: Partition
    stage: Stage
    model: AskedModel
    marker: str


@dataclass(frozen=True)
class Dress:
    """Makes requests of questions; those that cannot be put never reach an engine."""

    work: Work

    def __call__(self, batch: pa.Table) -> pa.Table:
        told, by_root = parted(batch)
        tables = [told]
        for root, rows in by_root.items():
            try:
                tables += self._dressed(root, rows)
            except Exception as error:
                tables.append(notes([Wrong(portable(error))]))
        return pa.concat_tables(tables, promote_options="default")

    def _dressed(self, root: str, rows: pa.Table) -> Iterator[pa.Table]:
        work, partition = self.work, replace(self.work.like, root=root)
        if work.marker:
            check_shared(partition, work.marker)
        with runner.elsewhere(partition, work.stage) as rounds:
            leaving, stopped = rounds.leave(work.model, rows)
            requests = [self._request(ask) for ask in asks_of(leaving)]
        lost = {question.id: stopped[i] for i, question in enumerate(questions_of(work.stage, rows)) if i in stopped}
        for question, request in zip(questions_of(work.stage, leaving), requests, strict=True):
            if isinstance(request, Failed):
                lost[question.id] = request
        if lost:
            yield notes([Asked(root, 0, lost)])
        yield _with_requests(root, leaving, requests)

    def _request(self, ask: Any) -> Request | Failed:
        prompts = prompts_of(self.work.model)
        try:
            return prompts.request(ask)
        except Exception as error:  # one bad question never takes its batch along
            return failed(error)


def _with_requests(root: str, rows: pa.Table, requests: Sequence[Request | Failed]) -> pa.Table:
    """Questions with their requests, as bytes: Ray's stage hands on what it does not know."""
    plain = rows.select(list(COLUMNS)).to_pylist()
    good = [(row, request) for row, request in zip(plain, requests, strict=True) if isinstance(request, Request)]
    return pa.table(
        {
            ROOT: pa.array([root] * len(good), pa.string()),
            _QUESTION: pa.array([pickle.dumps(row) for row, _ in good], pa.binary()),
            _REQUEST: pa.array([pickle.dumps(request) for _, request in good], pa.large_binary()),
        }
    )


class _Whole:
    """Kept in a row, it has Ray hand on the row as it is. Arrow would give each dictionary the keys of all others."""


def engine_row(row: dict[str, Any]) -> dict[str, Any]:
    """What Ray's stage adds to a row before it puts it to an engine: a note passes by."""
    if row[NOTE] is not None:
        return {ERROR: "a note", "_whole": _Whole()}
    request: Request = pickle.loads(row[_REQUEST])
    media = {"multimodal_data": request.media, "multimodal_uuids": request.ids} if request.media else {}
    light = replace(request, tokens=[], media={}, ids={})
    given = {"tokenized_prompt": request.tokens, "sampling_params": dict(request.sampling), **media}
    return {**given, _REQUEST: pickle.dumps(light), ERROR: "", "_whole": _Whole()}


def said_row(row: dict[str, Any]) -> dict[str, Any]:
    """What is left of a row that an engine answered."""
    said: Said
    try:
        said = reply(pickle.loads(row[_REQUEST]), Told.of_row(row))
    except Exception as error:  # one bad answer never takes its batch along
        said = failed(error)
    return {NOTE: None, ROOT: row[ROOT], _QUESTION: row[_QUESTION], _SAID: pickle.dumps(said)}


@dataclass(frozen=True)
class Keep:
    """Keeps what engines answered."""

    work: Work

    def __call__(self, batch: pa.Table) -> pa.Table:
        batch = _columns(batch)
        noted = pc.is_valid(batch.column(NOTE))
        rows = batch.filter(pc.invert(noted)).to_pylist()
        told = [self._kept(root, [r for r in rows if r[ROOT] == root]) for root in dict.fromkeys(r[ROOT] for r in rows)]
        return pa.concat_tables([batch.filter(noted).select([NOTE]), notes(told)])

    def _kept(self, root: str, rows: Sequence[Mapping[str, Any]]) -> Asked | Wrong:
        partition = replace(self.work.like, root=root)
        asked = pa.Table.from_pylist([pickle.loads(row[_QUESTION]) for row in rows], pa.schema(list(COLUMNS.items())))
        try:
            with runner.elsewhere(partition, self.work.stage) as rounds:
                lost = rounds.keep(self.work.stage, self.work.model, asked, [_said(row) for row in rows])
            return Asked(root, len(rows) - len(lost), lost)
        except Exception as error:
            return Wrong(portable(error))


def _said(row: Mapping[str, Any]) -> Said:
    if row[_SAID] is not None:
        said: Said = pickle.loads(row[_SAID])
        return said
    kind, _, detail = (row[ERROR] or "NoAnswer: the engine gave none").partition(": ")
    return Failed(0, kind, detail[:2000])


def _columns(batch: pa.Table) -> pa.Table:
    """The columns that tell what came; a block has those of Ray's that some row of it needs, and no others."""
    kinds = {NOTE: pa.binary(), ROOT: pa.string(), _QUESTION: pa.binary(), _SAID: pa.binary(), ERROR: pa.string()}
    return pa.table(
        {
            name: batch.column(name).cast(kind) if name in batch.column_names else pa.nulls(batch.num_rows, kind)
            for name, kind in kinds.items()
        }
    )
