"""The trace page and what it talks to, as an ASGI application."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from affectory.annotation.tracing.store import Key, Refused, Store
from affectory.annotation.tracing.tasks import TraceTask, read_task, tasks_of
from affectory.annotation.tracing.traces import SAVES, Pass, Save

RATER = "X-Affectory-Rater"
"""The header in which the proxy says who it is; it must not let through one that a browser sent."""
STATIC = Path(__file__).parent / "static"
_PAGES = frozenset(path.name for path in STATIC.iterdir())
_MOST_BYTES, _LONGEST_NAME = 512_000, 100
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "gamepad=(self), autoplay=(self)",
}

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(
    home: Path, *, media: Path | None = None, rater: str = "", asks: bool = False, hosts: Sequence[str] = ("*",)
) -> Starlette:
    """The page for the tasks in a home, to be served as it is or mounted below a path.

    Who traces is `rater`, else what the header `X-Affectory-Rater` says; with `asks` the page asks for a name. Clips
    lie in `media`, in `HOME/media` if nothing is said.
    """
    page = _Page(home, media or home / "media", Store(home), rater, asks)
    routes = [
        Route("/", _static),
        Route("/static/{name}", _static),
        Route("/api/me", page.me),
        Route("/api/tasks", page.tasks),
        Route("/api/tasks/{uid}", page.task),
        Route("/api/traces/{uid}/{scale}", page.save, methods=["PUT"]),
        Route("/media/{uid}", page.clip),
    ]
    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)), Middleware(_Careful)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers={Refused: _refused})


@dataclass(frozen=True)
class _Page:
    home: Path
    media: Path
    store: Store
    rater: str
    asks: bool

    def who(self, request: Request) -> str:
        """Who is at the page."""
        told = request.headers.get(RATER, "")
        if self.asks:  # the page itself sets it, escaped, for names are no ASCII; a video's address has it at its end
            told = unquote(told or request.query_params.get("rater", ""))
        name = (self.rater or told).strip()
        if not name:
            raise Refused(401, "nobody said who is tracing")
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise Refused(400, "this name cannot be used")
        return name

    async def me(self, request: Request) -> Response:
        """Who is at the page, so that it can ask if nobody knows."""
        told = self.rater or request.headers.get(RATER)
        return JSONResponse({"rater": self.who(request) if told else "", "asks": self.asks and not self.rater})

    async def tasks(self, request: Request) -> Response:
        """All that this rater may trace, with how far each scale is."""
        rater = self.who(request)
        return JSONResponse(await run_in_threadpool(self._listed, rater))

    def _listed(self, rater: str) -> list[dict[str, Any]]:
        open_to = (task for task in tasks_of(self.home) if task.open_to(rater))
        return [{"uid": task.uid, "title": task.title, "scales": self._states(task, rater)} for task in open_to]

    def _states(self, task: TraceTask, rater: str) -> dict[str, str]:
        return {scale.name: self.store.state(Key(task.uid, scale.name, rater)) for scale in task.scales}

    def _newest(self, task: TraceTask, scale: str, rater: str) -> Pass:
        return self.store.newest(Key(task.uid, scale, rater))

    def _task(self, request: Request, rater: str) -> TraceTask:
        """A task of somebody else is no task."""
        task = read_task(self.home, request.path_params["uid"])
        if task is None or not task.open_to(rater):
            raise Refused(404, "there is no such clip")
        return task

    async def task(self, request: Request) -> Response:
        """A clip, its scales, and where this rater left off."""
        rater = self.who(request)
        return JSONResponse(await run_in_threadpool(self._shown, request, rater))

    def _shown(self, request: Request, rater: str) -> dict[str, Any]:
        task = self._task(request, rater)
        scales = [{**asdict(s), **_left_off(self._newest(task, s.name, rater))} for s in task.scales]
        shown = {"uid": task.uid, "title": task.title, "kind": task.kind, "hz": task.hz}
        return {**shown, "duration_s": task.duration_s, "scales": scales}

    async def save(self, request: Request) -> Response:
        """Keep what is new of a trace."""
        rater = self.who(request)
        save = _save_of(await _body(request))
        return JSONResponse({"seq": await run_in_threadpool(self._kept, request, rater, save)})

    def _kept(self, request: Request, rater: str, save: Save) -> int:
        task = self._task(request, rater)
        return self.store.save(task, Key(task.uid, request.path_params["scale"], rater), save)

    async def clip(self, request: Request) -> Response:
        """The clip itself, any part of it."""
        rater = self.who(request)
        task = await run_in_threadpool(self._task, request, rater)
        path = self.media / task.media
        if not path.is_file():
            raise Refused(404, "the clip's file is missing")
        return FileResponse(path, headers={"cache-control": "private, max-age=3600"})


def _state(newest: Pass) -> str:
    return "finished" if newest.finished else "draft" if newest.sessions else "none"


def _left_off(newest: Pass) -> dict[str, Any]:
    """What was submitted is not shown again: nobody should trace what they traced before."""
    found: dict[str, Any] = {"state": _state(newest), "revision": newest.revision, "seq": len(newest.sessions)}
    samples = [] if newest.finished else list(zip(newest.times, newest.values, strict=True))
    return {**found, "samples": samples}


async def _body(request: Request) -> bytes:
    """The body of a request that our own page sent, if it is no longer than saves are."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(415, "a save is JSON")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "another page sent this")
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BYTES:
                raise Refused(413, "this save is too long")
    except ClientDisconnect:
        raise Refused(400, "the save broke off") from None
    return bytes(body)


def _save_of(body: bytes) -> Save:
    try:
        return SAVES.validate_json(body)
    except ValidationError as error:
        fault = error.errors()[0]
        raise Refused(422, f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None


async def _static(request: Request) -> Response:
    name = request.path_params.get("name", "index.html")
    if name not in _PAGES:
        raise Refused(404, "there is no such page")
    return FileResponse(STATIC / name, headers={"cache-control": "no-cache"})


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return JSONResponse({"error": error.why, "seq": error.seq}, status_code=error.status)


class _Careful:
    """Puts on every answer what keeps browsers from loading, guessing or telling anything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {name for name, _ in message["headers"]}
                more = {"cache-control": "no-store", **_HEADERS}
                new = [(n.encode(), v.encode()) for n, v in more.items() if n.encode() not in told]
                message = {**message, "headers": [*message["headers"], *new]}
            await send(message)

        await self.app(scope, receive, sent)
