"""An engine of vLLM in this process, for one machine: it takes questions one by one and answers those that it can."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from typing import Any

from affectory.schemas.errors import UserError
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask
from affectory.transforms.models.backends._transformers_talking import failed
from affectory.transforms.models.backends._vllm_answers import Told, reply
from affectory.transforms.models.backends._vllm_options import engine_args
from affectory.transforms.models.backends._vllm_telling import Prompts, Request, place_of, prompts_of

_NAMES = count()
_SURROUNDINGS = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    # The engine computes in this process, which ends with us; a process of its own would outlive a kill.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}


@dataclass(frozen=True)
class Engine:
    """A loaded engine with its prompts. `engine` is one of `vllm.LLMEngine`."""

    engine: Any
    prompts: Prompts

    @classmethod
    def of(cls, model: AskedModel) -> "Engine":
        """Load it, or a `UserError` that says why not."""
        need_gpu(model)
        os.environ.update(_SURROUNDINGS)
        vllm = import_module("vllm")
        args = {name: x for name, x in engine_args(model.spec).items() if not name.endswith("revision")}
        engine = vllm.LLMEngine.from_engine_args(vllm.EngineArgs(model=str(place_of(model)), **args))
        return cls(engine, prompts_of(model))

    def answers(self, asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        """Answers as they come."""
        waiting: dict[str, tuple[int, Request]] = {}
        for index, ask in enumerate(asks):
            name = str(next(_NAMES))
            try:
                waiting[name] = index, self._put(name, ask)
            except Exception as error:  # one bad question never takes its batch along
                yield index, failed(error)
        while waiting:
            for output in self._step():
                if output.finished and output.request_id in waiting:
                    index, request = waiting.pop(output.request_id)
                    yield index, reply(request, Told.of_output(output))

    def _step(self) -> list[Any]:
        """What came; an engine that fails computes nothing any more, so the process ends, and the runner finds out by
        which question."""
        try:
            outputs: list[Any] = self.engine.step()
            return outputs
        except Exception as error:
            raise SystemExit(f"the engine failed: {type(error).__name__}: {error}") from error

    def _put(self, name: str, ask: Ask) -> Request:
        request = self.prompts.request(ask)
        self.engine.add_request(name, prompt(request), sampling_params(request))
        return request


def prompt(request: Request) -> dict[str, Any]:
    """A question as `vllm.inputs.TokensPrompt`."""
    media = {"multi_modal_data": request.media, "multi_modal_uuids": request.ids} if request.media else {}
    return {"prompt_token_ids": request.tokens, **media}


def sampling_params(request: Request) -> Any:
    """How the answer is drawn; it is told of when it is whole."""
    sampling = import_module("vllm.sampling_params")
    told = dict(request.sampling)
    structure = told.pop("structured_outputs")
    return sampling.SamplingParams(
        **told,
        structured_outputs=sampling.StructuredOutputsParams(**structure) if structure else None,
        output_kind=sampling.RequestOutputKind.FINAL_ONLY,
    )


def need_gpu(model: AskedModel) -> None:
    """A `UserError` where this machine has no GPU that a process may use. A vLLM that is built for processors needs
    none."""
    if import_module("vllm.platforms").current_platform.is_cpu():
        return
    found = import_module("torch").cuda.device_count()
    if found < model.spec.gpus:
        hint = (
            "build on a machine that has them (nvidia-smi lists those), on a cluster by --engine ray --address, or ask "
            "the model by the backend transformers or a server by openai"
        )
        raise UserError(f"{model.name} needs {model.spec.gpus:g} GPU, and this machine has {found}", hint)
