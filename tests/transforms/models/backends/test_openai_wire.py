"""What is sent to a server, and how: seen from the server."""

import base64
import gzip
import json
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from support.faulty import Body, Faulty, Said, answer, faulty, hears, writer
from support.questions import SCHEMA, ask, replies, reply

from affectory.schemas.errors import UserError
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._messages import Part

JSON = {"response_format": {"type": "json_object"}}


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty() as made:
        yield made


def sent(server: Faulty, question: Any, **spec: Any) -> Body:
    """The body of a question."""
    reply(writer(server, **spec), question)
    return server.bodies[-1]


def test_a_question_says_who_is_asked_what_and_how_to_draw(server: Faulty) -> None:
    body = sent(server, ask("Hello", system="Be brief."), temperature=0.5, top_p=0.9, max_tokens=7, seed=3)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    drawn = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "seed": 3}
    assert body == {"model": "any", "messages": messages, **drawn}
    assert server.paths == ["/v1/chat/completions"]


def test_a_question_may_say_itself_how_it_is_drawn(server: Faulty) -> None:
    body = sent(server, ask(temperature=1.0, max_tokens=9, repeat=4), seed=3)
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (1.0, 9, 7)


def test_media_are_sent_with_all_their_bytes_where_they_stand(server: Faulty, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    kinds = {"image": "jpeg", "audio": "wav", "video": "mov"}
    media = [Part(kind, asset="a", format=form, path=str(tmp_path / "file")) for kind, form in kinds.items()]  # type: ignore[arg-type]
    data = base64.b64encode(b"bytes").decode()
    assert sent(server, ask("What?", *media))["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}},
        {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}},
        {"type": "video_url", "video_url": {"url": f"data:video/quicktime;base64,{data}"}},
        {"type": "text", "text": "What?"},
    ]


@pytest.mark.parametrize("path", ["", "/not/there.png"])
def test_a_medium_that_is_gone_fails_its_question_alone(server: Faulty, path: str) -> None:
    gone, told = replies(writer(server), [ask("See", Part("image", asset="a_1", format="png", path=path)), ask("Hear")])
    assert isinstance(gone, Failed) and gone.error == "FileNotFoundError"
    assert isinstance(told, Reply)


def test_a_schema_is_sent_as_it_is(server: Faulty) -> None:
    form = sent(server, ask(schema=SCHEMA))["response_format"]
    assert form == {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}


WORD, OBJECT = {"type": "string"}, {"type": "object", "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({**OBJECT, "properties": {"a": WORD}, "required": ["a"]}, True),
        ({**OBJECT, "properties": {"a": {"type": "array", "items": {"enum": ["x", 1]}}}, "required": ["a"]}, True),
        ({**OBJECT, "properties": {"a": WORD, "b": WORD}, "required": ["a"]}, False),
        ({"type": "object", "properties": {"a": WORD}, "required": ["a"]}, False),
        ({**OBJECT, "properties": {"a": {**WORD, "minLength": 1}}, "required": ["a"]}, False),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"anyOf": [WORD, {"type": "number", "maximum": 1}]}, False),
        ({"anyOf": [WORD, {"type": "null"}]}, True),
    ],
)
def test_a_schema_is_strict_where_hosted_servers_would_take_it_so(
    server: Faulty, schema: dict[str, Any], strict: bool
) -> None:
    form = sent(server, ask(schema=schema))["response_format"]["json_schema"]
    assert (form["strict"], form["schema"]) == (strict, schema)


def test_one_token_is_asked_of_choices_and_the_likeliest_are_told(server: Faulty) -> None:
    body = sent(server, ask(choices=("A", "B")))
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 20)
    assert sent(server, ask(choices=("A", "B")), options={"top_logprobs": 50})["top_logprobs"] == 50
    assert "top_logprobs" not in sent(server, ask(), options={"top_logprobs": 50})


