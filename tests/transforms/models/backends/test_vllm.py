"""Models of vLLM: what a recipe may say of them, what the engine is asked, and what becomes of its answers.

None of this needs vLLM or a GPU. The engine itself is asked in `test_vllm_engine.py`.
"""

import json
import math
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support import tiny
from support.tiny import ask

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._backends import backend
from affectory.transforms.models._messages import Part
from affectory.transforms.models.backends import vllm
from affectory.transforms.models.backends._vllm_answers import Told, reply
from affectory.transforms.models.backends._vllm_options import engine_args, options_of
from affectory.transforms.models.backends._vllm_telling import Prompts, Request, place_of

SCHEMA = {"type": "object", "properties": {"why": {"type": "string"}, "label": {"enum": ["joy", "anger"]}}}


def spec(**given: Any) -> Asked:
    return Asked(backend="vllm", **{"gpus": 1.0, **given})


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as of the hub; the tokens of its tiny model are bytes."""
    pytest.importorskip("torch", reason="no torch: `make models` installs it")
    return tiny.writer(tmp_path_factory.mktemp("models") / "writer")


@pytest.fixture(scope="module")
def eye(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="no torch: `make models` installs it")
    return tiny.eye(tmp_path_factory.mktemp("models") / "eye")


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vllm is installed here")
def test_without_the_extra_a_plan_says_how_to_install_it() -> None:
    with pytest.raises(UserError, match="needs vllm, not installed here") as told:
        backend("chat", "vllm")
    assert told.value.hint == "pip install 'affectory[llm]'"


@pytest.mark.parametrize(
    ("gpus", "engine", "together", "memory"),
    [(1.0, {}, 1, 0.9), (0.5, {}, 1, 0.45), (4.0, {}, 4, 0.9), (0.5, {"gpu_memory_utilization": 0.4}, 1, 0.4)],
)
def test_gpus_decide_how_an_engine_is_spread_and_how_much_memory_it_takes(
    gpus: float, engine: dict[str, Any], together: int, memory: float
) -> None:
    args = engine_args(spec(gpus=gpus, revision="abc", seed=7, options={"engine": {"max_model_len": 4096, **engine}}))
    assert (args["tensor_parallel_size"], args["gpu_memory_utilization"]) == (together, memory)
    assert (args["max_model_len"], args["revision"], args["tokenizer_revision"], args["seed"]) == (
        4096,
        "abc",
        "abc",
        7,
    )
    assert (args["trust_remote_code"], args["load_format"]) == (False, "safetensors")


@pytest.mark.parametrize(
    ("options", "says", "hint"),
    [
        ({"engine": {"trust_remote_code": True}}, "options.engine.trust_remote_code", "options.engine of the backend"),
        ({"engine": {"load_format": "pt"}}, "options.engine.load_format", "max_model_len"),
        ({"engine": {"max_model_len": "long"}}, "options.engine.max_model_len", "max_model_len"),
        ({"sampling": {"temperature": 1}}, "options.sampling.temperature", "top_k, min_p"),
        ({"beams": 4}, "options.beams", "engine, sampling, template, download"),
    ],
)
def test_options_are_those_that_run_nothing_of_others(options: dict[str, Any], says: str, hint: str) -> None:
    with pytest.raises(UserError, match=says) as told:
        options_of(spec(options=options))
    assert hint in told.value.hint


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"model": None}, "must be said in one way"),
        ({"revision": None}, "has no revision"),
        ({"url": "http://localhost:8000/v1"}, "runs on this machine and has no url"),
        ({"gpus": 0.0}, "runs on a GPU and asks for none"),
        ({"gpus": 1.5}, "asks for 1.5 GPUs"),
    ],
)
def test_mistakes_are_told_of_a_plan(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        vllm.check(AskedModel("big", spec(**{"model": "org/big", "revision": "abc", **given})))


def test_a_folder_that_is_no_model_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no model of vLLM"):
        vllm.check(AskedModel("big", spec(path="x"), tmp_path))


def test_what_it_can_is_said_where_it_cannot_be_known() -> None:
    assert vllm.can(spec()) == {"json", "logprobs"}
    assert vllm.can(spec(can=("image", "video", "text"))) == {"json", "logprobs", "image", "video"}
    with pytest.raises(UserError, match="makes no speech"):
        vllm.can(spec(can=("speech",)))


def test_a_model_that_is_not_here_is_fetched_only_if_the_recipe_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="finds no model org/big at revision abc") as told:
        place_of(AskedModel("big", spec(model="org/big", revision="abc")))
    assert "options: {download: true}" in told.value.hint


def test_a_question_goes_as_the_tokens_that_transformers_makes_of_it(writer: Path) -> None:
    from affectory.transforms.models.backends._transformers_loading import load
    from affectory.transforms.models.backends._transformers_telling import Telling

    question = ask("What <|end|> is it?", system="Be kind.")
    request = Prompts(spec(), writer).request(question)
    assert request.tokens == Telling(load(tiny.model(writer))).tokens(question)
    assert request.stops
    assert request.sampling["max_tokens"] == 512 - len(request.tokens), "as long as the model holds"


def test_parameters_have_the_same_names_for_every_question(writer: Path) -> None:
    prompts = Prompts(spec(temperature=0.7, top_p=0.9, max_tokens=30, options={"sampling": {"top_k": 5}}), writer)
    asks = [ask("?"), ask("?", schema=SCHEMA), ask("?", choices=("A", "B")), ask("?", temperature=0.0, max_tokens=5)]
    plain, schema, choices, own = (prompts.request(x).sampling for x in asks)
    assert plain.keys() == schema.keys() == choices.keys() == own.keys()
    assert (plain["temperature"], plain["top_p"], plain["top_k"], plain["max_tokens"]) == (0.7, 0.9, 5, 30)
    assert (own["temperature"], own["max_tokens"]) == (0.0, 5)
    assert json.loads(schema["structured_outputs"]["json"]) == SCHEMA
    assert list(json.loads(schema["structured_outputs"]["json"])["properties"]) == ["why", "label"]
    assert (choices["max_tokens"], len(choices["logprob_token_ids"]), choices["structured_outputs"]) == (1, 2, None)


def test_draws_of_a_question_have_seeds_of_their_own(writer: Path) -> None:
    prompts, first = Prompts(spec(), writer), ask("?")
    seeds = [prompts.request(x).sampling["seed"] for x in (first, replace(first, repeat=1), ask("!"), first)]
    assert seeds[0] == seeds[3]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 1 << 63 for seed in seeds)


def test_what_is_longer_than_the_model_holds_is_not_cut(writer: Path) -> None:
    prompts = Prompts(spec(options={"engine": {"max_model_len": 100}}), writer)
    with pytest.raises(Exception, match=r"has \d+ tokens, and the model holds 100"):
        prompts.request(ask("word " * 40))


def test_choices_that_no_token_stands_for_are_told(writer: Path) -> None:
    """Tokens of this model are bytes: each choice begins with one, but not with one of its own."""
    with pytest.raises(ValueError, match="no token stands for one of joy, jealousy"):
        Prompts(spec(), writer).request(ask("?", choices=("joy", "jealousy")))


def test_a_picture_goes_beside_its_mark(eye: Path, tmp_path: Path) -> None:
    Image.new("RGB", (20, 10), "red").save(tmp_path / "red.png")
    prompts = Prompts(spec(can=("image",)), eye)
    request = prompts.request(ask("What?", Part("image", asset="a_1", format="png", path=str(tmp_path / "red.png"))))
    assert request.tokens.count(prompts.tokenizer.convert_tokens_to_ids("<image>")) == 1
    assert (request.ids, request.media["image"][0].size) == ({"image": ["image-a_1"]}, (20, 10))
    with pytest.raises(FileNotFoundError, match="image a_1 is not on this machine"):
        prompts.request(ask("What?", Part("image", asset="a_1", format="png")))


SAMPLING = {"max_tokens": 3}


@pytest.mark.parametrize(
    ("tokens", "cut"), [([5, 6], False), ([5, 6, 7], True), ([5, 6, 2], False)], ids=["short", "long", "ended"]
)
def test_an_answer_that_was_cut_says_so(tokens: list[int], cut: bool) -> None:
    said = reply(Request([1], SAMPLING, stops=(2,)), Told("text", tokens, {}, 9))
    assert (said.text, said.usage) == (
        "text",
        {"tokens_in": 9, "tokens_out": len(tokens), **({"cut": 1} if cut else {})},
    )


def test_a_choice_has_the_probability_of_all_tokens_that_stand_for_it() -> None:
    request = Request([1], {"max_tokens": 1}, choices=("B", "A", "C"), says={5: "A", 6: "A", 7: "B", 8: "C"})
    first = {5: math.log(0.25), 6: math.log(0.25), 7: math.log(0.125), 9: math.log(0.3)}
    said = reply(request, Told(" A", [6], first, 9))
    assert said.text == "A"
    assert [(choice, pytest.approx(math.exp(x))) for choice, x in said.logprobs] == [("B", 0.125), ("A", 0.5)]


def test_a_row_of_ray_says_what_the_engine_said() -> None:
    row = {
        "generated_text": "A", "generated_tokens": [5], "num_input_tokens": 9,
        "logprobs": [{5: {"logprob": -0.5, "rank": 1, "decoded_token": "A"}}],
    }  # fmt: skip
    assert Told.of_row(row) == Told("A", [5], {5: -0.5}, 9)
    assert Told.of_row({**row, "logprobs": None}) == Told("A", [5], {}, 9)
