"""Annotations and drafts: annotators make, read, change and take back their own, once for each task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affectory.annotation.proxy import bodies, filtering
from affectory.annotation.proxy.desk import Denied, Desk, Visit

if TYPE_CHECKING:
    import httpx
    from starlette.responses import Response

Row = dict[str, Any]


@dataclass
class Answering:
    """The part of the API that takes answers in."""

    desk: Desk

    async def create(self, visit: Visit, number: str) -> "Response":
        """A first answer to a task, or its being skipped."""
        sent = _sent(await bodies.row(visit.request))
        async with self.desk.queue.lock(visit.visitor, self.desk.project(visit, int(number))):
            task = await self.desk.task(visit, int(number), held=False)
            await self._wanted(visit, task)
            if not self.desk.plan(visit, task["project"]).suggests:
                sent.pop("parent_prediction", None)
            path = f"/api/tasks/{int(number)}/annotations/"
            response = await self._say(visit, "POST", path, sent, filtering.ANNOTATION)
            if response.status_code == 201:
                self.desk.queue.answered(visit.visitor, task["project"], task["id"])
            return response

    async def _wanted(self, visit: Visit, task: Row) -> None:
        if filtering.own(task.get("annotations"), visit.visitor.user):
            raise Denied("You have answered this already; open it again to change your answer.", 409)
        plan = self.desk.plan(visit, task["project"])
        if not self.desk.queue.may_answer(visit.visitor, plan, task["id"], task.get("annotations")):
            raise Denied("Enough people have answered this.", 409)

    async def annotations(self, visit: Visit, number: str) -> "Response":
        """One's own annotations of a task."""
        task = await self.desk.task(visit, int(number))
        found = filtering.own(task.get("annotations"), visit.visitor.user)
        return visit.json([filtering.only(row, filtering.ANNOTATION) for row in found])

    async def read(self, visit: Visit, number: str) -> "Response":
        """One's own annotation."""
        return visit.json(filtering.only(await self._own(visit, int(number)), filtering.ANNOTATION))

    async def change(self, visit: Visit, number: str) -> "Response":
        """An answer thought better of."""
        sent = _sent(await bodies.row(visit.request))
        await self._own(visit, int(number))
        return await self._say(visit, "PATCH", f"/api/annotations/{int(number)}/", sent, filtering.ANNOTATION)

    async def delete(self, visit: Visit, number: str) -> "Response":
        """An answer taken back."""
        found = await self._own(visit, int(number))
        answer = await self.desk.upstream.call("DELETE", f"/api/annotations/{int(number)}/", visit.visitor.credentials)
        return self._gone(visit, found, answer, None)

    async def reopen(self, visit: Visit, number: str) -> "Response":
        """An answer made a draft again."""
        found = await self._own(visit, int(number))
        path = f"/api/annotations/{int(number)}/convert-to-draft"
        answer = await self.desk.upstream.call("POST", path, visit.visitor.credentials, json={})
        return self._gone(visit, found, answer, filtering.DRAFT)

    async def drafts(self, visit: Visit, number: str) -> "Response":
        """One's own drafts of a task."""
        task = await self.desk.task(visit, int(number))
        found = [row for row in task.get("drafts") or () if filtering.own_draft(row, visit.visitor.account)]
        return visit.json([filtering.only(row, filtering.DRAFT) for row in found])

    async def draft(self, visit: Visit, number: str) -> "Response":
        """A draft of an answer to come."""
        sent = filtering.only(await bodies.row(visit.request), filtering.SENT_DRAFT)
        await self.desk.task(visit, int(number))
        return await self._say(visit, "POST", f"/api/tasks/{int(number)}/drafts", sent, filtering.DRAFT)

    async def redraft(self, visit: Visit, number: str, annotation: str) -> "Response":
        """A draft of a change to one's own answer."""
        sent = filtering.only(await bodies.row(visit.request), filtering.SENT_DRAFT)
        found = await self._own(visit, int(annotation))
        if found["task"] != int(number):
            raise Denied()
        path = f"/api/tasks/{int(number)}/annotations/{int(annotation)}/drafts"
        return await self._say(visit, "POST", path, sent, filtering.DRAFT)

    async def read_draft(self, visit: Visit, number: str) -> "Response":
        """One's own draft."""
        return visit.json(filtering.only(await self._own_draft(visit, int(number)), filtering.DRAFT))

    async def change_draft(self, visit: Visit, number: str) -> "Response":
        """One's own draft, gone on with."""
        sent = filtering.only(await bodies.row(visit.request), filtering.SENT_DRAFT)
        await self._own_draft(visit, int(number))
        return await self._say(visit, "PATCH", f"/api/drafts/{int(number)}/", sent, filtering.DRAFT)

    async def delete_draft(self, visit: Visit, number: str) -> "Response":
        """One's own draft, thrown away."""
        await self._own_draft(visit, int(number))
        answer = await self.desk.upstream.call("DELETE", f"/api/drafts/{int(number)}/", visit.visitor.credentials)
        return visit.json(None, answer.status_code, answer)

    async def _own(self, visit: Visit, number: int) -> Row:
        path = f"/api/annotations/{number}/"
        found = await self.desk.upstream.get(path, visit.visitor.credentials, default=None)
        if not isinstance(found, dict) or filtering.user_of(found) != visit.visitor.user:
            raise Denied()
        self.desk.plan(visit, found["project"])
        return found

    async def _own_draft(self, visit: Visit, number: int) -> Row:
        path = f"/api/drafts/{number}/"
        found = await self.desk.upstream.get(path, visit.visitor.credentials, default=None)
        if not isinstance(found, dict) or not filtering.own_draft(found, visit.visitor.account):
            raise Denied()
        await self.desk.task(visit, found["task"])
        return found

    async def _say(
        self, visit: Visit, method: str, path: str, sent: Mapping[str, Any], fields: tuple[str, ...]
    ) -> "Response":
        answer = await self.desk.upstream.call(method, path, visit.visitor.credentials, json=dict(sent))
        if answer.status_code not in (200, 201):
            return visit.json({"detail": _why(answer)}, answer.status_code)
        found = answer.json()
        if fields is filtering.ANNOTATION and visit.visitor.rater:
            self.desk.hours.add(visit.visitor.rater, found["id"], found.get("lead_time"))
        return visit.json(filtering.only(found, fields), answer.status_code, answer)

    def _gone(self, visit: Visit, found: Row, answer: "httpx.Response", fields: tuple[str, ...] | None) -> "Response":
        if answer.status_code in (201, 204):
            self.desk.queue.withdrawn(visit.visitor, found["project"], found["task"])
        body = filtering.only(answer.json(), fields) if fields and answer.status_code == 201 else None
        return visit.json(body, answer.status_code, answer)


def _sent(row: Row) -> Row:
    """What an answer may say; whose it is and what is known of it besides is not theirs to say."""
    sent = filtering.only(row, filtering.SENT)
    if not isinstance(sent.get("result", []), list):
        raise bodies.Unfit(400, "This is not an answer.")
    if isinstance(sent.get("draft_id"), bool) or not isinstance(sent.get("draft_id", 0), int):
        sent.pop("draft_id")
    if not isinstance(sent.get("was_cancelled", False), bool):
        raise bodies.Unfit(400, "This is not an answer.")
    return sent


def _why(answer: "httpx.Response") -> str:
    """Why Label Studio took no answer, without what else stands there."""
    return "This was stored already." if answer.status_code == 409 else f"Label Studio said {answer.status_code}."
