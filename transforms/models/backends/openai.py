"""Any server that speaks OpenAI's API: vLLM's, llama.cpp's, a hosted one.

Questions go to `<url>/chat/completions`, what is to be spoken to `<url>/audio/speech`, side by side and each again
while its answer is lost: the server was busy, failed, fell silent, or answered by halves. Whatever else it says fails
that row, or stops the build where it would fail all of them.
"""

import ipaddress
import queue
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat
from affectory.transforms.models.backends._openai_questions import LIMIT_AS, OWN, SPEC, TOP, TOP_LOGPROBS

_URL = "give where the server's API begins, up to and with /v1: url: http://127.0.0.1:8000/v1"


def can(spec: Asked) -> frozenset[str]:
    """All that the recipe says; where it says nothing, JSON and log-probabilities. No server tells."""
    return frozenset(("json", "logprobs") if spec.can is None else spec.can)


def shows(spec: Asked) -> int:
    """How many of the likeliest tokens its server is asked for."""
    return int(str(spec.options.get(TOP, TOP_LOGPROBS)))


def local(spec: Asked) -> bool:
    """Whether the server is on this machine, by its address."""
    host = _split(spec).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check(model: AskedModel) -> None:
    """Where it is, what it is called, the key, and options that would change the question."""
    spec = model.spec
    if not spec.model:
        raise UserError("openai needs `model`", "name the model as its server does: GET <url>/models lists them")
    if model.path is not None:
        raise UserError("openai takes no `path`", "its server has the model; give `url` and `model`")
    if any(letter.isspace() or not letter.isprintable() for letter in spec.url or ""):
        raise UserError("`url` holds a space, or what cannot be seen", _URL)
    _check_url(_split(spec))
    _check_options(spec.options)
    _key(spec)


def chat(model: AskedModel) -> Chat:
    """The server, asked over connections that threads share. Nothing is sent before there is a question."""
    from affectory.transforms.models.backends._openai_loop import Loop
    from affectory.transforms.models.backends._openai_server import Server, paced

    check(model)
    server = Server(model.name, model.spec, _key(model.spec), local(model.spec), paced(model.spec))
    loop = Loop(server.open)

    def talk(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        answers: queue.SimpleQueue[tuple[int, Reply | Failed] | None] = queue.SimpleQueue()
        with loop.used() as running:
            asking = running.submit(server.ask(running.shared, asks, answers.put))
            asking.add_done_callback(lambda _: answers.put(None))
            try:
                while (one := answers.get()) is not None:
                    yield one
                asking.result()
            finally:
                asking.cancel()

    return talk


def _split(spec: Asked) -> SplitResult:
    try:
        split = urlsplit(spec.url or "")
        split.port  # noqa: B018  (it is read here to be checked)
    except ValueError as error:
        raise UserError(f"openai cannot read `url`: {error}", _URL) from error
    return split


def _check_url(url: SplitResult) -> None:
    if url.scheme not in ("http", "https") or not re.fullmatch(r"[a-z0-9._:-]+", url.hostname or ""):
        raise UserError("openai needs `url`, of http or https", _URL)
    if url.username is not None or url.password is not None:
        raise UserError("a URL that holds a password would be written down", "give the key as `key: ${env:NAME}`")
    if url.query or url.fragment:
        raise UserError("`url` is where the API begins: nothing comes after its path", _URL)
    if url.path.rstrip("/").endswith(("/completions", "/audio/speech", "/models")):
        raise UserError("`url` is where the API begins, without what is asked of it", _URL)


def _check_options(options: dict[str, Any]) -> None:
    if wrong := sorted(set(OWN) & set(options)):
        raise UserError(f"options of openai cannot set {', '.join(wrong)}", "the question itself is the step's")
    if wrong := sorted(name for name in SPEC if options.get(name) is not None):
        hint = "there they are known to the ledger's report; here null leaves one out that the server does not take"
        raise UserError(f"{', '.join(wrong)}: given among the options of openai", f"give it beside `options`: {hint}")
    top = options.get(TOP, 1)
    if type(top) is not int or top < 1:
        raise UserError(f"{TOP} is {top!r}", "give a number from 1; many servers allow 20, vLLM more if told so")
    if not isinstance(options.get(LIMIT_AS, ""), str):
        raise UserError(f"{LIMIT_AS} is {options[LIMIT_AS]!r}", "give a name: max_completion_tokens")


def _key(spec: Asked) -> str:
    """The key's value, of characters that a header can hold, as another would be told in an error."""
    if spec.key is None:
        return ""
    key = spec.key.reveal().strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UserError(f"environment variable {spec.key.variable} holds no key: a key has neither spaces nor accents")
    return key
