"""A server as a process asks it: so many questions at once, so many a minute, and again what was lost."""

import asyncio
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import httpx

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._messages import Ask
from affectory.transforms.models.backends._openai_answers import MOST_BYTES, Lost, answer, at, parsed, unpacked
from affectory.transforms.models.backends._openai_questions import question, tokens
from affectory.transforms.models.backends._openai_refusals import inside, refusal
from affectory.transforms.rows import told

FIRST_WAIT, MOST_WAIT = 0.5, 30.0
"""Seconds, of which a random part is waited before a question is sent again; doubled each time, up to the most."""
SHORTEST_KEY, LONGEST_PAUSE = 8, 600.0
Put = Callable[[tuple[int, Reply | Failed]], None]


class Pace:
    """When the next question may be sent: evenly, so that a limit of a minute is kept in each part of it."""

    def __init__(self, requests: int | None, tokens: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._request = 60.0 / requests if requests else 0.0
        self._token = 60.0 / tokens if tokens else 0.0
        self._clock, self._next = clock, 0.0

    def turn(self, tokens: int) -> float:
        """Seconds until this question may be sent, which has so many tokens."""
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + max(self._request, self._token * tokens)
        return turn - now

    def spend(self, tokens: int) -> None:
        """So many tokens more than were known of, as a server counts: one that miscounts must not stop us for ever."""
        self._next += min(self._token * tokens, LONGEST_PAUSE)

    def hold(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._next = max(self._next, self._clock() + seconds)


@dataclass(frozen=True)
class Wire:
    """What all questions of a process to a server share while some are on their way."""

    client: httpx.AsyncClient
    slots: asyncio.Semaphore


@dataclass(frozen=True)
class Server:
    """A server and how it may be asked. It has a pace, and nothing that depends on a loop or a process."""

    name: str
    spec: Asked
    key: str
    local: bool
    pace: Pace

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Wire]:
        """Connections to it. Nothing between here and a server on this machine: no proxy of the environment."""
        headers = {"User-Agent": "affectory", "Accept-Encoding": "identity", "Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        most = self.spec.concurrency
        limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
        options: dict[str, Any] = {"limits": limits, "timeout": None, "verify": _trusted(), "trust_env": not self.local}
        async with httpx.AsyncClient(headers=headers, **options) as client:
            yield Wire(client, asyncio.Semaphore(most))

    async def ask(self, wire: Wire, asks: Sequence[Ask], put: Put) -> None:
        """Put every answer as it comes. A `UserError` ends it, after the answers that are on their way."""
        stopped: list[UserError] = []

        async def one(index: int, ask: Ask) -> None:
            try:
                said = await self._again(wire, ask, stopped)
            except UserError as error:
                stopped.append(replace(error, message=self._keyless(error.message)))
                return
            except Exception as error:  # of this question alone: a medium that is gone, an answer without end
                said = Failed(0, type(error).__name__, told(error))
            put((index, replace(said, detail=self._keyless(said.detail)) if isinstance(said, Failed) else said))

        await asyncio.gather(*(one(index, ask) for index, ask in enumerate(asks)))
        if stopped:
            raise stopped[0]

    async def _again(self, wire: Wire, ask: Ask, stopped: Sequence[UserError]) -> Reply | Failed:
        """One question, sent again as often as allowed while its answer is lost."""
        for sent in range(1, self.spec.retries + 2):
            try:
                reply = await self._sent(wire, ask, stopped)
            except Lost as lost:
                if sent > self.spec.retries:
                    return self._given_up(lost, sent)
                await asyncio.sleep(lost.after + random.uniform(0, min(MOST_WAIT, FIRST_WAIT * 2 ** (sent - 1))))
            else:
                if isinstance(reply, Reply) and sent > 1:
                    return replace(reply, usage={**reply.usage, "requests": sent})
                return reply
        raise AssertionError("never sent")

    async def _sent(self, wire: Wire, ask: Ask, stopped: Sequence[UserError]) -> Reply | Failed:
        """One question, sent once, in its turn."""
        about = tokens(ask)
        async with wire.slots:
            await asyncio.sleep(self.pace.turn(about))
            if stopped:
                raise stopped[0]
            reply = await self._exchanged(wire.client, ask)
        if isinstance(reply, Reply):
            self.pace.spend(sum(reply.usage.get(x, 0) for x in ("tokens_in", "tokens_out")) - about)
        return reply

    async def _exchanged(self, client: httpx.AsyncClient, ask: Ask) -> Reply | Failed:
        path, body = question(ask, self.spec)
        status, headers, data = await self._posted(client, path, json.dumps(body).encode())
        if status == 200 and not ask.speaks:
            found = parsed(data)
            status = (inside(found) or status) if at(found, "choices", 0) is None else status
        if status == 200:
            return answer(ask, data)
        what = refusal(status, headers, data)
        if isinstance(what, Failed):
            return what
        if isinstance(what, Lost):
            self.pace.hold(what.after)
            raise what
        raise replace(what, message=f"model {self.name}: {what.message}")

    async def _posted(self, client: httpx.AsyncClient, path: str, body: bytes) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and the whole body; `Lost` where that does not come in time."""
        data = bytearray()
        try:
            async with (
                asyncio.timeout(self.spec.timeout_s),
                client.stream("POST", f"{str(self.spec.url).rstrip('/')}{path}", content=body) as response,
            ):
                async for chunk in response.aiter_raw():
                    data += chunk
                    if len(data) > MOST_BYTES:
                        raise ValueError(f"the answer is longer than {MOST_BYTES} bytes")
                whole = unpacked(bytes(data), response.headers.get("content-encoding", ""), MOST_BYTES)
                return response.status_code, response.headers, self._unblabbed(whole)
        except TimeoutError as error:
            raise Lost("TimedOut", f"no whole answer within {self.spec.timeout_s:g} s (`timeout_s`)") from error
        except httpx.ConnectError as error:
            raise Lost("Unreachable", str(error) or "no connection") from error
        except httpx.RequestError as error:
            raise Lost("ConnectionLost", f"{type(error).__name__}: {error}") from error

    def _unblabbed(self, data: bytes) -> bytes:
        """A key that a server repeats is kept nowhere; what is as short as `EMPTY` is none, and may well be a word."""
        return data.replace(self.key.encode(), b"***") if len(self.key) >= SHORTEST_KEY else data

    def _keyless(self, told: str) -> str:
        return told.replace(self.key, "***") if self.key else told

    def _given_up(self, lost: Lost, sent: int) -> Failed:
        """A server that cannot be reached at all would fail every row: it stops the build, which goes on later."""
        often = "once" if sent == 1 else f"{sent} times"
        if lost.kind == "Unreachable":
            hint = "start it, or correct `url`, and build again: what was answered is not asked again"
            raise UserError(f"model {self.name}: nothing answers at {self.spec.url}: {lost} (tried {often})", hint)
        return Failed(0, lost.kind, f"{lost} (asked {often})")


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed; they take long to read."""
    return httpx.create_ssl_context()


def paced(spec: Asked) -> Pace:
    """The pace that a recipe allows."""
    return Pace(spec.requests_per_minute, spec.tokens_per_minute)
