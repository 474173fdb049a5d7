"""The report of a release with all of its samples, as an ASGI application: whatever is asked, it only reads."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from affectory.pipelines.viewing.index import Asking, Index
from affectory.pipelines.viewing.looking import Looking
from affectory.quality.report.counting import count
from affectory.quality.report.embedding import about
from affectory.quality.report.facets import FACETS
from affectory.quality.report.page import page
from affectory.quality.report.released import Released
from affectory.quality.report.samples import embedded

PAGE = 50
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_LONGEST = 500
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_NUMBER = re.compile(r"[0-9]{1,18}")
"""Python refuses to read numbers of thousands of digits."""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


def make_app(release: Released, hosts: Sequence[str] = LOOPBACK) -> Starlette:
    """The page at `/`, and what it asks for. Who comes by another name than `hosts` is not answered."""
    seen = _Seen(release)
    routes = [
        Route("/", seen.page),
        Route("/api/facets", seen.facets),
        Route("/api/samples", seen.samples),
        Route("/api/samples/{sample}", seen.sample),
        Route("/media/{sample}/{column}/{place}", seen.medium),
    ]
    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)), Middleware(_Careful)]
    return Starlette(routes=routes, middleware=middleware)


class _Seen:
    """A release, read once to be found in."""

    def __init__(self, release: Released) -> None:
        self.index, self.looking = Index(release), Looking(release)
        counted = count(release, 0)
        told = about(release, counted, counted.total, served=True)
        self._html = "".join(page(release, counted, iter([("about", embedded(told))]), served=True))
        self._medium = lru_cache(8)(self._read)

    async def page(self, request: Request) -> Response:
        """The report."""
        return HTMLResponse(self._html)

    async def facets(self, request: Request) -> Response:
        """By what can be filtered."""
        return JSONResponse(await run_in_threadpool(self.index.counts))

    async def samples(self, request: Request) -> Response:
        """Some samples of those that are asked for."""
        given = request.query_params
        facets = tuple((name, given[name]) for name in FACETS if name in given)
        asking = Asking(facets, given.get("q", "")[:_LONGEST], given.get("order", ""))
        first = int(given["from"]) if _NUMBER.fullmatch(given.get("from", "")) else 0
        return JSONResponse(await run_in_threadpool(self._listed, asking, first))

    def _listed(self, asking: Asking, first: int) -> dict[str, Any]:
        numbers = self.index.find(asking)
        chosen = numbers[first : first + PAGE].tolist()
        sources = [self.index.source(number) for number in chosen]
        return {"total": len(numbers), "rows": self.looking.listed(chosen, sources)}

    async def sample(self, request: Request) -> Response:
        """One sample with its opinions."""
        return await run_in_threadpool(self._told, request.path_params["sample"])

    def _told(self, sample: str) -> Response:
        number = self.looking.number(sample)
        if number is None:
            return JSONResponse({"error": "there is no such sample"}, 404)
        return JSONResponse(self.looking.told(number, self.index.source(number)))

    async def medium(self, request: Request) -> Response:
        """Bytes of a medium, or the part of them that is asked for, as players do."""
        given = request.path_params
        place = int(given["place"]) if _NUMBER.fullmatch(given["place"]) else -1
        found = await run_in_threadpool(self._medium, given["sample"], given["column"], place)
        if found is None:
            return JSONResponse({"error": "there is no such medium"}, 404)
        return ranged(*found, request.headers.get("range", ""))

    def _read(self, sample: str, column: str, place: int) -> tuple[bytes, str] | None:
        number = self.looking.number(sample)
        return None if number is None else self.looking.media(number, column, place)


def ranged(body: bytes, kind: str, asked: str) -> Response:
    """The bytes, or the range that was asked for."""
    headers = {"accept-ranges": "bytes"}
    wanted = _RANGE.fullmatch(asked.strip())
    if not wanted or wanted.groups() == ("", ""):
        return Response(body, 200, headers, kind)
    start, end = wanted.groups()
    first = int(start) if start else max(0, len(body) - int(end))
    last = min(int(end), len(body) - 1) if start and end else len(body) - 1
    if first > last:
        return Response(b"", 416, {**headers, "content-range": f"bytes */{len(body)}"}, kind)
    return Response(
        body[first : last + 1], 206, {**headers, "content-range": f"bytes {first}-{last}/{len(body)}"}, kind
    )


class _Careful:
    """Puts on every answer what keeps browsers from guessing, framing or keeping it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self.app(scope, receive, sent)
