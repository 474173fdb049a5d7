"""Models of transformers answer questions: the same ones the same way, whatever stands beside them."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.tiny import ask

from affectory.schemas.errors import UserError
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asking import put
from affectory.transforms.models._messages import Ask

pytestmark = tiny.NEEDED

SCHEMA = {
    "type": "object",
    "properties": {"why": {"type": "string", "maxLength": 20}, "label": {"enum": ["joy", "anger"]}},
    "required": ["why", "label"],
    "additionalProperties": False,
}
REFUSES = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"
QUESTIONS = [ask("How?"), ask("And how is it now, after all of that?"), ask("Why is that?", system="Be kind.")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.writer(tmp_path_factory.mktemp("models") / "writer")


@pytest.fixture
def asked(folder: Path) -> Callable[..., list[Any]]:
    """Asks a tiny model."""

    def put_to(asks: Sequence[Ask], **spec: Any) -> list[Any]:
        return put(tiny.model(folder, **{"max_tokens": 12, **spec}).load(), asks)

    return put_to


Asked = Callable[..., list[Any]]


def test_an_answer_is_the_same_again_and_by_itself(asked: Asked) -> None:
    together = asked(QUESTIONS)
    assert together == asked(QUESTIONS) == [asked([question])[0] for question in QUESTIONS]
    assert len({reply.text for reply in together}) > 1
    assert all(reply.usage["tokens_out"] == 12 and reply.usage["cut"] for reply in together)


def test_a_batch_changes_sums_in_their_last_digits_alone(asked: Asked) -> None:
    asks = [ask(question.messages[-1].text, choices=("A", "B")) for question in QUESTIONS]
    alone, together = asked(asks), asked(asks, options={"batch": 3})
    for one, other in zip(alone, together, strict=True):
        assert dict(one.logprobs) == pytest.approx(dict(other.logprobs), abs=1e-4)
    assert [reply.usage for reply in alone] == [reply.usage for reply in together]


def test_draws_differ_by_repeat_and_seed_and_by_nothing_beside_them(asked: Asked) -> None:
    draws = [ask("How?", temperature=1.0, repeat=repeat) for repeat in range(4)]
    together = asked(draws)
    assert len({reply.text for reply in together}) == 4
    assert asked(draws[2:3]) == together[2:3]
    assert [r.text for r in asked(draws, options={"batch": 4})] == [r.text for r in together]
    assert asked(draws, seed=1) != together


def test_json_fits_its_schema_with_what_stands_first_in_it_first(asked: Asked) -> None:
    drawn = [ask("How?", schema=SCHEMA, temperature=1.0, repeat=repeat) for repeat in range(5)]
    for reply in asked([ask("How?", schema=SCHEMA), *drawn], max_tokens=200):
        found = json.loads(reply.text)
        assert list(found) == ["why", "label"]
        assert found["label"] in ("joy", "anger") and len(found["why"]) <= 20


def test_a_schema_that_no_grammar_can_keep_to_fails_its_question_alone(asked: Asked) -> None:
    bad, good = asked([ask("How?", schema={"$ref": "#/$defs/none"}), ask("How?", schema={"enum": ["joy"]})])
    assert isinstance(bad, Failed)
    assert good.text == '"joy"'


def test_choices_have_the_probabilities_that_the_model_gives_first_tokens(asked: Asked, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    letters = tuple("ABCDE")
    (reply,) = asked([ask("How?", choices=letters)])
    tokens = AutoTokenizer.from_pretrained(folder)
    given = tokens("<|turn|>user\nHow?<|end|><|turn|>assistant\n", return_tensors="pt")
    with torch.inference_mode():
        logits = AutoModelForCausalLM.from_pretrained(folder)(**given).logits[0, -1].double()
    expected = logits.log_softmax(-1)[tokens.convert_tokens_to_ids(list(letters))].tolist()
    assert dict(reply.logprobs) == pytest.approx(dict(zip(letters, expected, strict=True)), abs=1e-5)
    assert reply.text == letters[expected.index(max(expected))]
    assert reply.usage == {"tokens_in": given["input_ids"].shape[1], "tokens_out": 1}


def test_many_choices_are_all_seen(asked: Asked) -> None:
    letters = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    (reply,) = asked([ask("How?", choices=letters)])
    assert [letter for letter, _ in reply.logprobs] == list(letters)
    assert 0 < sum(math.exp(x) for _, x in reply.logprobs) < 1


def test_what_is_too_long_fails_alone_and_is_not_cut(asked: Asked) -> None:
    short, long, last = asked([ask("How?"), ask("x" * 600), ask("Why?")], options={"batch": 3})
    assert isinstance(short, Reply) and isinstance(last, Reply)
    assert long == Failed(0, "TooLong", "the question has 618 tokens, and the model holds 512 with its answer")


def test_an_answer_ends_where_the_model_is_full(asked: Asked) -> None:
    (reply,) = asked([ask("x" * 480)], max_tokens=100)
    assert reply.usage == {"tokens_in": 498, "tokens_out": 14, "cut": 1}


@pytest.mark.parametrize("mark", ["<|end|>", "<|turn|>", "<|pad|>"])
def test_no_text_can_hold_what_a_template_marks_turns_with(asked: Asked, mark: str) -> None:
    plain, marked = asked([ask("a b"), ask(f"a{mark}b")])
    # As text each of its letters is a token, and the brackets that stand for its own are three.
    assert marked.usage["tokens_in"] - plain.usage["tokens_in"] == len(mark) + 4 - 1


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (REFUSES + tiny.TEMPLATE, "Be kind.\n\nHow?"),
        (tiny.TEMPLATE + "{{ strftime_now('%d %b %Y') }}", "26 Jul 2024"),
    ],
    ids=["no system", "the date"],
)
def test_templates_that_want_something_else_get_it_the_same_each_day(tmp_path: Path, template: str, told: str) -> None:
    from affectory.transforms.models.backends._transformers_loading import load
    from affectory.transforms.models.backends._transformers_telling import Telling

    loaded = load(tiny.model(tiny.writer(tmp_path / "w", template)))
    tokens = Telling(loaded).tokens(ask("How?", system="Be kind."))
    assert told in loaded.tokenizer.decode(tokens)


def test_a_template_is_told_what_the_recipe_says(tmp_path: Path) -> None:
    folder = tiny.writer(tmp_path / "w", "{% if thinks %}Think. {% endif %}" + tiny.TEMPLATE)
    counts = [
        put(tiny.model(folder, max_tokens=1, options=options).load(), [ask("How?")])[0].usage["tokens_in"]
        for options in ({}, {"template": {"thinks": True}})
    ]
    assert counts[1] - counts[0] == len("Think. ")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"path": None}, "which model small is must be said in one way"),
        ({"model": "acme/small"}, "which model small is must be said in one way"),
        ({"path": None, "model": "acme/small"}, "has no revision"),
        ({"url": "http://localhost/v1"}, "runs on this machine and has no url"),
        ({"options": {"bach": 3}}, "options.bach"),
        ({"options": {"batch": 0}}, "options of the backend transformers: batch, threads"),
        ({"options": {"dtype": "int8"}}, "options.dtype"),
        ({"can": ["video"]}, "shows models no video"),
        ({"voice": "Anna"}, "has no voice 'Anna'"),
    ],
)
def test_mistakes_are_told_before_anything_is_loaded(folder: Path, spec: dict[str, Any], says: str) -> None:
    given = {"path": folder.name, **spec}
    from affectory.schemas.recipe.asked import Asked as Spec

    model = AskedModel("small", Spec(backend="transformers", **given), folder if given["path"] else None)
    with pytest.raises(UserError) as told:
        model.check()
    assert says in str(told.value)


def test_a_file_that_is_no_model_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(UserError, match="is no model of transformers"):
            tiny.model(path).check()


def test_a_gpu_that_is_not_there_is_told(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(UserError, match="torch finds none here"):
        tiny.model(folder, gpus=0.5).load()


def test_code_beside_weights_is_not_run_and_pickles_are_not_read(tmp_path: Path) -> None:
    folder, ran = tiny.writer(tmp_path / "w"), tmp_path / "ran"
    config = json.loads((folder / "config.json").read_text())
    own = {"auto_map": {"AutoConfig": "own.Own"}, "model_type": "own", "architectures": ["Own"]}
    (folder / "own.py").write_text(f"from pathlib import Path\nPath({str(ran)!r}).touch()\n")
    (folder / "config.json").write_text(json.dumps({**config, **own}))
    with pytest.raises(UserError, match="cannot load small"):
        tiny.model(folder).load()
    assert not ran.exists()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="cannot load small"):
        tiny.model(folder).load()


def test_a_model_that_does_not_talk_is_told(tmp_path: Path) -> None:
    folder = tiny.writer(tmp_path / "w")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["LlamaForSequenceClassification"]}))
    with pytest.raises(UserError, match="cannot talk with a model of the kind LlamaForSequenceClassification"):
        tiny.model(folder).load()


def test_a_model_of_the_hub_is_taken_from_the_cache_and_not_fetched(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from affectory.schemas.recipe.asked import Asked as Spec

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    model = AskedModel("small", Spec(backend="transformers", model="acme/small", revision=commit, max_tokens=12))
    with pytest.raises(UserError) as told:
        model.load()
    assert told.value.message == f"transformers finds no model acme/small at revision {commit} on this machine"
    assert "download: true" in told.value.hint
    cached = tmp_path / "models--acme--small" / "snapshots"
    cached.mkdir(parents=True)
    (cached / commit).symlink_to(folder)
    assert put(model.load(), QUESTIONS) == put(tiny.model(folder, max_tokens=12).load(), QUESTIONS)
