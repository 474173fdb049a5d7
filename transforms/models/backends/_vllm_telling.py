"""Questions as vLLM's engine takes them: tokens, media and sampling parameters, the same on Ray and in this process.

Tokens are made here and not by the engine: a revision, tokens that mark who speaks, and a picture that cannot be read
are then dealt with as by the backend transformers, a question at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._choices import meant
from affectory.transforms.models._messages import Ask, Part
from affectory.transforms.models.backends._transformers_drawing import seed_of
from affectory.transforms.models.backends._transformers_loading import Loaded
from affectory.transforms.models.backends._transformers_telling import Telling
from affectory.transforms.models.backends._vllm_options import Options, options_of

MOST_TOKENS = 128
"""Of so many tokens at most the engine tells how likely they were."""
_PROMPTS: "dict[str, Prompts]" = {}
_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")


@dataclass(frozen=True)
class Request:
    """A question for the engine. Where it has choices, `says` are the tokens that stand for one of them."""

    tokens: list[int]
    sampling: dict[str, Any]
    media: dict[str, list[Any]] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    says: dict[int, str] = field(default_factory=dict)
    stops: tuple[int, ...] = ()


class Prompts:
    """Makes requests of questions to one model, whose tokenizer is here."""

    def __init__(self, spec: Asked, place: Path) -> None:
        self._spec, self._place, self._options = spec, place, options_of(spec)
        self._telling = _Telling(cast(Loaded, self))

    # What `Telling` wants to know of a model that is loaded: here nothing of it is but its tokenizer.

    @property
    def options(self) -> Options:
        return self._options

    @cached_property
    def processor(self) -> Any:
        """What prepares media, of a model that is shown any."""
        shown = {"image", "audio", "video"} & set(self._spec.can or ())
        return self._auto("AutoProcessor") if shown else None

    @cached_property
    def tokenizer(self) -> Any:
        return self._auto("AutoTokenizer") if self.processor is None else self.processor.tokenizer

    @cached_property
    def room(self) -> int | None:
        """How many tokens a question and its answer may have together."""
        longest = getattr(self._config.get_text_config(), "max_position_embeddings", None)
        lengths = [n for n in (self._options.engine.max_model_len, longest) if n]
        return min(lengths, default=None)

    @cached_property
    def stops(self) -> tuple[int, ...]:
        """The tokens that end an answer."""
        known = [self.tokenizer.eos_token_id, getattr(self._config.get_text_config(), "eos_token_id", None)]
        if (self._place / "generation_config.json").is_file():
            known.append(self._auto("GenerationConfig").eos_token_id)
        ids = {x for each in known for x in (each if isinstance(each, list) else [each])}
        return tuple(sorted(x for x in ids if x is not None))

    @cached_property
    def _config(self) -> Any:
        return self._auto("AutoConfig")

    def _auto(self, name: str) -> Any:
        kind = getattr(import_module("transformers"), name)
        return kind.from_pretrained(self._place, **({} if name == "GenerationConfig" else _LOCAL))

    def request(self, ask: Ask) -> Request:
        """A question for the engine; an error where it cannot be put."""
        tokens, media, ids = self._telling.given(ask)
        says = self._says(ask.choices) if ask.choices else {}
        return Request(tokens, self._sampling(ask, len(tokens), says), media, ids, ask.choices, says, self.stops)

    def _sampling(self, ask: Ask, length: int, says: Mapping[int, str]) -> dict[str, Any]:
        """In the engine's names, the same ones for every question: Arrow would fill in those that some lack."""
        spec, longest = self._spec, 1 if ask.choices else ask.max_tokens or self._spec.max_tokens
        return {
            "temperature": spec.temperature if ask.temperature is None else ask.temperature,
            "top_p": spec.top_p,
            "max_tokens": longest if self.room is None else min(longest, self.room - length),
            "seed": seed_of(ask, spec.seed),
            "logprob_token_ids": list(says) or None,
            "structured_outputs": None if ask.schema is None or ask.choices else {"json": _json(ask.schema)},
            **self._options.sampling.model_dump(),
        }

    @lru_cache(maxsize=64)  # noqa: B019  (as long as a process has its model)
    def _says(self, choices: tuple[str, ...]) -> dict[int, str]:
        """The tokens that stand for a choice; those that spell most of it, where the engine would not tell of all."""
        found = {token: choice for token, text in self._vocabulary.items() if (choice := meant(choices, text))}
        if not found:
            raise ValueError(f"no token stands for one of {', '.join(choices)}: letter the choices")
        kept = sorted(found, key=lambda token: (-len(self._vocabulary[token].strip()) / len(found[token]), token))
        return {token: found[token] for token in sorted(kept[:MOST_TOKENS])}

    @cached_property
    def _vocabulary(self) -> dict[int, str]:
        """Every token that is not empty, as text."""
        count = min(len(self.tokenizer), self._config.get_text_config().vocab_size)
        texts = self.tokenizer.batch_decode([[token] for token in range(count)])
        return {token: text for token, text in enumerate(texts) if text.strip()}


