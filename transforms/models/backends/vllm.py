"""Models that vLLM runs on GPUs: on the Ray engine through Ray's own LLM stages, elsewhere by an engine in a child.

Both make prompts, parameters and replies by the same code, so they ask the same and read the same. What a GPU computes
hangs in its last digits on what is asked at the same time: an answer is kept in the ledger and not asked for again.
"""

from collections.abc import Iterator, Sequence

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat
from affectory.transforms.models.backends._vllm_options import options_of

NEEDS = {"vllm": "affectory[llm]"}
ISOLATED = True
"""An engine that dies must not take a worker along; one that hangs is ended."""

_MEDIA = frozenset({"image", "audio", "video"})


def can(spec: Asked) -> frozenset[str]:
    """Schemas and log-probabilities always; media where `can` says so."""
    said = frozenset(spec.can or ())
    if "speech" in said:
        raise UserError("the backend vllm makes no speech", "ask a model of the backend transformers or openai for it")
    return said & _MEDIA | {"json", "logprobs"}


def check(model: AskedModel) -> None:
    """What a plan can know to be wrong: which model it is, GPUs that cannot be had so, options that there are not."""
    spec = model.spec
    if (model.path is None) == (spec.model is None):
        hint = "give its folder as `path`, or its name on the hub as `model` with its commit as `revision`"
        raise UserError(f"which model {model.name} is must be said in one way", hint)
    if spec.model is not None and spec.revision is None:
        raise UserError(f"{model.name} has no revision", "give the commit on the hub as `revision`: names move on")
    if given := [name for name in ("url", "key") if getattr(spec, name) is not None]:
        hint = "leave that out, or ask a server of vLLM by the backend openai"
        raise UserError(f"{model.name} runs on this machine and has no {' and no '.join(given)}", hint)
    if model.path is not None and not (model.path / "config.json").is_file():
        raise UserError(f"{model.path.name} is no model of vLLM", "give a folder with config.json and safetensors")
    _check_gpus(model)
    options_of(spec)


def _check_gpus(model: AskedModel) -> None:
    gpus = model.spec.gpus
    if gpus <= 0:
        raise UserError(
            f"{model.name} runs on a GPU and asks for none",
            "say `gpus: 1`, a fraction where several engines share one, or how many run one engine together; "
            "without a GPU, ask it by the backend transformers, or a server by openai",
        )
    if gpus > 1 and gpus != int(gpus):
        hint = "a part of one GPU, or a whole number of GPUs that run one engine together"
        raise UserError(f"{model.name} asks for {gpus:g} GPUs", f"allowed: {hint}")


def chat(model: AskedModel) -> Chat:
    """Loads the model into an engine of this process."""
    from affectory.transforms.models.backends._vllm_engine import Engine

    check(model)
    engine = Engine.of(model)

    def talk(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        yield from engine.answers(asks)

    return talk
