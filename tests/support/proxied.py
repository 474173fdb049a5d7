"""A world behind the proxy: two raters and a lead, a plan, and a stand-in for Label Studio that answers from memory."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from affectory.annotation.proxy.app import Proxy, make_app
from affectory.annotation.proxy.guard import Place
from affectory.annotation.proxy.home import Assigned, Rater, write_assigned, write_raters

PLACE = Place.at("127.0.0.1", 8400, None)
LEAD, ANN, BOB, EVE = "lead@x.test", "ann@x.test", "bob@x.test", "eve@x.test"
USERS = {LEAD: 1, ANN: 2, BOB: 3, EVE: 4}
RATERS = {LEAD: Rater("L", "lead"), ANN: Rater("A"), BOB: Rater("B")}
OURS, OTHERS = 7, 8
SECRET = "bob thinks it is joy"


def plan(**given: Any) -> Assigned:
    """Ann is asked 13 and then 11; whoever else comes gets 11 to 14, each to be answered by one."""
    tasks = {number: {"uid": f"u{number}", "overlap": 1} for number in (11, 12, 13, 14)}
    return Assigned(**{"title": "Ours", "tasks": tasks, "raters": {"A": (13, 11)}, "anyone": (11, 12, 13, 14), **given})


@dataclass
class Fake:
    """What the proxy needs of Label Studio, and as careless: whoever is logged in may do everything."""

    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    down: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: count(100))

    def __post_init__(self) -> None:
        for number in (11, 12, 13, 14, 21):
            project = OURS if number < 20 else OTHERS
            self.tasks[number] = {
                "id": number,
                "project": project,
                "data": {"text": f"text {number}"},
                "created_at": "t",
            }

    def answer(self, task: int, email: str, **fields: Any) -> int:
        """Somebody answers a task, past the proxy."""
        number, user = next(self.numbers), USERS[email]
        row = {"id": number, "task": task, "project": self.tasks[task]["project"], "completed_by": user}
        name = {"created_username": f" {email}, {user}", "result": [{"value": SECRET if email == BOB else ""}]}
        self.annotations[number] = row | name | {"was_cancelled": False} | fields
        return number

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One request; its answer is still to be read, as on a line."""
        found = self._handle(request)
        return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(found.content))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("nobody listens", request=request)
        self.seen.append(request)
        path, who = request.url.path.rstrip("/") or "/", self._who(request)
        self.asked.append((request.method, path))
        if who is None and path.startswith("/api/"):
            return httpx.Response(401, json={"detail": "no"})
        for method, pattern, answer in self._table():
            if method == request.method and (found := re.fullmatch(pattern, path)):
                body = json.loads(request.content) if request.content[:1] == b"{" else {}
                response: httpx.Response = answer(who, body, request, *map(int, found.groups()))
                return response
        return httpx.Response(
            200, json={"everything": SECRET}, headers={"server": "wsgi", "location": "http://up/x"} | _renewed(who)
        )

    def _who(self, request: httpx.Request) -> str | None:
        given = request.headers.get("authorization", "") + request.headers.get("cookie", "")
        found = re.search(r"(?:Token |sessionid=)([a-z]+)", given)
        return {email.partition("@")[0]: email for email in USERS}.get(found[1]) if found else None

    def _table(self) -> list[tuple[str, str, Any]]:
        return [
            ("GET", "/api/current-user/whoami", self._whoami),
            ("GET", r"/api/projects/(\d+)", self._project),
            ("GET", "/api/tasks", self._list),
            ("GET", "/api/dm/columns", self._columns),
            ("GET", r"/api/tasks/(\d+)", self._task),
            ("POST", r"/api/tasks/(\d+)/annotations", self._create),
            ("GET", r"/api/annotations/(\d+)", self._annotation),
            ("PATCH", r"/api/annotations/(\d+)", self._change),
            ("DELETE", r"/api/annotations/(\d+)", self._delete),
            ("POST", "/user/login", lambda *_: httpx.Response(200, html="try again")),
        ]

    def _whoami(self, who: str, *_: Any) -> httpx.Response:
        return httpx.Response(200, json={"id": USERS[who], "email": who, "permissions": ["everything"]})

    def _project(self, who: str, body: Any, request: Any, number: int) -> httpx.Response:
        return httpx.Response(200, json={"id": number, "label_config": "<View/>", "created_by": {"email": LEAD}})

    def _columns(self, *_: Any) -> httpx.Response:
        rows = [{"id": "text", "parent": "data"}, {"id": "annotators", "schema": {"items": [3]}}]
        return httpx.Response(200, json={"columns": rows})

    def _list(self, who: str, body: Any, request: httpx.Request) -> httpx.Response:
        query = json.loads(request.url.params["query"])
        wanted = query.get("selectedItems", {}).get("included", list(self.tasks))
        rows = [{"id": n, "total_annotations": self._total(n)} for n in wanted if n in self.tasks]
        if filters := query.get("filters"):
            user = filters["items"][0]["value"]
            theirs = {a["task"] for a in self.annotations.values() if a["completed_by"] == user}
            rows = [row for row in rows if row["id"] in theirs]
        return httpx.Response(200, json={"tasks": rows, "total": len(rows)})

    def _total(self, task: int) -> int:
        return sum(a["task"] == task and not a["was_cancelled"] for a in self.annotations.values())

    def _task(self, who: str, body: Any, request: Any, number: int) -> httpx.Response:
        if number not in self.tasks:
            return httpx.Response(404, json={"id": "an id of the error's own"})
        found = [a | {"completed_by": {"id": a["completed_by"]}} for a in self.annotations.values()]
        more = {"annotators": [3], "predictions": [{"id": 1, "result": [], "score": 0.9}], "drafts": []}
        return httpx.Response(
            200, json=self.tasks[number] | more | {"annotations": [a for a in found if a["task"] == number]}
        )

    def _create(self, who: str, body: Any, request: Any, task: int) -> httpx.Response:
        number = self.answer(task, who, **body)
        return httpx.Response(201, json=self.annotations[number])

    def _annotation(self, who: str, body: Any, request: Any, number: int) -> httpx.Response:
        found = self.annotations.get(number)
        return httpx.Response(200, json=found) if found else httpx.Response(404, json={"id": "x"})

    def _change(self, who: str, body: Any, request: Any, number: int) -> httpx.Response:
        self.annotations[number] |= body
        return httpx.Response(200, json=self.annotations[number])

    def _delete(self, who: str, body: Any, request: Any, number: int) -> httpx.Response:
        del self.annotations[number]
        return httpx.Response(204)


