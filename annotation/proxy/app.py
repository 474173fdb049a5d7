"""The proxy itself: every request is checked, its sender found out, and it goes one of few ways or none."""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affectory.annotation.proxy import guard, media, pages
from affectory.annotation.proxy.bodies import Unfit
from affectory.annotation.proxy.desk import CLOSED, Denied, Desk, Visit
from affectory.annotation.proxy.doorstep import Doorstep
from affectory.annotation.proxy.home import Facts, link_secret
from affectory.annotation.proxy.hours import Hours
from affectory.annotation.proxy.labelling import routes
from affectory.annotation.proxy.links import PATH
from affectory.annotation.proxy.mounted import Answer, Mounted
from affectory.annotation.proxy.queue import Queue
from affectory.annotation.proxy.upstream import Refused, Silent, Upstream
from affectory.annotation.proxy.who import Door, Visitor

if TYPE_CHECKING:
    import httpx
    from starlette.requests import Request
    from starlette.responses import Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
LABEL = re.compile(r"/projects/([0-9]{1,10})(?:/data)?/?")
HOMES = ("/", "/projects", "/projects/", "/review")


def make_app(
    home: Path, upstream: str, place: guard.Place, transport: "httpx.AsyncBaseTransport | None" = None
) -> "Proxy":
    """An ASGI application that stands before the Label Studio at `upstream`; `transport` is another way there."""
    return Proxy(home, Upstream(upstream, place, transport), place)


class Proxy:
    """Leads reach all; annotators what `routes` names, media and our own pages; others the login."""

    def __init__(self, home: Path, upstream: Upstream, place: guard.Place) -> None:
        self._place, self._facts, self._secret = place, Facts(home), link_secret(home)
        self._upstream = upstream
        self._door = Door(self._upstream, self._facts)
        self._doorstep = Doorstep(self._upstream)
        queue = Queue(self._upstream, self._facts)
        self._desk = Desk(self._upstream, self._facts, queue, Hours(home / "hours.jsonl"))
        self._mounted = Mounted(home)
        self._routes = [(m.split(), re.compile(rf"{path}/?"), answer) for m, path, answer in routes(self._desk)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request

        request = Request(scope, receive)
        try:
            found = await self._answer(request)
        except Denied as denied:
            found = self._refuse(request, denied.why, denied.status)
        except Unfit as unfit:
            found = self._refuse(request, unfit.why, unfit.status)
        except Silent:
            found = self._refuse(request, "Label Studio does not answer at the moment; try again in a minute.", 502)
        except Refused as refused:
            found = self._refuse(request, f"Label Studio said {refused.status}.", 502)
        for name, value in guard.SECURE.items():
            found.headers.setdefault(name, value)
        await found(scope, receive, send)

    async def _answer(self, request: "Request") -> Answer:
        if why := guard.fault(request.method, request.scope["raw_path"], request.headers.raw, self._place):
            raise Denied(why, 400)
        if (found := await self._mounted.hint(request)) is not None:
            return found
        visitor = await self._door.visitor(request.headers)
        if request.scope["path"].startswith(PATH):
            return self._media(request, visitor)
        if visitor is not None and visitor.lead:
            return await self._lead(request, visitor)
        if not guard.plain(request.scope["raw_path"]):
            raise Denied("This path is not written plainly.", 400)
        if (found := await self._doorstep.answer(request, visitor)) is not None:
            return found
        if visitor is None:
            return self._doorstep.turn_away(request)
        return await self._annotator(request, visitor)

    async def _lead(self, request: "Request", visitor: Visitor) -> Answer:
        path = request.scope["path"]
        if path.startswith(("/review", "/trace")):
            return await self._ours(request, visitor)
        if request.method == "POST" and path.rstrip("/") == "/user/login":
            return await self._doorstep.login(request)
        return await self._upstream.forward(request, visitor.credentials, most=None)

    async def _annotator(self, request: "Request", visitor: Visitor) -> Answer:
        from starlette.responses import RedirectResponse

        path, method = request.scope["path"], "GET" if request.method == "HEAD" else request.method
        if path in HOMES and method == "GET":
            return RedirectResponse("/review/", 302)
        if path.startswith(("/review/", "/trace/")):
            return await self._ours(request, visitor)
        if method == "GET" and (found := LABEL.fullmatch(path)):
            return await self._stream(request, visitor, int(found[1]))
        for methods, pattern, answer in self._routes:
            if method in methods and (found := pattern.fullmatch(path)):
                response: Response = await answer(Visit(request, visitor, self._upstream), *found.groups())
                return response
        raise Denied()

    async def _ours(self, request: "Request", visitor: Visitor) -> Answer:
        path = request.scope["path"]
        if path in ("/review", "/review/") and request.method in guard.SAFE:
            return pages.html(await self._overview(visitor))
        if path == "/review/status" and visitor.lead and request.method in guard.SAFE:
            return self._mounted.status()
        if path.startswith("/trace/") and visitor.rater is not None:
            return self._mounted.trace(request, visitor.rater)
        raise Denied("There is no such page." if visitor.lead else CLOSED, 404 if visitor.lead else 403)

    async def _overview(self, visitor: Visitor) -> str:
        works = [await self._work(visitor, number) for number in self._desk.queue.projects(visitor)]
        limit = visitor.known.hours if visitor.known else None
        hours = self._desk.hours.week(visitor.rater) if visitor.rater else 0.0
        return pages.overview(visitor.email, works, hours, limit, lead=visitor.lead)

    async def _work(self, visitor: Visitor, number: int) -> pages.Work:
        plan, queue = self._facts.projects()[number], self._desk.queue
        listed = plan.listed(visitor.rater or "")
        done = len((await queue.done(visitor, number)).intersection(listed))
        if visitor.rater in plan.raters:
            return pages.Work(number, plan.title, done, len(listed), done < len(listed))
        return pages.Work(number, plan.title, done, None, await queue.open(visitor, number))

    async def _stream(self, request: "Request", visitor: Visitor, project: int) -> "Response":
        """Label Studio's page, opened as a stream: without that word it would show tables of tasks."""
        from starlette.responses import HTMLResponse, RedirectResponse

        self._desk.plan(Visit(request, visitor, self._upstream), project)
        if request.query_params.get("labeling") != "1":
            return RedirectResponse(pages.stream(project), 302)
        path = f"/projects/{project}/data"
        answer = await self._upstream.call("GET", path, visitor.credentials, query={"labeling": "1"})
        if answer.status_code != 200:
            raise Refused(answer.status_code, {})
        response = HTMLResponse(pages.stream_page(answer.text), headers={"cache-control": "no-store"})
        return self._upstream.cookies(response, answer)

    def _media(self, request: "Request", visitor: Visitor | None) -> "Response":
        found = media.serve(request, self._facts, self._secret, visitor) if request.method in guard.SAFE else None
        if found is None:
            raise Denied("This file is not there for you.", 401 if visitor is None else 404)
        return found

    def _refuse(self, request: "Request", why: str, status: int) -> "Response":
        from starlette.responses import Response

        if "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith("/api/"):
            return pages.html(pages.refused(why), status)
        return Response(json.dumps({"detail": why}), status, {"cache-control": "no-store"}, "application/json")

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await self._upstream.close()
        await send({"type": "lifespan.shutdown.complete"})
