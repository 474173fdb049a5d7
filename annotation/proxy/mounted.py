"""Others' pages that are reached through the proxy: the trace page, the status page and the hint to pull."""

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from affectory.annotation.proxy import bodies, pages
from affectory.annotation.proxy.desk import Denied
from affectory.annotation.proxy.home import hint_secret

if TYPE_CHECKING:
    from starlette.datastructures import MutableHeaders
    from starlette.requests import Request
    from starlette.responses import Response

RATER = b"x-affectory-rater"
HINT, HINTED = "/affectory/hint", "hinted"
"""Where Label Studio calls, and the file in the home that is touched when it does."""
LONGEST_TRACE = 8 << 20
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


class Answer(Protocol):
    """Anything that can be sent as an answer."""

    @property
    def headers(self) -> "MutableHeaders":
        """Its headers."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Sends it."""


class Mounted:
    """Applications of ours by where they are found."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._trace, self._hint = _trace(home), _hint(home)

    def trace(self, request: "Request", rater: str) -> "Answer":
        """The trace page, which is told by us alone who it is that looks at it."""
        return _Mount(self._trace, request.scope, "/trace", [(RATER, rater.encode())], LONGEST_TRACE)

    async def hint(self, request: "Request") -> "Answer | None":
        """Label Studio's own word that something changed; it proves itself by its secret, not by a login."""
        if request.scope["path"].rstrip("/") != HINT:
            return None
        if request.method != "POST":
            raise Denied("There is no such page.", 404)
        return _Mount(self._hint, request.scope, "/affectory", [], bodies.ANSWER)

    def status(self) -> "Response":
        """How far the review has come, as it was last written."""
        from starlette.responses import HTMLResponse

        path = self._home / "status.html"
        if not path.is_file():
            raise Denied("No status was written yet; affectory review status --page writes it.", 404)
        headers = {"content-security-policy": f"{pages.CSP}; img-src data:", "cache-control": "no-store"}
        return HTMLResponse(path.read_text(encoding="utf-8"), headers=headers)


class _Mount:
    """An answer that another application gives; what it is sent of the rater stems from us."""

    def __init__(self, app: App, scope: Scope, root: str, added: list[tuple[bytes, bytes]], most: int) -> None:
        from starlette.datastructures import MutableHeaders

        kept = [(name, value) for name, value in scope["headers"] if name not in (RATER, b"cookie", b"authorization")]
        self._scope = {**scope, "headers": [*kept, *added], "root_path": scope.get("root_path", "") + root}
        self._app, self._most, self.headers = app, most, MutableHeaders()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        size = 0

        async def limited() -> Any:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                return {"type": "http.disconnect"}
            return message

        async def dressed(message: Any) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in message.get("headers", [])}
                message["headers"] = [*message.get("headers", []), *(h for h in self.headers.raw if h[0] not in named)]
            await send(message)

        await self._app(self._scope, limited, dressed)


def _trace(home: Path) -> App:
    from affectory.annotation.tracing.app import make_app

    return make_app(home)


def _hint(home: Path) -> App:
    from affectory.annotation.hint import app

    return app(hint_secret(home), (home / HINTED).touch)