@dataclass
class World:
    """The proxy, what is behind it, and its home."""

    fake: Fake
    home: Path
    app: Proxy

    @contextmanager
    def as_(self, email: str | None, *, token: bool = False) -> Iterator[httpx.AsyncClient]:
        """A client of somebody's; with their token instead of a session."""
        name = (email or "").partition("@")[0]
        headers = {"authorization": f"Token {name}"} if token else {"cookie": f"sessionid={name}"} if name else {}
        transport = httpx.ASGITransport(self.app)
        yield httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400", headers=headers)

    def ask(self, email: str | None, method: str, path: str, *, token: bool = False, **given: Any) -> httpx.Response:
        """One request of somebody's."""
        import asyncio

        async def asked() -> httpx.Response:
            with self.as_(email, token=token) as client:
                return await client.request(method, path, **given)

        return asyncio.run(asked())


def world(home: Path, assigned: Assigned | None = None) -> World:
    """All of it, with nothing answered yet."""
    write_raters(home, RATERS)
    write_assigned(home, OURS, assigned or plan())
    fake = Fake()
    return World(fake, home, make_app(home, "http://up", PLACE, httpx.MockTransport(fake.handle)))


def _renewed(who: str | None) -> dict[str, str]:
    """Label Studio sets a session with every answer."""
    name = "nobody" if who is None else who.partition("@")[0]
    return {"set-cookie": f"sessionid={name}; Domain=up; Path=/; HttpOnly"}
