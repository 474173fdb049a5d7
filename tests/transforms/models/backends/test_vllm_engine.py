"""A real engine of vLLM in this process, asked as transformers is with the same weights.

It needs vLLM, of which there is a build for processors: `make llm` puts it into an environment of its own, where it
cannot change what the other tests have, and runs this there.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from support import smollm
from support.tiny import ask

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asking import put
from affectory.transforms.models._messages import Chat

pytest.importorskip("vllm", reason="no vLLM: `make llm` installs it elsewhere and runs this there")
pytestmark = pytest.mark.filterwarnings("ignore")
ENGINE = {"max_model_len": 1024, "dtype": "float32", "enforce_eager": True}
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}, "why": {"type": "string", "maxLength": 30}},
    "required": ["colour", "why"],
    "additionalProperties": False,
}
TOLD = ["I lost my keys again.", "We won the match!", "Get out of my room.", "There is somebody behind the door."]
CHOICES = "A is joy, B is anger, C is sadness, D is fear. Answer with one letter."


@pytest.fixture(scope="module")
def vllm() -> Iterator[Chat]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        spec = Asked(backend="vllm", path="smollm2", gpus=1, max_tokens=24, options={"engine": ENGINE})
        yield AskedModel("small", spec, smollm.folder()).load()


@pytest.fixture(scope="module")
def transformers() -> Chat:
    spec = Asked(backend="transformers", path="smollm2", max_tokens=24, options={"dtype": "float32"})
    return AskedModel("small", spec, smollm.folder()).load()


def test_greedy_answers_are_those_of_transformers(vllm: Chat, transformers: Chat) -> None:
    asks = [ask(f"What does this person feel? {told}", system="You are helpful.") for told in TOLD]
    ours, theirs = put(vllm, asks), put(transformers, asks)
    assert [one.text for one in ours if isinstance(one, Reply)] == [x.text for x in theirs if isinstance(x, Reply)]
    assert [one.usage for one in ours if isinstance(one, Reply)] == [x.usage for x in theirs if isinstance(x, Reply)]


def test_log_probabilities_are_those_of_transformers(vllm: Chat, transformers: Chat) -> None:
    asks = [ask(f"{told} {CHOICES}", choices=("A", "B", "C", "D")) for told in TOLD]
    for ours, theirs in zip(put(vllm, asks), put(transformers, asks), strict=True):
        assert isinstance(ours, Reply)
        assert isinstance(theirs, Reply)
        assert [choice for choice, _ in ours.logprobs] == ["A", "B", "C", "D"]
        for (_, one), (_, other) in zip(ours.logprobs, theirs.logprobs, strict=True):
            assert one == pytest.approx(other, abs=0.01)
        assert ours.text == theirs.text
        assert sum(math.exp(x) for _, x in ours.logprobs) <= 1


def test_an_answer_by_schema_fits_it_in_its_order(vllm: Chat) -> None:
    (said,) = put(vllm, [ask("Name a colour as JSON, and say why.", schema=SCHEMA, max_tokens=100)])
    assert isinstance(said, Reply)
    answer = json.loads(said.text or "")
    assert list(answer) == ["colour", "why"]
    assert answer["colour"] in ("red", "blue")


def test_one_bad_question_is_alone_and_others_are_answered_whatever_stands_beside_them(vllm: Chat) -> None:
    good = [ask("Tell a story.", temperature=1.0, repeat=repeat) for repeat in (1, 2, 1)]
    said = put(vllm, [good[0], ask("word " * 3000), ask("?", choices=("𒐫",)), *good[1:]])
    assert [x.error for x in said if isinstance(x, Failed)] == ["TooLong", "ValueError"]
    one, two, again = (x.text for x in said if isinstance(x, Reply))
    assert one == again != two


def test_an_engine_that_fails_ends_its_process(vllm: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the runner starts another, and finds the question that does it."""
    from vllm import LLMEngine

    def fails(_: Any) -> list[Any]:
        raise RuntimeError("device lost")

    monkeypatch.setattr(LLMEngine, "step", fails)
    with pytest.raises(SystemExit, match="the engine failed: RuntimeError: device lost"):
        put(vllm, [ask("?")])
