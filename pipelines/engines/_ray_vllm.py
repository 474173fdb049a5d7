"""What Ray's own LLM stages need to know of a stage that asks vLLM."""

import math
from typing import Any

from affectory.pipelines.runner.stage import Stage


def engine_config(stage: Stage, at_most: int) -> Any:
    """The configuration from which `ray.data.llm.build_processor` makes engines, each on all GPUs that the stage needs.

    Sampling parameters go with each row, so they are no part of it. A row that fails is told of beside the others.
    """
    from ray.data.llm import vLLMEngineProcessorConfig

    assert stage.whom is not None and stage.whom.backend == "vllm"
    resources = stage.transform.resources
    revision = {"revision": stage.whom.revision} if stage.whom.revision else {}
    return vLLMEngineProcessorConfig(
        model_source=stage.whom.model,
        engine_kwargs={**revision, "tensor_parallel_size": max(1, math.ceil(resources.gpus))},
        batch_size=resources.batch_rows,
        concurrency=(1, at_most),
        should_continue_on_error=True,
    )


def past_engines(rows: Any, like: Any, stage: Any, model: Any, cluster: Any, marker: str) -> Any:
    raise NotImplementedError
