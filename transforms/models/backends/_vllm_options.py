"""What a recipe may say of a model under `options`, for vLLM, and what the engine is told of that."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)
_SHARE = 0.9
"""Of its part of a GPU's memory an engine takes so much."""


class Engine(BaseModel):
    """How the engine runs. Recipes come from others, so nothing is here that runs code or looks at files."""

    model_config = _STRICT

    max_model_len: Annotated[int, Field(ge=64)] | None = None
    """Most tokens of a question with its answer, where the model could hold more than memory does."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] | None = None
    quantization: Literal["awq", "awq_marlin", "bitsandbytes", "compressed-tensors", "fp8", "gptq", "gptq_marlin"] | None = None  # fmt: skip  # noqa: E501
    kv_cache_dtype: Literal["auto", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2"] | None = None
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=0.99)] | None = None
    """Which part of a GPU's memory it takes; else nine tenths of what `gpus` says is its."""
    max_num_seqs: Annotated[int, Field(ge=1)] | None = None
    """Questions that are worked on at once; the engine knows how many its GPU has room for."""
    max_num_batched_tokens: Annotated[int, Field(ge=64)] | None = None
    limit_mm_per_prompt: dict[Literal["image", "audio", "video"], Annotated[int, Field(ge=0)]] | None = None
    """Most media of each kind in a question."""
    enable_prefix_caching: bool | None = None
    enforce_eager: bool | None = None
    """Without graphs of CUDA: slower, and starts sooner."""
    cpu_offload_gb: Annotated[float, Field(ge=0)] | None = None


class Sampling(BaseModel):
    """How answers are drawn, beyond what all backends know."""

    model_config = _STRICT

    top_k: Annotated[int, Field(ge=0)] = 0
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, le=2)] = 1.0
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0


class Options(BaseModel):
    """All of them."""

    model_config = _STRICT

    engine: Engine = Engine()
    sampling: Sampling = Sampling()
    template: dict[str, JsonValue] = {}
    """What the model's chat template is told beside the messages, such as `enable_thinking: false`."""
    download: bool = False
    """Fetch a model of the hub that is not on this machine."""


def options_of(spec: Asked) -> Options:
    """Those of a model, or a `UserError` that says what is wrong."""
    try:
        return Options.model_validate(spec.options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        parts: dict[str, type[BaseModel]] = {"engine": Engine, "sampling": Sampling}
        part = parts.get(str(first["loc"][0]), Options)
        known = ", ".join(part.model_fields)
        what = f"options.{first['loc'][0]}" if part is not Options else "options"
        raise UserError(f"options.{place}: {first['msg']}", f"{what} of the backend vllm: {known}") from error


def engine_args(spec: Asked) -> dict[str, Any]:
    """How the engine is started, wherever it runs: the same on Ray and in this process. Which model it is comes apart.

    Weights are read as safetensors alone, since others can hold code, and code that comes with a model never runs.
    """
    told = options_of(spec).engine.model_dump(exclude_none=True)
    memory = {"gpu_memory_utilization": round(_SHARE * min(1.0, spec.gpus), 3)}
    fixed = {"load_format": "safetensors", "trust_remote_code": False, "seed": spec.seed}
    revision = {"revision": spec.revision, "tokenizer_revision": spec.revision} if spec.revision else {}
    return {**memory, **told, **fixed, **revision, "tensor_parallel_size": max(1, int(spec.gpus))}
