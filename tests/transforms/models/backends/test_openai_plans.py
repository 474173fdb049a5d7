"""What a plan can know of a model behind a server, before anything is sent."""

from pathlib import Path
from typing import Any

import pytest

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel

URL = "http://127.0.0.1:8000/v1"


def model(path: Path | None = None, **spec: Any) -> AskedModel:
    return AskedModel("writer", Asked(**{"backend": "openai", "model": "any", "url": URL, **spec}), path)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"model": None}, "openai needs `model`"),
        ({"url": None}, "openai needs `url`"),
        ({"url": "file:///etc/passwd"}, "of http or https"),
        ({"url": "127.0.0.1:8000/v1"}, "of http or https"),
        ({"url": "http:///v1"}, "of http or https"),
        ({"url": "http://a b/v1"}, "holds a space"),
        ({"url": "http://a/v1\r\nX: y"}, "holds a space"),
        ({"url": "http://a/v1\x00"}, "cannot be seen"),
        ({"url": "http://a_\u202e/v1"}, "cannot be seen"),
        ({"url": "http://[::1/v1"}, "cannot read `url`"),
        ({"url": "http://host:port/v1"}, "cannot read `url`"),
        ({"url": "https://me:secret@host/v1"}, "would be written down"),
        ({"url": f"{URL}/chat/completions"}, "without what is asked of it"),
        ({"url": f"{URL}?key=secret"}, "nothing comes after its path"),
        ({"options": {"messages": []}}, "options of openai cannot set messages"),
        ({"options": {"stream": True, "n": 2}}, "cannot set n, stream"),
        ({"options": {"temperature": 1}}, "temperature: given among the options"),
        ({"options": {"top_logprobs": 0}}, "top_logprobs is 0"),
        ({"options": {"top_logprobs": "20"}}, "top_logprobs is '20'"),
        ({"options": {"max_tokens_as": 3}}, "max_tokens_as is 3"),
        ({"key": "${env:NOT_SET_AT_ALL}"}, "environment variable NOT_SET_AT_ALL is not set"),
    ],
)
def test_mistakes_are_told_without_a_word_of_the_password(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as told:
        model(**spec).check()
    assert says in str(told.value)
    assert "secret" not in str(told.value)


def test_a_path_is_the_servers_business() -> None:
    with pytest.raises(UserError, match="openai takes no `path`"):
        model(Path("weights.gguf")).check()


@pytest.mark.parametrize("key", ["two words", "schlüssel", "line\nbreak"])
def test_what_no_header_can_hold_is_no_key_and_is_not_repeated(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("SERVER_KEY", key)
    with pytest.raises(UserError, match="SERVER_KEY holds no key") as told:
        model(key="${env:SERVER_KEY}").check()
    assert key not in str(told.value)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        (URL, True),
        ("http://localhost:8080/v1", True),
        ("http://LOCALHOST/v1", True),
        ("http://127.8.9.10/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://192.168.0.7/v1", False),
        ("https://api.example.org/v1", False),
        ("https://localhost.example.org/v1", False),
        ("https://127.0.0.1.example.org/v1", False),
        ("http://0.0.0.0/v1", False),
    ],
)
def test_what_is_sent_stays_here_only_where_the_address_is_this_machines(url: str, local: bool) -> None:
    assert model(url=url).local is local


def test_the_owner_of_a_server_may_say_that_it_is_theirs() -> None:
    assert model(url="http://192.168.0.7/v1", local=True).local


@pytest.mark.parametrize(
    ("can", "able"),
    [
        (None, {"text", "json", "logprobs"}),
        (["speech"], {"text", "speech"}),
        (["json", "image"], {"text", "json", "image"}),
    ],
)
def test_it_can_do_what_the_recipe_says(can: list[str] | None, able: set[str]) -> None:
    assert model(can=can).can == able


def test_where_it_is_and_how_fast_it_is_asked_determine_no_answer() -> None:
    here, there = model(), model(url="http://127.0.0.1:9999/v1", concurrency=1, retries=0, timeout_s=1)
    assert here.whom() == there.whom()
    assert here.whom() != model(options={"top_k": 5}).whom()
