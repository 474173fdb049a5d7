"""From messages to what a model takes: its chat template, tokens, pictures and sound."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from affectory.schemas.errors import UserError
from affectory.transforms.models._messages import Ask, Message, Part
from affectory.transforms.models.backends._transformers_loading import Loaded

_LONGEST_SIDE = 16_384
_DATE = {"d": "26", "m": "07", "y": "24", "Y": "2024", "b": "Jul", "B": "July", "a": "Fri", "A": "Friday"}
_NOW = (
    "{%- macro strftime_now(form) -%}{{- form"
    + "".join(f"|replace('%{letter}', '{said}')" for letter, said in _DATE.items())
    + " -}}{%- endmacro -%}"
)
"""Templates that ask for the date are told the day that those of Llama take where there is no clock."""
_LOOKALIKES = str.maketrans("<>[]", "‹›⁅⁆")


class TooLong(Exception):
    """A question has more tokens than its model can hold; nothing is cut from it."""

    def __init__(self, tokens: int, room: int) -> None:
        super().__init__(tokens, room)
        self.tokens, self.room = tokens, room

    def __str__(self) -> str:
        return f"the question has {self.tokens} tokens, and the model holds {self.room} with its answer"


class Telling:
    """Makes what a model takes of questions."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded, self._tokenizer = loaded, loaded.tokenizer
        self._template = dict(loaded.options.template)
        asked = loaded.processor or loaded.tokenizer
        if asked.chat_template is None:
            raise UserError("the model has no chat template", "choose one that was trained to follow instructions")
        if "strftime_now" in asked.chat_template and not asked.chat_template.startswith(_NOW):
            asked.chat_template = _NOW + asked.chat_template

    def __call__(self, asks: Sequence[Ask]) -> dict[str, Any]:
        """Questions side by side, filled up on the left: answers go on at the right."""
        given = self._of_parts(asks) if self._loaded.processor else self._of_text(asks)
        for length in given["attention_mask"].sum(-1):
            self._check(int(length))
        return given

    def tokens(self, ask: Ask) -> list[int]:
        """A question in text alone."""
        given = [{"role": m.role, "content": self._harmless(m.text)} for m in self._messages(ask)]
        found = self._tokenizer.apply_chat_template(
            given, tokenize=True, add_generation_prompt=True, return_dict=True, **self._template
        )
        return list(found["input_ids"])

    def _of_text(self, asks: Sequence[Ask]) -> dict[str, Any]:
        questions = [self.tokens(ask) for ask in asks]
        length, filler = max(map(len, questions)), self._loaded.filler
        ids = [[filler] * (length - len(question)) + question for question in questions]
        mask = [[0] * (length - len(question)) + [1] * len(question) for question in questions]
        return self._placed({"input_ids": np.array(ids), "attention_mask": np.array(mask)})

    def _of_parts(self, asks: Sequence[Ask]) -> dict[str, Any]:
        talks = [
            [{"role": m.role, "content": [self._part(part) for part in m.parts]} for m in self._messages(ask)]
            for ask in asks
        ]
        found = self._loaded.processor.apply_chat_template(
            talks,
            tokenize=True,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True, "padding_side": "left"},
            **self._template,
        )
        return self._placed(found)

    @cached_property
    def _takes_system(self) -> bool:
        """Some chat templates refuse a message of the system: then it begins what the user says."""
        from jinja2 import TemplateError

        told = [{"role": role, "content": "?"} for role in ("system", "user")]
        try:
            self._tokenizer.apply_chat_template(told, tokenize=False, **self._template)
        except TemplateError:
            return False
        return True

    def _messages(self, ask: Ask) -> Sequence[Message]:
        first, *rest = ask.messages
        if first.role != "system" or not rest or self._takes_system:
            return ask.messages
        begun = Message(rest[0].role, (Part("text", f"{first.text}\n\n"), *rest[0].parts))
        return [begun, *rest[1:]]

    def _part(self, part: Part) -> dict[str, Any]:
        if part.kind == "text":
            return {"type": "text", "text": self._harmless(part.text)}
        if part.kind == "image":
            return {"type": "image", "image": _picture(part.path)}
        hears = self._loaded.processor.feature_extractor.sampling_rate
        return {"type": "audio", "audio": _sound(part.path, hears)}

    @cached_property
    def _harmless(self) -> Callable[[str], str]:
        """No text of ours or of others may hold a token by which a template marks who speaks, or where a picture is."""
        added = self._tokenizer.added_tokens_decoder.values()
        marks = sorted(
            {t.content for t in added if t.special and t.content.strip()}, key=lambda mark: (-len(mark), mark)
        )
        if not marks:
            return lambda text: text
        found = re.compile("|".join(map(re.escape, marks)))
        return lambda text: found.sub(_defanged, text)

    def _check(self, tokens: int) -> None:
        room = self._loaded.room
        if room is not None and tokens >= room:
            raise TooLong(tokens, room)

    def _placed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        torch = import_module("torch")

        device, kept = self._loaded.model.device, self._loaded.model.dtype
        tensors = {name: torch.as_tensor(value) for name, value in given.items()}
        return {n: t.to(device, kept) if t.is_floating_point() else t.to(device) for n, t in tensors.items()}


def _defanged(mark: re.Match[str]) -> str:
    plain = mark[0].translate(_LOOKALIKES)
    return plain if plain != mark[0] else f"{plain[0]}\u200b{plain[1:]}"


def _picture(path: str) -> Any:
    from PIL import Image

    from affectory.transforms.media._images import pixels_of

    return Image.fromarray(pixels_of(path, _LONGEST_SIDE))


def _sound(path: str, rate: int) -> Any:
    from affectory.transforms.media._decode import audio_stream, opened
    from affectory.transforms.media._sound import sound
    from affectory.transforms.rows import Reject

    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            raise Reject("no_audio", "there is no sound in it")
        return np.concatenate([block[0] for block in sound(container, stream, rate=rate, layout="mono")])
