"""What is made of whatever a server says: answers, refusals, nonsense."""

import itertools
import json
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.faulty import LOSES, Body, Said, answer, faulty, writer
from support.questions import ask, replies, reply

from affectory.schemas.errors import UserError
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models.backends._openai_answers import Lost
from affectory.transforms.models.backends._openai_answers import answer as read
from affectory.transforms.models.backends._openai_refusals import LONGEST_WAIT, refusal, told
from affectory.transforms.models.backends._openai_server import Pace

USAGE = {"tokens_in": 7, "tokens_out": 3}
TOP = [{"token": "B", "logprob": -0.5}, {"token": " A", "logprob": -1.5}, {"token": "A", "logprob": -2.5}]
FIRST = {"content": [{**TOP[0], "top_logprobs": TOP}]}


def body(content: Any, **more: Any) -> bytes:
    return json.dumps(answer(content, **more)).encode()


@pytest.mark.parametrize(
    ("data", "text", "usage"),
    [
        (body("Well."), "Well.", USAGE),
        (body(""), "", USAGE),
        (body(None), "", USAGE),
        (body([{"type": "text", "text": "In "}, {"type": "text", "text": "parts."}, 3]), "In parts.", USAGE),
        (body(7), "", USAGE),
        (body(None, message={"tool_calls": [{"function": {"name": "rm"}}]}), "", USAGE),
        (body(None, message={"refusal": "I will not."}), "", {**USAGE, "refused": 1}),
        (body("I wi", finish_reason="content_filter"), "", {**USAGE, "refused": 1}),
        (body("I was cu", finish_reason="length"), "I was cu", {**USAGE, "cut": 1}),
        (b'{"choices": [{"message": {"content": "No usage."}}]}', "No usage.", {}),
        (b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": -1}}', "x", {}),
        (b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": true}}', "x", {}),
        (b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1e400}}', "x", {}),
        (b'{"choices": [{"message": {"content": "half \\ud83d"}}]}', "half \ufffd", {}),
        (b'{"choices": [{"message": {"content": "whole \\ud83d\\ude00"}}]}', "whole \U0001f600", {}),
    ],
)
def test_text_is_what_was_said_and_empty_where_nothing_was(data: bytes, text: str, usage: dict[str, int]) -> None:
    said = read(ask(), data)
    assert said == Reply(text, usage=usage)
    assert pa.array([text], pa.string()).to_pylist() == [text]


@pytest.mark.parametrize("data", [b"", b"<html>", b"null", b"[]", b"{}", b"[" * 99999])
@pytest.mark.parametrize("within", ["%s", '{"choices": %s}', '{"choices": [%s', '{"choices": [3, %s]}'])
def test_what_holds_no_answer_is_lost_and_asked_again(data: bytes, within: str) -> None:
    with pytest.raises(Lost):
        read(ask(), within.encode() % data)


def test_choices_add_up_their_tokens_and_the_likeliest_is_the_text() -> None:
    said = read(ask(choices=("A", "B", "C")), body("B", logprobs=FIRST))
    assert isinstance(said, Reply)
    assert dict(said.logprobs) == {"A": pytest.approx(math.log(math.exp(-1.5) + math.exp(-2.5))), "B": -0.5}
    assert said.text == "B"


def test_of_choices_that_nobody_sees_the_answer_itself_is_left() -> None:
    assert read(ask(choices=("X", "Y")), body("B", logprobs=FIRST)) == Reply("B", (), USAGE)
    assert read(ask(choices=("X", "Y")), body(None)) == Reply("", (), USAGE)


def test_a_server_without_log_probabilities_is_told_from_one_that_saw_none() -> None:
    said = read(ask(choices=("A", "B")), body("A"))
    assert isinstance(said, Failed) and said.error == "NoLogprobs" and "can: [json]" in said.detail


@pytest.mark.parametrize("top", [5, True, "A", {"A": -1}, None, [5, [], {}]])
def test_likeliest_tokens_that_are_no_list_of_such_are_none(top: Any) -> None:
    first = {"token": "A", "logprob": -0.5, "top_logprobs": top}
    data = json.dumps({"choices": [{"message": {"content": "A"}, "logprobs": {"content": [first]}}]}).encode()
    assert read(ask(choices=("A", "B")), data) == Reply("A", (("A", -0.5),))


WORDS = ["choices", "message", "content", "logprobs", "top_logprobs", "token", "logprob", "usage", "refusal", "error"]
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=8,
)


