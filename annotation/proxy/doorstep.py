"""What is open to everybody: logging in and out, an invitation, and the files that Label Studio's pages are made of."""

import re
from collections import defaultdict, deque
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from affectory.annotation.proxy import bodies, guard
from affectory.annotation.proxy.desk import Denied
from affectory.annotation.proxy.upstream import Upstream
from affectory.annotation.proxy.who import Visitor, credentials

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

STATIC = re.compile(r"/(?:static|react-app|label-studio-frontend|dm)/.*[^/]|/favicon\.ico|/sw\.js|/sw-fallback\.js")
DATE = {"commit": "", "date": "2000-01-01T00:00:00Z", "version": ""}
PACKAGE = {"version": "", "short_version": "", "latest_version_from_pypi": None, "latest_version_upload_time": None,
           "current_version_is_outdated": False}  # fmt: skip
VERSION = {"release": "", "edition": "Community", "label-studio-os-package": PACKAGE, "label-studio-os-backend": DATE,
           "label-studio-frontend": DATE, "dm2": DATE, "lsf": DATE}  # fmt: skip
TRIES, WITHIN_S, ADDRESSES = 10, 300.0, 4096


class Doorstep:
    """Answers what needs no login."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._tries: defaultdict[str, deque[float]] = defaultdict(deque)

    async def answer(self, request: "Request", visitor: Visitor | None) -> "Response | None":
        """The answer, or None where more is asked for than stands open."""
        path, safe = request.scope["path"], request.method in guard.SAFE
        if safe and STATIC.fullmatch(path):
            return await self._pass(request, {})
        bare = path.rstrip("/")
        if bare == "/user/login":
            return await self._login(request, visitor)
        if bare == "/user/signup" and len(request.query_params.getlist("token")) == 1:
            return await self._pass(request, credentials(request.headers), begins=True)
        if bare == "/logout" and safe:
            return await self._pass(request, credentials(request.headers))
        if bare == "/api/token/refresh" and request.method == "POST":
            return await self._pass(request, {})
        return _nothing(bare) if safe or bare == "/__lsa" else None

    async def login(self, request: "Request") -> "Response":
        """A password is tried; whoever tries many for one address has to wait."""
        body = await bodies.whole(request, bodies.FORM)
        address = _address(request, body)
        self._slow_down(address)
        answer = await self._pass(_again(request, body), credentials(request.headers), begins=True)
        if answer.status_code == 302:
            self._tries.pop(address, None)
        return answer

    def turn_away(self, request: "Request") -> "Response":
        """To the login, and back here after it."""
        from starlette.responses import RedirectResponse

        if request.method not in guard.SAFE or request.scope["path"].startswith("/api/"):
            raise Denied("Log in first.", 401)
        return RedirectResponse(f"/user/login/?next={quote(request.scope['path'])}", 302)

    async def _login(self, request: "Request", visitor: Visitor | None) -> "Response":
        from starlette.responses import RedirectResponse

        if visitor is not None:
            return RedirectResponse("/review/", 302)
        if request.method == "POST":
            return await self.login(request)
        return await self._pass(request, credentials(request.headers), begins=True)

    async def _pass(self, request: "Request", given: dict[str, str], *, begins: bool = False) -> "Response":
        given.pop("authorization", None)
        return await self._upstream.forward(request, given, most=bodies.FORM, begins=begins)

    def _slow_down(self, address: str) -> None:
        tries, now = self._tries[address], monotonic()
        while tries and now - tries[0] > WITHIN_S:
            tries.popleft()
        if len(tries) >= TRIES:
            raise Denied("Too many tries for this address; wait five minutes.", 429)
        tries.append(now)
        while len(self._tries) > ADDRESSES:
            self._tries.pop(next(iter(self._tries)))


def _address(request: "Request", body: bytes) -> str:
    """Whose password it is; a form that could be read two ways is not taken, lest tries go uncounted."""
    kind = request.headers.get("content-type", "").replace(" ", "").lower()
    given = parse_qs(body.decode("latin-1"), keep_blank_values=True).get("email", [])
    if kind.partition(";charset=utf-8")[::2] != ("application/x-www-form-urlencoded", "") or len(given) != 1:
        raise bodies.Unfit(415, "This is not the form of the login.")
    return given[0].strip().lower()[:254]


def _nothing(path: str) -> "Response | None":
    """What pages insist on and nobody here wants: tips, statistics, and a version, asked for without a session."""
    from starlette.responses import JSONResponse, Response

    if path == "/api/version":
        return JSONResponse(VERSION)
    return JSONResponse({}) if path == "/heidi-tips" else Response(status_code=204) if path == "/__lsa" else None


def _again(request: "Request", body: bytes) -> "Request":
    from starlette.requests import Request

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)
