"""What servers answer, read with suspicion: any part of it may be missing, of another type, or endless."""

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._choices import likeliest, seen
from affectory.transforms.models._messages import Ask

MOST_BYTES = 64 << 20
"""An answer that is longer is not read to its end."""
_MOST_TOKENS = 1 << 53
_COUNTS = {"tokens_in": "prompt_tokens", "tokens_out": "completion_tokens"}
_NO_LOGPROBS = "the server gave no log-probabilities; say `can: [json]` of this model and ask it by another method"


class Lost(Exception):
    """An answer did not arrive, or not whole; asked again, it may. `after` is when, in seconds, where the server says
    so."""

    def __init__(self, kind: str, why: str, after: float = 0.0) -> None:
        super().__init__(kind, why, after)
        self.kind, self.why, self.after = kind, why, after

    def __str__(self) -> str:
        return self.why


def answer(ask: Ask, data: bytes) -> Reply | Failed:
    """The reply in a body that the server calls an answer, or `Lost` where there is none in it."""
    if ask.speaks:
        return _speech(data)
    body = parsed(data)
    choice = at(body, "choices", 0)
    if not isinstance(choice, dict):
        raise Lost("AnswerLost", "the server answered JSON without an answer in it")
    text, usage = _text(choice), _usage(body, choice)
    if not ask.choices or not text:
        return Reply(text, usage=usage)
    tokens = dict(_tokens(choice))
    if not tokens:
        return Failed(0, "NoLogprobs", _NO_LOGPROBS)
    logprobs = seen(ask.choices, tokens.items())
    return Reply(likeliest(logprobs) or text, logprobs, usage)


def unpacked(data: bytes, how: str, most: int) -> bytes:
    """The body of a server that packs it though nobody asked for that: a small one may hold more than memory does."""
    if how.strip().lower() in ("", "identity"):
        return data
    if how.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"the server packs its answers as {how[:60]!r}, which it was asked not to")
    packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        found = packed.decompress(data, most + 1)
    except zlib.error as error:
        raise Lost("AnswerLost", f"the server's answer cannot be unpacked: {error}") from error
    if len(found) > most:
        raise ValueError(f"the answer is longer than {most} bytes")
    if not packed.eof:
        raise Lost("AnswerLost", "the server's packed answer has no end")
    return found


def parsed(data: bytes) -> Any:
    """The body as JSON; one that is not was cut, or is a proxy's."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Lost("AnswerLost", f"the server answered what is no JSON: {data[:200]!r}") from error


def at(value: Any, *path: str | int) -> Any:
    """What is inside, or None where it is built otherwise."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def clean(text: str) -> str:
    """Text without halves of letters, which JSON can hold and nothing else."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _text(choice: Mapping[str, Any]) -> str:
    """Nothing where the model refuses, in whatever form: that is an empty answer."""
    if refused(choice):
        return ""
    content = at(choice, "message", "content")
    if isinstance(content, list):
        content = "".join(x for x in (at(part, "text") for part in content) if isinstance(x, str))
    return clean(content) if isinstance(content, str) else ""


def refused(choice: Mapping[str, Any]) -> bool:
    """Whether the model, or what watches over it, would not answer."""
    return bool(at(choice, "message", "refusal")) or choice.get("finish_reason") == "content_filter"


def _usage(body: Any, choice: Mapping[str, Any]) -> dict[str, int]:
    """Tokens as the server counts them, and whether the answer was cut at its longest, or refused."""
    told = {name: at(body, "usage", theirs) for name, theirs in _COUNTS.items()}
    usage = {name: n for name, n in told.items() if type(n) is int and 0 <= n < _MOST_TOKENS}
    cut = {"cut": 1} if choice.get("finish_reason") == "length" else {}
    return {**usage, **cut, **({"refused": 1} if refused(choice) else {})}


def _tokens(choice: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The likeliest first tokens, the one that was drawn among them."""
    first = at(choice, "logprobs", "content", 0)
    top = at(first, "top_logprobs")
    for token in [first, *(top if isinstance(top, list) else ())]:
        word, logprob = at(token, "token"), at(token, "logprob")
        if isinstance(word, str) and isinstance(logprob, int | float) and abs(logprob) < _MOST_TOKENS:
            yield word, float(logprob)


def _speech(data: bytes) -> Reply | Failed:
    if not data:
        raise Lost("AnswerLost", "the server answered nothing")
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return Reply("wav", media=data)
    if data[:4] == b"fLaC":
        return Reply("flac", media=data)
    return Failed(0, "NoSpeech", f"the server was asked for wav and gave something else: {data[:60]!r}")