class _Telling(Telling):
    """Questions with media as vLLM takes them: a mark where each medium is, and the media beside that."""

    def given(self, ask: Ask) -> tuple[list[int], dict[str, list[Any]], dict[str, list[str]]]:
        tokens = self._marked(ask) if ask.media else self.tokens(ask)
        self._check(len(tokens))
        media: dict[str, list[Any]] = {}
        ids: dict[str, list[str]] = {}
        for part in ask.media:
            media.setdefault(part.kind, []).append(self._medium(part))
            ids.setdefault(part.kind, []).append(f"{part.kind}-{part.asset}")
        return tokens, media, ids

    def _marked(self, ask: Ask) -> list[int]:
        said = [{"role": m.role, "content": [self._mark(part) for part in m.parts]} for m in self._messages(ask)]
        text = self._loaded.processor.apply_chat_template(
            said, tokenize=False, add_generation_prompt=True, **self._template
        )
        tokens: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tokens

    def _mark(self, part: Part) -> dict[str, Any]:
        return self._part(part) if part.kind == "text" else {"type": part.kind}

    def _medium(self, part: Part) -> Any:
        if not part.path:
            raise FileNotFoundError(f"the {part.kind} {part.asset} is not on this machine")
        if part.kind == "video":
            return _video(Path(part.path))
        read = self._part(part)[part.kind]
        return (read, self._loaded.processor.feature_extractor.sampling_rate) if part.kind == "audio" else read


def _video(path: Path) -> Any:
    """Pictures of a video with when they were, read as vLLM's own server reads them."""
    video = import_module("vllm.multimodal.media.video")
    images = import_module("vllm.multimodal.media.image")
    return video.VideoMediaIO(images.ImageMediaIO()).load_file(path)


def _json(schema: Mapping[str, Any]) -> str:
    """As text, which Arrow leaves as it is; what stands first is answered first."""
    import json

    return json.dumps(schema, ensure_ascii=False)


def prompts_of(model: AskedModel) -> Prompts:
    """The prompts of a model, loaded once in each process."""
    known = f"{model.spec!r} {model.path}"
    if known not in _PROMPTS:
        _PROMPTS[known] = Prompts(model.spec, place_of(model))
    return _PROMPTS[known]


def place_of(model: AskedModel) -> Path:
    """The folder of a model on this machine, or a `UserError` that says what to do."""
    if model.path is not None:
        return model.path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    spec, download = model.spec, options_of(model.spec).download
    try:
        return Path(
            snapshot_download(
                str(spec.model), revision=spec.revision, local_files_only=not download, allow_patterns=list(_FILES)
            )
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, ValueError, OSError) as error:
        message = f"vLLM finds no model {spec.model} at revision {spec.revision} on this machine"
        more = "it could not be fetched" if download else "`options: {download: true}` allows fetching it"
        raise UserError(message, f"{more}; or give its folder as `path` ({type(error).__name__})") from error
