"""vLLM through Ray's LLM stages: the configuration is held by Ray's own classes, which need neither vLLM nor a GPU."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.steps_asking import oracle_stage

from affectory.pipelines.engines._ray_vllm import engine_config
from affectory.transforms.base import Whom

# Ray's own LLM module declares classes as pydantic 1 did.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


@pytest.mark.parametrize(("gpus", "together"), [(0.5, 1), (1, 1), (4, 4)])
def test_who_is_asked_decides_which_engine_runs(tmp_path: Path, gpus: float, together: int) -> None:
    from ray.data.llm import vLLMEngineProcessorConfig

    whom = Whom("vllm", "org/model", "abc123", "p", '{"temperature":0}')
    config = engine_config(replace(oracle_stage(tmp_path, gpus=gpus, batch_rows=48), whom=whom), 3)
    assert isinstance(config, vLLMEngineProcessorConfig)
    assert (config.model_source, config.batch_size, config.concurrency) == ("org/model", 48, (1, 3))
    assert config.engine_kwargs["revision"] == "abc123"
    assert config.engine_kwargs["tensor_parallel_size"] == together
    assert "temperature" not in str(config.engine_kwargs)
    assert config.should_continue_on_error


def test_without_a_revision_it_is_the_newest(tmp_path: Path) -> None:
    config = engine_config(replace(oracle_stage(tmp_path), whom=Whom("vllm", "org/model")), 1)
    assert "revision" not in config.engine_kwargs