@pytest.mark.parametrize(
    ("options", "question", "there", "gone"),
    [
        ({"top_k": 5, "min_p": 0.1}, ask(), {"top_k": 5, "min_p": 0.1}, ()),
        ({"seed": None, "top_p": None}, ask(), {}, ("seed", "top_p")),
        ({"max_tokens_as": "max_completion_tokens"}, ask(), {"max_completion_tokens": 512}, ("max_tokens",)),
        (JSON, ask(schema={}), JSON, ()),
        ({"response_format": None}, ask(schema={}), {}, ("response_format",)),
        (JSON, ask(), {}, ("response_format",)),
    ],
)
def test_options_are_what_else_the_server_takes_and_null_leaves_out(
    server: Faulty, options: dict[str, Any], question: Any, there: dict[str, Any], gone: tuple[str, ...]
) -> None:
    body = sent(server, question, options=options)
    assert {name: body[name] for name in there} == there
    assert not set(gone) & set(body)


def sound() -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(bytes(320))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "form"), [(sound(), "wav"), (b"fLaC and more", "flac"), (b"ID3 an mp3", None), (b"{}", None)]
)
def test_what_is_said_last_is_spoken_and_has_to_be_sound(data: bytes, form: str | None) -> None:
    with faulty(say=lambda body: (200, data, {})) as server:
        said = reply(writer(server, voice="anna"), ask("Hello!", system="Sadly.", speaks=True))
    spoken = {"model": "any", "input": "Hello!", "voice": "anna", "response_format": "wav", "instructions": "Sadly."}
    assert (server.paths, server.bodies) == (["/v1/audio/speech"], [spoken])
    if form is None:
        assert isinstance(said, Failed) and said.error == "NoSpeech"
    else:
        assert said == Reply(form, media=data)


def test_the_key_is_sent_and_repeated_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", "opens-0451\n")

    def blabs(body: Body) -> Said:
        return 400, {"error": {"message": "your key opens-0451 is fine, your question is not"}}, {}

    with faulty(say=blabs) as server:
        said = reply(writer(server, key="${env:SERVER_KEY}"), ask())
    assert server.headers[0]["Authorization"] == "Bearer opens-0451"
    assert isinstance(said, Failed) and "your key *** is fine" in said.detail


@pytest.mark.parametrize(
    ("status", "data", "headers"),
    [
        (200, b"<html>your key opens-0451 is welcome</html>", {}),
        (200, b"x" * 192 + b"opens-0451", {}),
        (302, b"", {"Location": "/login?key=opens-0451"}),
        (401, rb'{"error": "\u006fpens-0451"}', {}),
        (503, b"opens-0451", {"Retry_After": "0"}),
    ],
)
@pytest.mark.parametrize("speaks", [False, True])
def test_whatever_is_wrong_is_told_without_the_key(
    monkeypatch: pytest.MonkeyPatch, status: int, data: bytes, headers: dict[str, str], speaks: bool
) -> None:
    monkeypatch.setenv("SERVER_KEY", "opens-0451")
    with faulty(say=lambda body: (status, data, headers)) as server:
        try:
            told = str(reply(writer(server, key="${env:SERVER_KEY}", retries=0), ask(speaks=speaks)))
        except UserError as error:
            told = str(error)
    assert "opens" not in told


def test_an_answer_that_repeats_the_key_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", "opens-0451")
    with faulty(say=lambda body: (200, answer("Your key is opens-0451."), {})) as server:
        said = reply(writer(server, key="${env:SERVER_KEY}"), ask())
    assert isinstance(said, Reply) and said.text == "Your key is ***."


PACKED = gzip.compress(json.dumps(answer("packed")).encode())


