"""Loading models by transformers, from this machine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models.backends._transformers_options import Options, options_of

_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")
"""What of a repository on the hub is fetched: no code, and no weights that would have to be unpickled."""
_LOCAL = {"local_files_only": True, "trust_remote_code": False}


@dataclass(frozen=True)
class Loaded:
    """A model with what makes tokens of messages; `processor` where it is shown media too."""

    spec: Asked
    options: Options
    model: Any
    tokenizer: Any
    processor: Any
    device: str

    def keep_threads(self) -> None:
        """The number of threads is the process's, and may have been changed by others in it."""
        import_module("torch").set_num_threads(self.options.threads)

    @property
    def batch(self) -> int:
        """Media take much of a GPU's memory."""
        usual = 1 if self.device == "cpu" else 16 if self.processor is None else 4
        return self.options.batch or usual

    @property
    def filler(self) -> int:
        """The token before shorter questions of a batch, which the model does not see."""
        padding = self.tokenizer.pad_token_id
        return int(self.stops[0] if padding is None else padding)

    @cached_property
    def vocabulary(self) -> int:
        """How many tokens the model has numbers for: some have a few more than their tokenizer."""
        return int(self.model.config.get_text_config().vocab_size)

    @cached_property
    def texts(self) -> list[str]:
        """What each token says by itself."""
        count = min(len(self.tokenizer), self.vocabulary)
        return [str(text) for text in self.tokenizer.batch_decode([[token] for token in range(count)])]

    @cached_property
    def room(self) -> int | None:
        """How many tokens a question and its answer may have together."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    @cached_property
    def stops(self) -> list[int]:
        """The tokens that end an answer: the model's, and the tokenizer's, which ends a turn in chats."""
        own = self.model.generation_config.eos_token_id
        ends = {self.tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])}
        return sorted(end for end in ends if end is not None)


def load(model: AskedModel) -> Loaded:
    """A model in this process, or a `UserError` that says why not."""
    spec, options = model.spec, options_of(model.spec)
    device = _device(model)
    with _quietly(), _told(model):
        place, gguf = _place(model, options)
        shown = bool({"image", "audio"} & set(spec.can or ()))
        weights = _weights(place, gguf, _how(spec, options, device), "speech" in (spec.can or ()))
        processor: Any = _auto("AutoProcessor").from_pretrained(place, **_LOCAL) if shown else None
        tokenizer = processor.tokenizer if shown else _auto("AutoTokenizer").from_pretrained(place, **gguf, **_LOCAL)
    return Loaded(spec, options, weights, tokenizer, processor, device)


def _device(model: AskedModel) -> str:
    if model.spec.gpus == 0:
        return "cpu"
    if not import_module("torch").cuda.is_available():
        hint = "leave out `gpus` to run it on the processor, or install a torch that is built for this machine's GPU"
        raise UserError(f"{model.name} is to run on a GPU, and torch finds none here", hint)
    return "cuda"


def _how(spec: Asked, options: Options, device: str) -> dict[str, Any]:
    speaks = "speech" in (spec.can or ())
    kept = options.dtype or ("float32" if device == "cpu" or speaks else "bfloat16")
    spread = "auto" if spec.gpus > 1 else device
    return {"dtype": getattr(import_module("torch"), kept), "device_map": spread}


def _place(model: AskedModel, options: Options) -> tuple[Path, dict[str, str]]:
    """The folder, and which file of it where that holds all."""
    if model.path is None:
        return _of_the_hub(model.spec, options), {}
    if model.path.suffix == ".gguf":
        return model.path.parent, {"gguf_file": model.path.name}
    return model.path, {}


def _of_the_hub(spec: Asked, options: Options) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    assert spec.model is not None, "checked when the recipe was read"
    try:
        found = snapshot_download(
            spec.model, revision=spec.revision, local_files_only=not options.download, allow_patterns=list(_FILES)
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, ValueError, OSError) as error:
        message = f"transformers finds no model {spec.model} at revision {spec.revision} on this machine"
        more = "it could not be fetched" if options.download else "`options: {download: true}` allows fetching it"
        raise UserError(message, f"{more}; or give its folder as `path` ({type(error).__name__})") from error
    return Path(found)


def _weights(place: Path, gguf: dict[str, str], how: dict[str, Any], speaks: bool) -> Any:
    if gguf:
        return _auto("AutoModelForCausalLM").from_pretrained(place, **gguf, **how, **_LOCAL).eval()
    config = _auto("AutoConfig").from_pretrained(place, **_LOCAL)
    kind = _auto("AutoModelForTextToWaveform") if speaks else _answering(config)
    return kind.from_pretrained(place, config=config, use_safetensors=True, **how, **_LOCAL).eval()


def _answering(config: Any) -> Any:
    """The class of transformers that the weights are of: by it, models of text, pictures and sound load alike."""
    names = config.architectures or []
    kinds: list[Any] = [getattr(import_module("transformers"), name, None) for name in names]
    able = [kind for kind in kinds if hasattr(kind, "can_generate") and kind.can_generate()]
    if not able or config.is_encoder_decoder:
        hint = "a model for chats is needed, of a kind that this version of transformers has itself"
        raise UserError(f"transformers cannot talk with a model of the kind {', '.join(names) or 'unknown'}", hint)
    return able[0]


def _auto(name: str) -> Any:
    return getattr(import_module("transformers"), name)


@contextmanager
def _told(model: AskedModel) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as error:
        detail = " ".join(str(error).split())[:1000]
        raise UserError(f"transformers cannot load {model.name}", f"{type(error).__name__}: {detail}") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Without bars and advice on the terminal of a build."""
    talk = import_module("transformers.utils.logging")
    before, bars = talk.get_verbosity(), talk.is_progress_bar_enabled()
    talk.set_verbosity(logging.ERROR)
    talk.disable_progress_bar()
    try:
        yield
    finally:
        talk.set_verbosity(before)
        if bars:
            talk.enable_progress_bar()