@given(JSONS, JSONS, JSONS)
def test_whatever_a_server_says_is_an_answer_a_failure_or_lost(content: Any, logprobs: Any, usage: Any) -> None:
    choice = {"message": {"content": content}, "logprobs": logprobs, "finish_reason": usage}
    data = json.dumps({"choices": [choice], "usage": usage}).encode()
    for question in (ask(), ask(choices=("A", "B"))):
        said = read(question, data)
        assert isinstance(said, Reply | Failed)
        if isinstance(said, Reply):
            assert all(type(n) is int for n in said.usage.values())
            assert pa.array([said.text], pa.string()).null_count == 0


@pytest.mark.parametrize("status", [400, 406, 413, 418, 422, 451, 204])
def test_what_is_wrong_with_one_question_fails_it_alone_in_the_servers_words(status: int) -> None:
    said = refusal(status, {}, b'{"error": {"message": "no\\n\\u0007 such   thing"}}')
    assert said == Failed(0, "Refused", f"HTTP {status}: no such thing")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_server_that_is_busy_or_broken_is_asked_again(status: int) -> None:
    assert isinstance(refusal(status, {}, b""), Lost)


@pytest.mark.parametrize(
    ("status", "data", "hint"),
    [
        (401, b"", "export it"),
        (402, b"", "credit"),
        (403, b"", "may not use this model"),
        (404, b'{"detail": "Not Found"}', "look at `url`"),
        (405, b"", "up to and with /v1"),
        (302, b"", "if you trust it"),
        (429, b'{"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}', "credit"),
    ],
)
def test_what_the_next_question_would_meet_too_stops_the_build(status: int, data: bytes, hint: str) -> None:
    said = refusal(status, {}, data)
    assert isinstance(said, UserError)
    assert hint in said.hint


def test_what_was_flagged_in_one_question_stops_nothing() -> None:
    assert isinstance(refusal(403, {}, b'{"error": {"message": "Your input was flagged"}}'), Failed)


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("3", 3.0), ("0.5", 0.5), ("0", 0.0), ("-5", 0.0), ("nan", 0.0), ("soon", 0.0), ("", 0.0),
        ("99999999", LONGEST_WAIT), ("inf", LONGEST_WAIT),
        ("Thu, 01 Jan 2099 00:00:00 GMT", LONGEST_WAIT),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
    ],
)  # fmt: skip
def test_a_server_says_when_to_come_back_within_reason(after: str, seconds: float) -> None:
    said = refusal(429, {"retry-after": after}, b"")
    assert isinstance(said, Lost) and said.after == seconds


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"error": {"message": "a"}}', "a"),
        (b'{"error": "b"}', "b"),
        (b'{"message": "c"}', "c"),
        (b'{"detail": "d"}', "d"),
        (b"plain \xff", "plain \ufffd"),
        (b"x" * 9999, "x" * 500),
        (b"", ""),
    ],
)
def test_the_servers_words_are_found_and_bounded(data: bytes, words: str) -> None:
    assert told(data) == words


@pytest.mark.parametrize("fault", [fault for fault in LOSES if fault not in ("429", "hang", "endless")])
def test_one_lost_answer_is_asked_for_once_more(fault: str) -> None:
    with faulty([fault]) as server:
        said = reply(writer(server), ask())
    assert isinstance(said, Reply) and said.usage["requests"] == 2
    assert server.met == {fault: 1}


@pytest.mark.parametrize("fault", ["hang", "endless"])
def test_an_answer_has_its_time_and_not_each_byte_of_it(fault: str) -> None:
    with faulty([fault]) as server:
        said = reply(writer(server, timeout_s=0.3, retries=0), ask())
    assert said == Failed(0, "TimedOut", "no whole answer within 0.3 s (`timeout_s`) (asked once)")