@pytest.mark.parametrize(
    ("how", "data", "told"),
    [
        ("gzip", PACKED, "packed"),
        ("identity", json.dumps(answer("plain")).encode(), "plain"),
        ("gzip", PACKED[:-20], "has no end"),
        ("gzip", b"not packed at all", "cannot be unpacked"),
        ("gzip", gzip.compress(bytes(100_000)), "longer than 50000 bytes"),
        ("gzip, gzip", gzip.compress(PACKED), "which it was asked not to"),
        ("zstd", PACKED, "which it was asked not to"),
    ],
)
def test_what_is_packed_unasked_is_unpacked_within_bounds(
    monkeypatch: pytest.MonkeyPatch, how: str, data: bytes, told: str
) -> None:
    monkeypatch.setattr("affectory.transforms.models.backends._openai_server.MOST_BYTES", 50_000)
    with faulty(say=lambda body: (200, data, {"Content_Encoding": how})) as server:
        said = reply(writer(server, retries=0), ask())
    assert told in (said.detail if isinstance(said, Failed) else said.text)


def test_no_proxy_stands_before_a_server_on_this_machine(server: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(reply(writer(server, retries=0), ask()), Reply)


def test_so_many_wait_at_once_and_no_more() -> None:
    with faulty(takes_s=0.1) as server:
        said = replies(writer(server, concurrency=3), [ask(str(n)) for n in range(9)])
    assert all(isinstance(one, Reply) for one in said)
    assert max(server.at_once) == 3


def test_threads_share_what_may_wait_at_once() -> None:
    with faulty(takes_s=0.1) as server:
        chat = writer(server, concurrency=2).load()
        threads = [
            threading.Thread(target=lambda n=n: list(chat([ask(f"{n} {m}") for m in range(3)]))) for n in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (sum(server.answered.values()), max(server.at_once)) == (9, 2)


def test_answers_come_when_they_come() -> None:
    with faulty(["slow"], takes_s=0.0) as server:
        order = [index for index, _ in writer(server, concurrency=2).load()([ask(str(n)) for n in range(4)])]
    assert sorted(order) == [0, 1, 2, 3]
    slow = next(iter(server.asked)).split()[0]
    assert order[-1] == int(slow)


def test_a_limit_of_a_minute_is_kept_in_each_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from time import monotonic

    came: list[float] = []

    def say(body: Body) -> Said:
        came.append(monotonic())
        return hears(body)

    with faulty(say=say, takes_s=0.0) as server:
        replies(writer(server, requests_per_minute=600), [ask(str(n)) for n in range(6)])
    assert max(came) - min(came) >= 0.25


def test_who_stops_listening_is_sent_nothing_more() -> None:
    with faulty(takes_s=0.05) as server:
        answers = writer(server, concurrency=2).load()([ask(str(n)) for n in range(50)])
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        asked = sum(server.asked.values())
        threading.Event().wait(0.3)
        assert sum(server.asked.values()) <= asked + 2 < 10
    assert [thread for thread in threading.enumerate() if thread.name == "asking"] == []


def script(server: Faulty, *lines: str) -> str:
    """What a process of its own prints, that has begun to hear answers."""
    first = f"""
import os, warnings
warnings.simplefilter("ignore")
from support.faulty import Faulty, writer
from support.questions import ask
chat = writer(Faulty(url={server.url!r})).load()
answers = chat([ask(str(n)) for n in range(20)])
next(answers)
"""
    run = [sys.executable, "-c", first + "\n".join(lines)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3], check=False)
    return done.stdout or done.stderr


def test_a_fork_that_happens_meanwhile_asks_on_its_own(server: Faulty) -> None:
    """Engines fork; what a parent has running is not running in the child."""
    said = script(
        server,
        "child = os.fork()",
        "if child == 0: os._exit(len(dict(chat([ask('of the child'), ask('again')]))))",
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(list(answers)))",
    )
    assert said.split() == ["2", "19"]


def test_a_process_ends_though_answers_are_on_their_way() -> None:
    with faulty(["", *["hang"] * 30]) as server:
        assert script(server, "raise KeyboardInterrupt('enough')").endswith("KeyboardInterrupt: enough\n")


def test_ids_of_a_server_say_nothing(server: Faulty) -> None:
    said = replies(writer(server), [ask(f"Number {n}") for n in range(20)])
    assert [x.text for x in said if isinstance(x, Reply)] == [f"I hear: Number {n}" for n in range(20)]
