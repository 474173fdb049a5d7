"""Which token an answer goes on with: the likeliest or a drawn one, within what a grammar allows."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from affectory.schemas.ids import digest
from affectory.transforms.base import Reply
from affectory.transforms.models._choices import likeliest, meant
from affectory.transforms.models._messages import Ask
from affectory.transforms.models.backends._transformers_loading import Loaded


def seed_of(ask: Ask, seed: int) -> int:
    """Of one draw: it hangs on what is asked and which repeat it is, not on what is asked beside it."""
    return int(digest("draw", seed, ask.repeat, *ask.sent())[:15], 16)


class Drawing:
    """Draws the next token of each answer in a batch, with random numbers of its own.

    Noise of Gumbel's distribution on each token's logit makes the likeliest token one that is drawn by its probability:
    so drawing is the taking of the likeliest, and no question's numbers hang on what stands beside it.
    """

    def __init__(self, asks: Sequence[Ask], seed: int, temperature: float, top_p: float) -> None:
        torch = import_module("torch")

        self._generators = [torch.Generator().manual_seed(seed_of(ask, seed)) for ask in asks]
        self._temperature, self._top_p = temperature, top_p

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        torch = import_module("torch")

        warm = _likeliest(scores.double() / self._temperature, self._top_p)
        rows = [torch.rand(warm.shape[1], generator=g, dtype=torch.float64) for g in self._generators]
        noise = torch.stack(rows).clamp(1e-300, 1 - 1e-16).to(warm.device)
        return warm - torch.log(-torch.log(noise))


def _likeliest(logits: Any, top_p: float) -> Any:
    """Without all tokens but the likeliest that together have this probability."""
    if top_p >= 1:
        return logits
    order = logits.sort(dim=-1, descending=True, stable=True)
    chances = order.values.softmax(-1)
    beyond = chances.cumsum(-1) - chances >= top_p
    return logits.masked_fill(beyond.scatter(-1, order.indices, beyond), float("-inf"))


class Grammars:
    """JSON by a schema, kept to token by token."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def keepers(self, schema: Mapping[str, Any]) -> list[Any]:
        """What holds the answers of one batch to a schema, on one line."""
        compiled = self._compiler.compile_json_schema(json.dumps(schema), any_whitespace=False)
        return [import_module("xgrammar.contrib.hf").LogitsProcessor(compiled), self._without_control]

    def _without_control(self, input_ids: Any, scores: Any) -> Any:
        """A string of JSON holds no control characters, which the grammar would let through."""
        return scores.masked_fill(self._control.to(scores.device), float("-inf"))

    @cached_property
    def _control(self) -> Any:
        texts = self._loaded.texts
        held = [any(letter < " " for letter in text) for text in texts]
        return import_module("torch").tensor(held + [False] * (self._loaded.vocabulary - len(texts)))

    @cached_property
    def _compiler(self) -> Any:
        xgrammar = import_module("xgrammar")
        info = xgrammar.TokenizerInfo.from_huggingface(
            self._loaded.tokenizer, vocab_size=self._loaded.vocabulary, stop_token_ids=self._loaded.stops
        )
        return xgrammar.GrammarCompiler(info, max_threads=1, cache_limit_bytes=1 << 27)


class Choices:
    """How likely an answer begins with each choice, over the whole vocabulary."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._known: dict[tuple[str, ...], dict[str, list[int]]] = {}

    def reply(self, ask: Ask, logits: Any, usage: Mapping[str, int]) -> Reply:
        """The log-probability of each choice that a first token can stand for; as text the likeliest of them."""
        logprobs = logits.double().log_softmax(-1).cpu()
        tokens = self._standing_for(ask.choices)
        found = tuple((choice, min(float(logprobs[of].logsumexp(-1)), 0.0)) for choice, of in tokens.items())
        return Reply(likeliest(found) or self._loaded.texts[int(logprobs.argmax())].strip(), found, usage)

    def _standing_for(self, choices: tuple[str, ...]) -> dict[str, list[int]]:
        if choices not in self._known:
            tokens: defaultdict[str | None, list[int]] = defaultdict(list)
            for token, text in enumerate(self._loaded.texts):
                tokens[meant(choices, text)].append(token)
            self._known[choices] = {choice: tokens[choice] for choice in choices if choice in tokens}
        return self._known[choices]
