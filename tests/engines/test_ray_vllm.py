"""vLLM through Ray's LLM stages: the configuration is held by Ray's own classes, which need neither vLLM nor a GPU.

A build past the real stage and a real engine is in `test_ray_vllm_engine.py`.
"""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support import steps
from support.steps import Opines

from affectory.pipelines.engines._ray_asking import NOTE, ROOT
from affectory.pipelines.engines._ray_vllm import (
    ERROR,
    engine_config,
    engine_row,
    engines_at_most,
    said_row,
    starting,
)
from affectory.pipelines.runner.execute import SetUpFailed
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models.backends._vllm_telling import Request

# Ray's own LLM module declares classes as pydantic 1 did.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


def model(**spec: Any) -> AskedModel:
    return AskedModel("big", Asked(backend="vllm", model="org/model", revision="abc123", **{"gpus": 1.0, **spec}))


@pytest.mark.parametrize(("gpus", "together"), [(0.5, 1), (1, 1), (4, 4)])
def test_who_is_asked_decides_which_engine_runs(gpus: float, together: int) -> None:
    from ray.data.llm import vLLMEngineProcessorConfig

    config = engine_config(model(gpus=gpus, batch_rows=48, temperature=0.7), 3)
    assert isinstance(config, vLLMEngineProcessorConfig)
    assert (config.model_source, config.batch_size, config.concurrency) == ("org/model", 48, (1, 3))
    assert config.engine_kwargs["revision"] == "abc123"
    assert config.engine_kwargs["tensor_parallel_size"] == together
    assert "temperature" not in str(config.engine_kwargs)
    assert config.should_continue_on_error


def test_engines_that_share_a_gpu_ask_ray_for_a_part_of_one() -> None:
    assert engine_config(model(gpus=0.5), 2).placement_group_config["bundles"] == [{"CPU": 1, "GPU": 0.5}]
    assert engine_config(model(gpus=2), 2).placement_group_config is None


def test_a_folder_is_itself_and_has_no_revision(tmp_path: Path) -> None:
    here = AskedModel("big", Asked(backend="vllm", path="m", gpus=1), tmp_path)
    config = engine_config(here, 1)
    assert (config.model_source, "revision" in config.engine_kwargs) == (str(tmp_path), False)


def test_nothing_is_fetched_unless_the_recipe_says_so() -> None:
    assert engine_config(model(), 1).runtime_env["env_vars"]["HF_HUB_OFFLINE"] == "1"
    fetching = engine_config(model(options={"download": True}), 1)
    assert "HF_HUB_OFFLINE" not in fetching.runtime_env["env_vars"]


@dataclass(frozen=True)
class Nodes:
    own: bool
    gpus: tuple[int, ...]

    def nodes(self) -> list[dict[str, float]]:
        return [{"CPU": 8.0, "GPU": float(n)} for n in self.gpus]


@pytest.mark.parametrize(
    ("own", "gpus", "each", "engines"),
    [
        (True, (1,), 1.0, 1),
        (True, (2, 2), 1.0, 4),
        (True, (2, 2), 2.0, 2),
        (True, (1,), 0.5, 2),
        (False, (0,), 1.0, 64),
    ],
)
def test_there_is_an_engine_for_every_gpu_and_as_many_as_come_on_a_cluster_that_grows(
    own: bool, gpus: tuple[int, ...], each: float, engines: int
) -> None:
    assert engines_at_most(model(gpus=each), Nodes(own, gpus)) == engines  # type: ignore[arg-type]


def test_a_note_passes_by_the_engine() -> None:
    assert engine_row({NOTE: b"note", ROOT: None})[ERROR]


def test_a_question_goes_to_the_engine_as_it_is_and_its_answer_comes_back_as_a_reply() -> None:
    request = Request([1, 2], {"max_tokens": 9, "structured_outputs": None}, {"image": ["pixels"]}, {"image": ["a"]})
    row: dict[str, Any] = {NOTE: None, ROOT: "r", "_question": b"q", "_request": pickle.dumps(request)}
    given = engine_row(row)
    assert (given["tokenized_prompt"], given["sampling_params"]) == ([1, 2], request.sampling)
    assert (given["multimodal_data"], given["multimodal_uuids"], given[ERROR]) == (request.media, request.ids, "")
    with pytest.raises(pa.ArrowInvalid):
        pa.array([given])  # so that Ray hands it on whole
    told = {"generated_text": "Hello.", "generated_tokens": [4, 5], "num_input_tokens": 2, "logprobs": None}
    said = said_row({**row, **given, **told})
    assert (said[ROOT], said["_question"]) == ("r", b"q")
    assert pickle.loads(said["_said"]) == Reply("Hello.", usage={"tokens_in": 2, "tokens_out": 2})
    assert isinstance(pickle.loads(said_row({**row, **given})["_said"]), Failed), "an answer with nothing in it"


def test_an_engine_that_does_not_start_is_told_of_in_its_own_words() -> None:
    from ray.exceptions import ActorDiedError, RayTaskError

    cause = RayTaskError("init", "Traceback (most recent call last):\nOSError: no weights\n", OSError("no weights"))
    error = ActorDiedError(cause)
    told = "caption asks big could not be set up: EngineDidNotStart: OSError: no weights"
    with pytest.raises(SetUpFailed, match=told), starting(steps.stage(Opines(), "caption"), model()):
        raise error
