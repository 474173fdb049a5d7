"""The backend and a real server: llama.cpp's, with a small model that answers as well as it can."""

import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor

from support.llama import llama, smollm
from support.questions import LABELS, SCHEMA, ask, replies, reply

from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._answers import json_of
from affectory.transforms.models._messages import Part

__all__ = ["llama"]
LETTERS = ("A", "B", "C")
MOOD = "I lost my dog. A) joy B) sadness C) anger? One letter."


def test_an_answer_by_a_schema_fits_it(llama: str) -> None:
    said = reply(smollm(llama, max_tokens=60), ask("I lost my dog. Which mood is that?", schema=SCHEMA))
    assert isinstance(said, Reply)
    value = json_of(said, SCHEMA)
    assert value["label"] in LABELS
    assert said.usage["tokens_in"] > 10 and said.usage["tokens_out"] > 5
    assert list(json.loads(said.text or "")) == ["label", "confidence"]


def test_choices_come_with_the_models_own_log_probabilities_however_it_draws(llama: str) -> None:
    said, drawn = (reply(smollm(llama), ask(MOOD, choices=LETTERS, temperature=t)) for t in (0.0, 1.0))
    assert isinstance(said, Reply) and isinstance(drawn, Reply)
    assert [choice for choice, _ in said.logprobs] == [c for c in LETTERS if c in dict(said.logprobs)]
    assert 0.05 < sum(math.exp(x) for _, x in said.logprobs) <= 1
    assert said.text == max(said.logprobs, key=lambda x: x[1])[0]
    assert said.usage["tokens_out"] == 1
    assert said.logprobs == drawn.logprobs


def test_more_likeliest_tokens_show_more_of_the_choices(llama: str) -> None:
    rare = tuple("ABCDEFGHIJKLMNOP")
    few, many = (reply(smollm(llama, options={"top_logprobs": n}), ask(MOOD, choices=rare)) for n in (2, 5000))
    assert isinstance(few, Reply) and isinstance(many, Reply)
    assert len(few.logprobs) < len(many.logprobs) == len(rare)


def test_the_same_is_answered_whoever_else_asks(llama: str) -> None:
    asks = [ask("Say a word."), ask("Say another word, about the sea.")]
    model = smollm(llama, max_tokens=3)
    assert replies(model, asks) == replies(model, asks[::-1])[::-1]


def test_each_repeat_is_a_draw_of_its_own_and_comes_again_as_it_was(llama: str) -> None:
    model = smollm(llama, max_tokens=5, temperature=1.5)
    asks = [ask("Write about the sea.", repeat=n) for n in range(2)]
    drawn = replies(model, asks)
    assert len({said.text for said in drawn if isinstance(said, Reply)}) == 2
    assert replies(model, asks) == drawn


def test_an_answer_that_was_cut_is_marked(llama: str) -> None:
    cut, whole = (reply(smollm(llama, max_tokens=n), ask("Say only: yes")) for n in (1, 60))
    assert isinstance(cut, Reply) and isinstance(whole, Reply)
    assert (cut.usage.get("cut"), whole.usage.get("cut")) == (1, None)


def test_a_question_that_is_too_long_fails_alone_with_the_servers_words(llama: str) -> None:
    long, short = replies(smollm(llama, max_tokens=2), [ask("word " * 6000), ask("Hello")])
    assert isinstance(long, Failed) and long.error == "Refused"
    assert "exceeds the available context size" in long.detail
    assert isinstance(short, Reply)


def test_a_model_that_sees_nothing_says_so(llama: str) -> None:
    picture = Part("image", asset="x", format="png", path=__file__)
    said = reply(smollm(llama, retries=0), ask("What is it?", picture))
    assert isinstance(said, Failed) and "image input is not supported" in said.detail


def test_threads_ask_side_by_side_and_leave_nothing_running(llama: str) -> None:
    chat = smollm(llama, max_tokens=2).load()
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda word: dict(chat([ask(word), ask("Hello")])), ["One", "Two"]))
    assert all(isinstance(x, Reply) for answers in said for x in answers.values())
    assert said[0][1] == said[1][1]
    assert [thread for thread in threading.enumerate() if thread.name == "asking"] == []