def test_a_question_is_given_up_after_its_retries_and_says_what_was_last() -> None:
    with faulty(["500", "html", "503"]) as server:
        said = reply(writer(server, retries=2), ask())
    assert said == Failed(0, "ServerError", "HTTP 503: as the test wants it (asked 3 times)")
    assert sum(server.asked.values()) == 3


def test_what_is_no_fault_of_the_server_is_never_asked_again() -> None:
    with faulty(say=lambda body: (400, {"error": {"message": "too long"}}, {})) as server:
        assert isinstance(reply(writer(server), ask()), Failed)
    assert sum(server.asked.values()) == 1


def test_an_error_that_calls_itself_an_answer_is_one() -> None:
    with faulty(say=lambda body: (200, {"error": {"code": 400, "message": "no"}}, {})) as server:
        assert reply(writer(server), ask()) == Failed(0, "Refused", "HTTP 400: no")


def test_an_answer_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affectory.transforms.models.backends._openai_server.MOST_BYTES", 1000)
    with faulty(say=lambda body: (200, answer("x" * 2000), {})) as server:
        said = reply(writer(server), ask())
    assert said == Failed(0, "ValueError", "the answer is longer than 1000 bytes")


def test_where_a_server_sends_us_is_not_where_we_go() -> None:
    with faulty() as elsewhere, faulty(say=lambda body: (307, {}, {"Location": elsewhere.url})) as server:
        with pytest.raises(UserError, match="elsewhere"):
            reply(writer(server), ask())
        assert not elsewhere.asked


def test_a_server_that_is_not_there_stops_the_build_with_what_to_do() -> None:
    with faulty() as server:
        pass
    with pytest.raises(UserError, match=r"model writer: nothing answers at .*\(tried 2 times\)") as error:
        reply(writer(server, retries=1), ask())
    assert "build again" in error.value.hint


def test_a_stop_comes_after_the_answers_that_were_on_their_way() -> None:
    count = itertools.count()

    def say(body: Body) -> Said:
        return (401, {}, {}) if next(count) == 4 else (200, answer("Well."), {})

    came: list[int] = []
    with faulty(say=say) as server, pytest.raises(UserError, match=r"model writer: the server refuses .* HTTP 401"):
        came.extend(index for index, _ in writer(server, concurrency=2).load()([ask(str(n)) for n in range(60)]))
    assert len(came) == sum(server.answered.values()) <= 6


def test_one_bad_question_of_many_fails_alone() -> None:
    def say(body: Body) -> Said:
        bad = "3" in body["messages"][0]["content"]
        return (422, {"error": "three"}, {}) if bad else (200, answer("Well."), {})

    with faulty(say=say) as server:
        said = replies(writer(server), [ask(str(n)) for n in range(6)])
    assert [index for index, one in enumerate(said) if isinstance(one, Failed)] == [3]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_turns_are_even_and_a_pause_is_not_caught_up() -> None:
    clock = Clock()
    pace = Pace(requests=60, tokens=None, clock=clock)
    assert [pace.turn(9) for _ in range(3)] == [0, 1, 2]
    clock.now += 100
    assert [pace.turn(9) for _ in range(2)] == [0, 1]


def test_tokens_take_their_time_and_so_do_those_that_are_known_afterwards() -> None:
    pace = Pace(requests=6000, tokens=600, clock=Clock())
    assert [pace.turn(10), pace.turn(5)] == [0, 1.0]
    pace.spend(20)
    assert pace.turn(1) == pytest.approx(1.5 + 2.0)


def test_a_server_that_counts_beyond_reason_is_asked_again_after_a_while() -> None:
    pace = Pace(requests=None, tokens=600, clock=Clock())
    pace.turn(10)
    pace.spend(1 << 52)
    pace.spend(1 << 52)
    assert pace.turn(1) <= 2000


def test_all_wait_where_the_server_wants_one_to_wait() -> None:
    pace = Pace(requests=None, tokens=None, clock=Clock())
    assert pace.turn(1) == 0
    pace.hold(5)
    assert pace.turn(1) == 5
