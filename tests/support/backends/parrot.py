"""For tests alone: says what it was told, and writes a file for every question, so that these can be counted."""

import hashlib
import json
import math
import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat


def can(spec: Asked) -> frozenset[str]:
    return frozenset(spec.can or ("json", "logprobs", "image", "audio", "video", "speech"))


def chat(model: AskedModel) -> Chat:
    """`options`: `folder` of the files; `says`, a text or a list of them of which each further try gets the next;
    `lines`, pairs of phrases and of what is said where a question has all of them, the first of them; `book`, a file
    of JSON with what is said by what the prompt was told.

    Files are named after the process and the question. How long an answer takes is said by PARROT_DELAY_S, as it is no
    part of what determines it. With `dies_after` its process ends once it was asked so often, unless it is the last of
    `lives`; DIE ends any.
    """
    options, calls = model.spec.options, count()

    def talk(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        for index, ask in enumerate(asks):
            if "DIE" in ask.messages[-1].text or _dies(options, next(calls)):
                os.kill(os.getpid(), signal.SIGKILL)
            if options.get("folder"):
                name = f"{os.getpid()}-{ask.sent()[0][:16]}-{uuid.uuid4().hex}.asked"
                Path(str(options["folder"]), name).write_text(ask.messages[-1].text)
            time.sleep(float(os.environ.get("PARROT_DELAY_S", "0")))
            yield index, _reply(ask, options)

    return talk


def _dies(options: dict[str, Any], call: int) -> bool:
    """Every death leaves a file; the one that can leave no more lives."""
    if not options.get("dies_after") or call < options["dies_after"]:
        return False
    for life in range(options["lives"]):
        with suppress(FileExistsError):
            Path(options["folder"], f"{life}.life").touch(exist_ok=False)
            return True
    return False


@cache
def _book(path: str) -> dict[str, Any]:
    return dict(json.loads(Path(path).read_text()))


def _reply(ask: Ask, options: dict[str, Any]) -> Reply | Failed:
    told = "\n".join(message.text for message in ask.messages)
    if "FAIL" in told:
        return Failed(0, "ConnectionError", "the parrot flew away")
    usage = {"tokens_in": len(told.split()), "tokens_out": 1}
    if ask.speaks:
        return Reply("wav", usage=usage, media=told.encode())
    if ask.choices:
        weights = [int(hashlib.sha256((c + told).encode()).hexdigest()[:4], 16) + 1 for c in ask.choices]
        logprobs = tuple((c, math.log(w / sum(weights))) for c, w in zip(ask.choices, weights, strict=True))
        return Reply(max(logprobs, key=lambda x: x[1])[0], logprobs, usage)
    asked = ask.messages[-1].text
    fitting = (said for phrases, said in options.get("lines", ()) if all(phrase in asked for phrase in phrases))
    says = next(fitting, options.get("says"))
    if options.get("book"):
        says = next(book[told] for book in [_book(options["book"])] for told in ask.sample.values() if told in book)
    if isinstance(says, list):
        says = says[min(sum(m.role == "assistant" for m in ask.messages), len(says) - 1)]
    text = says if isinstance(says, str) else json.dumps(says) if says is not None else None
    return Reply(f"{told[-60:]} #{ask.repeat}" if text is None else text, usage=usage)
