"""Models that transformers runs, on this machine's processor or a GPU: from a folder, a GGUF file, or the hub's cache.

Model and code are the library's own: nothing that comes with weights is run, and no pickle is read. The same question
gets the same answer again, whatever is asked with it: of greedy answers the likeliest token is taken, others are drawn
with a seed of their own, the number of threads is fixed, and on a processor each question is worked on by itself.
"""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._backends import need
from affectory.transforms.models._messages import Ask, Chat
from affectory.transforms.models.backends._transformers_options import options_of

NEEDS = {"torch": "affectory[models]", "transformers": "affectory[models]", "accelerate": "affectory[models]"}
ISOLATED = True
"""Weights are large, and what decodes media or runs kernels may crash."""

_MEDIA = frozenset({"image", "audio"})


def can(spec: Asked) -> frozenset[str]:
    """Log-probabilities always, JSON where grammars can be kept to; media and speech where `can` says so."""
    said = frozenset(spec.can or ())
    if "video" in said:
        hint = "show it pictures of the video (`see: [frames]`, `can: [image]`), or ask a model by `vllm` or `openai`"
        raise UserError("the backend transformers shows models no video", hint)
    if "speech" in said:
        return frozenset({"speech"})
    if "json" in said:
        need("JSON by a schema with the backend transformers", "affectory[models]", "xgrammar")
    return said & _MEDIA | {"logprobs"} | ({"json"} if find_spec("xgrammar") else frozenset())


def check(model: AskedModel) -> None:
    """What a plan can know to be wrong: which model is meant, and options that there are not."""
    spec = model.spec
    if (model.path is None) == (spec.model is None):
        raise UserError(
            f"which model {model.name} is must be said in one way",
            "give a folder or a .gguf file as `path`, or a name on the hub as `model` with its commit as `revision`",
        )
    if spec.model is not None and spec.revision is None:
        raise UserError(f"{model.name} has no revision", "give the commit on the hub as `revision`: names move on")
    if given := [name for name in ("url", "key") if getattr(spec, name) is not None]:
        raise UserError(f"{model.name} runs on this machine and has no {' and no '.join(given)}", "leave that out")
    if model.path is not None and model.path.suffix != ".gguf" and not (model.path / "config.json").is_file():
        raise UserError(
            f"{model.path.name} is no model of transformers", "give a folder with config.json, or a .gguf file"
        )
    if spec.voice is not None and not spec.voice.isdecimal():
        raise UserError(f"{model.name} has no voice {spec.voice!r}", "voices of transformers are numbered: 0, 1, ...")
    options_of(spec)


def chat(model: AskedModel) -> Chat:
    """Loads the model, to talk or to speak."""
    from affectory.transforms.models.backends._transformers_loading import Loaded, load
    from affectory.transforms.models.backends._transformers_speaking import Speaker
    from affectory.transforms.models.backends._transformers_talking import Talker

    check(model)
    loaded: Loaded = load(model)
    one = Speaker(loaded) if "speech" in can(model.spec) else Talker(loaded)

    def talk(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        loaded.keep_threads()
        yield from one.answers(asks)

    return talk
