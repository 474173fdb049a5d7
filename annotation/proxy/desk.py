"""What all parts of the proxy share, and one visit of somebody who is logged in."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affectory.annotation.proxy.home import Assigned, Facts
from affectory.annotation.proxy.hours import Hours
from affectory.annotation.proxy.queue import Queue
from affectory.annotation.proxy.upstream import Upstream
from affectory.annotation.proxy.who import Visitor

if TYPE_CHECKING:
    import httpx
    from starlette.requests import Request
    from starlette.responses import Response

CLOSED = "This is not open to annotators."


@dataclass(eq=False)
class Denied(Exception):
    """What is not theirs, and what is not there: both are told alike."""

    why: str = CLOSED
    status: int = 403


@dataclass
class Visit:
    """A request and who sends it."""

    request: "Request"
    visitor: Visitor
    upstream: Upstream

    def asked(self, name: str) -> int:
        """A number in the query; who names it twice means mischief."""
        given = self.request.query_params.getlist(name)
        if len(given) != 1 or not (given[0].isascii() and given[0].isdecimal() and len(given[0]) < 11):
            raise Denied()
        return int(given[0])

    def json(self, body: Any, status: int = 200, answer: "httpx.Response | None" = None) -> "Response":
        """An answer of ours; with the cookies of Label Studio's, where one lies behind it."""
        from starlette.responses import Response

        content = b"" if status == 204 else json.dumps(body, ensure_ascii=False).encode()
        response = Response(content, status, {"cache-control": "no-store"}, "application/json")
        return response if answer is None else self.upstream.cookies(response, answer)


@dataclass
class Desk:
    """Label Studio, the plan, and the time that people spent."""

    upstream: Upstream
    facts: Facts
    queue: Queue
    hours: Hours

    def plan(self, visit: Visit, project: int) -> Assigned:
        """What the visitor is asked in a project, who must be asked something there."""
        found = self.queue.plan(visit.visitor, project)
        if found is None:
            raise Denied()
        return found

    def rested(self, visitor: Visitor) -> bool:
        """Whether they may work on this week."""
        limit = None if visitor.known is None else visitor.known.hours
        return limit is None or visitor.rater is None or self.hours.week(visitor.rater) < limit

    def project(self, visit: Visit, number: int) -> int:
        """The project in which the visitor may be asked a task."""
        rater, plans = visit.visitor.rater, self.queue.projects(visit.visitor)
        for project, plan in plans.items():
            if rater is not None and plan.asks(rater, number):
                return project
        raise Denied()

    async def task(self, visit: Visit, number: int, *, held: bool = True) -> dict[str, Any]:
        """A task of the visitor's, as Label Studio has it; `held` where anyone's must be in their hands already."""
        project = self.project(visit, number)
        found = await self.upstream.get(f"/api/tasks/{number}/", visit.visitor.credentials, default=None)
        if not isinstance(found, dict) or found.get("project") != project:
            raise Denied()
        if held and not await self.queue.may_see(visit.visitor, project, number):
            raise Denied()
        return found
