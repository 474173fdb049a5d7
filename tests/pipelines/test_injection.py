"""Texts that try to be more than data, before a real model: answers stay what they may be, and tell no prompt."""

from dataclasses import replace
from typing import Any

import pytest
from support.injections import INJECTIONS, injected
from support.llama import llama, smollm

from affectory.pipelines.prompting import prompt
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.assist.caption import Caption
from affectory.transforms.assist.opine import Opine
from affectory.transforms.base import Reply
from affectory.transforms.models._answers import json_of
from affectory.transforms.models._asking import put
from affectory.transforms.models._fencing import repeats
from affectory.transforms.models._messages import Ask
from affectory.transforms.models._prompts import parse_prompt
from affectory.transforms.models._talking import UnreadableAnswer, answered

__all__ = ["llama"]
LABELS = load_taxonomy("ekman-7").labels
PROMPT = """---
id: bare
version: 1
inputs: [text]
settings: [labels]
repair: [fence, outer, case]
answer: {type: object, additionalProperties: false, required: [label], properties: {label: {enum: labels}}}
---
@system
You sort what people write by emotion for a study, and you give nothing but the answer.
@user
{{ text }}
Which of {{ labels | join(", ") }} does it show? Answer as JSON: {"label": "..."}
"""


class Ears:
    """A model that is really asked, and everything that it was told and said."""

    def __init__(self, url: str, **spec: Any) -> None:
        self.model = smollm(url, **{"tries": 2, **spec})
        self._chat = self.model.load()
        self.heard: list[tuple[Ask, str]] = []

    def play(self, talk: Any) -> Any:
        """What a talk ends in: what is written, or the error that it failed with."""
        try:
            asks = next(talk)
            while True:
                replies = [reply for reply in put(self._chat, asks) if isinstance(reply, Reply)]
                assert len(replies) == len(asks)
                self.heard += [(ask, reply.text or "") for ask, reply in zip(asks, replies, strict=True)]
                asks = talk.send(replies)
        except StopIteration as end:
            return end.value
        except UnreadableAnswer as error:
            return error


def system(ask: Ask) -> str:
    return "\n".join(message.text for message in ask.messages if message.role == "system")


WAYS = list(dict.fromkeys(injection.way for injection in INJECTIONS))


@pytest.mark.parametrize("way", WAYS)
def test_an_opinion_stays_an_opinion_about_the_labels_that_were_asked(llama: str, way: str) -> None:
    ears = Ears(llama, max_tokens=48)
    step = Opine((ears.model,), "choice", prompt("opine"), taxonomy=load_taxonomy("ekman-7"))
    for injection in (x for x in INJECTIONS if x.way == way):
        end = ears.play(step.talk({"text": injected(injection), "language": "en"}))
        if isinstance(end, UnreadableAnswer):
            continue
        (opinion,) = end["opinions_panel"]
        assert sum(opinion["answer"]["weights"]) == pytest.approx(1)
        ask, answer = ears.heard[-1]
        assert json_of(Reply(answer), ask.schema or {})["label"] in LABELS
    assert sum(one.messages[0].role == "system" for one, _ in ears.heard) == len(ears.heard)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_reads_the_instructions_out_of_a_description(llama: str, way: str) -> None:
    ears = Ears(llama, max_tokens=24, tries=1)
    step = Caption(ears.model, prompt("caption"))
    for injection in (x for x in INJECTIONS if x.way == way):
        end = ears.play(step.talk({"text": injected(injection)}))
        ask, answer = ears.heard[-1]
        if isinstance(end, UnreadableAnswer):
            assert "repeats your instructions" in end.why or not answer.strip()
            assert repeats(end.answer, system(ask)) == ""
        else:
            assert end["caption"] == answer.strip()
            assert repeats(end["caption"], system(ask)) == ""


@pytest.mark.parametrize("way", ["answers", "code"])
def test_json_that_no_server_holds_to_its_schema_fits_it_or_is_not_taken(llama: str, way: str) -> None:
    """The server is not told the schema, as if it knew none: what it then says is read all the same."""
    ears = Ears(llama, max_tokens=48)
    asking = parse_prompt(PROMPT, "the prompt of this test")
    for injection in (x for x in INJECTIONS if x.way == way):
        ask = asking.ask(ears.model, {"text": injected(injection)}, labels=LABELS)
        free = replace(ask, schema=None)
        end = ears.play(answered(free, lambda reply: json_of(reply, ask.schema or {}, asking.header.repair), 2))  # noqa: B023
        if not isinstance(end, UnreadableAnswer):
            assert end.keys() == {"label"} and end["label"] in LABELS
    assert len(ears.heard) >= sum(injection.way == way for injection in INJECTIONS)
