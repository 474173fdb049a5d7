"""Asking a language model of transformers: questions of one kind in batches, down to the one that fails."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._messages import Ask
from affectory.transforms.models.backends._transformers_drawing import Choices, Drawing, Grammars
from affectory.transforms.models.backends._transformers_loading import Loaded
from affectory.transforms.models.backends._transformers_telling import Telling
from affectory.transforms.rows import Reject, told

Answer = tuple[int, Reply | Failed]
Batch = list[int]


class Talker:
    """A loaded model that answers in text."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded, self._telling = loaded, Telling(loaded)
        self._grammars, self._choices = Grammars(loaded), Choices(loaded)

    def answers(self, asks: Sequence[Ask]) -> Iterator[Answer]:
        for batch in _batches(asks, self._loaded.batch):
            yield from self._answered(asks, batch)

    def _answered(self, asks: Sequence[Ask], batch: Batch) -> Iterator[Answer]:
        try:
            replies = self._replies([asks[index] for index in batch])
        except Exception as error:  # one bad question never takes its batch along
            if len(batch) > 1:
                for index in batch:
                    yield from self._answered(asks, [index])
                return
            yield batch[0], failed(error)
        else:
            yield from zip(batch, replies, strict=True)

    def _replies(self, asks: list[Ask]) -> list[Reply]:
        """Answers to questions of one kind."""
        torch = import_module("torch")

        given = self._telling(asks)
        told_in = [int(x) for x in given["attention_mask"].sum(-1)]
        with torch.inference_mode():
            if asks[0].choices:
                return self._chosen(asks, given, told_in)
            return self._written(asks, given, told_in)

    def _chosen(self, asks: list[Ask], given: Any, told_in: list[int]) -> list[Reply]:
        made = self._generated(given, 1, [])
        usages = [{"tokens_in": count, "tokens_out": 1} for count in told_in]
        return [self._choices.reply(*of) for of in zip(asks, made.logits[0], usages, strict=True)]

    def _written(self, asks: list[Ask], given: Any, told_in: list[int]) -> list[Reply]:
        begin = given["input_ids"].shape[1]
        most = asks[0].max_tokens or self._loaded.spec.max_tokens
        if self._loaded.room is not None:
            most = min(most, self._loaded.room - begin)
        made = self._generated(given, most, self._processors(asks)).sequences[:, begin:]
        return [self._reply(tokens, count) for tokens, count in zip(made.tolist(), told_in, strict=True)]

    def _processors(self, asks: list[Ask]) -> list[Any]:
        spec, first = self._loaded.spec, asks[0]
        kept = self._grammars.keepers(first.schema) if first.schema is not None else []
        temperature = spec.temperature if first.temperature is None else first.temperature
        return [*kept, Drawing(asks, spec.seed, temperature, spec.top_p)] if temperature > 0 else kept

    def _generated(self, given: Any, most: int, processors: list[Any]) -> Any:
        """Nothing of the settings that come with weights decides but the tokens that end an answer."""
        loaded = self._loaded
        how = import_module("transformers").GenerationConfig(
            max_new_tokens=most,
            do_sample=False,
            eos_token_id=loaded.stops,
            pad_token_id=loaded.filler,
            return_dict_in_generate=True,
            output_logits=most == 1,
        )
        return loaded.model.generate(**given, generation_config=how, logits_processor=processors)

    def _reply(self, tokens: list[int], told_in: int) -> Reply:
        end = next((i for i, token in enumerate(tokens) if token in self._loaded.stops), None)
        text = self._loaded.tokenizer.decode(tokens[:end], skip_special_tokens=True)
        usage = {"tokens_in": told_in, "tokens_out": len(tokens) if end is None else end + 1}
        return Reply(text, usage=usage if end is not None else {**usage, "cut": 1})


def _batches(asks: Sequence[Ask], size: int) -> Iterator[Batch]:
    """Questions that can be asked together, those of similar length side by side, and of media as many in each."""
    if size == 1:
        yield from ([index] for index in range(len(asks)))
        return
    kinds: defaultdict[str, Batch] = defaultdict(list)
    for index, ask in enumerate(asks):
        alike = [ask.schema, bool(ask.choices), ask.temperature, ask.max_tokens, [part.kind for part in ask.media]]
        kinds[json.dumps(alike)].append(index)
    for batch in kinds.values():
        batch.sort(key=lambda index: (sum(len(m.text) for m in asks[index].messages), index))
        yield from (batch[start : start + size] for start in range(0, len(batch), size))


def failed(error: Exception) -> Failed:
    """Why a question got no answer."""
    if isinstance(error, Reject):
        return Failed(0, error.reason, error.detail)
    return Failed(0, type(error).__name__, told(error))
