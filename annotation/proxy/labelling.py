"""What the label stream's page asks of Label Studio, answered for one rater."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affectory.annotation.proxy import filtering
from affectory.annotation.proxy.answering import Answering
from affectory.annotation.proxy.desk import Denied, Desk, Visit

if TYPE_CHECKING:
    from starlette.responses import Response

VIEW = {"id": 1, "order": 0, "data": {"type": "list", "title": "Default", "target": "tasks", "ordering": [],
        "filters": {"conjunction": "and", "items": []}, "hiddenColumns": {"explore": [], "labeling": []}}}  # fmt: skip
NONE: dict[str, Any] = {"count": 0, "next": None, "previous": None, "results": []}


@dataclass
class Labelling:
    """The part of the API that shows projects and tasks."""

    desk: Desk

    async def whoami(self, visit: Visit) -> "Response":
        """Oneself."""
        return visit.json(filtering.account(visit.visitor.account))

    async def users(self, visit: Visit) -> "Response":
        """The only user there is."""
        return visit.json([filtering.account(visit.visitor.account)])

    async def projects(self, visit: Visit) -> "Response":
        """The projects in which one is asked something."""
        rows = [await self._project(visit, number) for number in self.desk.queue.projects(visit.visitor)]
        return visit.json(NONE | {"count": len(rows), "results": rows})

    async def project(self, visit: Visit, number: str) -> "Response":
        """One project's settings for labelling."""
        return visit.json(await self._project(visit, int(number)))

    async def state(self, visit: Visit) -> "Response":
        """The same, as the page's tables ask for it."""
        return visit.json(await self._project(visit, visit.asked("project")))

    async def columns(self, visit: Visit) -> "Response":
        """The fields of a task's data, without which the page does not show them; no column says what others did."""
        project = visit.asked("project")
        self.desk.plan(visit, project)
        found = await self.desk.upstream.get("/api/dm/columns/", visit.visitor.credentials, project=str(project))
        return visit.json({"columns": filtering.columns(found.get("columns"))})

    async def views(self, visit: Visit) -> "Response":
        """One view, which is everybody's and kept nowhere."""
        return visit.json([VIEW | {"project": visit.asked("project"), "user": visit.visitor.user}])

    async def view(self, visit: Visit, number: str = "") -> "Response":
        """Views are neither made nor changed; the page is told that they were."""
        return visit.json(VIEW | {"user": visit.visitor.user})

    async def tasks(self, visit: Visit) -> "Response":
        """Nobody leafs through tasks here."""
        return visit.json({"total_annotations": 0, "total_predictions": 0, "total": 0, "tasks": []})

    async def nothing(self, visit: Visit) -> "Response":
        """An empty list, where the page insists on one."""
        return visit.json([])

    async def no_pages(self, visit: Visit) -> "Response":
        """The same, in pages."""
        return visit.json(NONE)

    async def act(self, visit: Visit) -> "Response":
        """Of all actions on tasks, the one that asks for the next."""
        if visit.request.query_params.getlist("id") != ["next_task"]:
            raise Denied()
        return await self.next(visit, str(visit.asked("project")))

    async def next(self, visit: Visit, number: str) -> "Response":
        """The task that the plan has next."""
        project = int(number)
        plan = self.desk.plan(visit, project)
        if not self.desk.rested(visit.visitor):
            return visit.json({"detail": "You have worked as much as was agreed for a week. Thank you."}, 404)
        async with self.desk.queue.lock(visit.visitor, project):
            found = await self.desk.queue.next(visit.visitor, project)
        if found is None:
            return visit.json({"detail": "There is nothing left to do. Thank you."}, 404)
        shown = filtering.task(found, visit.visitor.account, suggests=plan.suggests)
        return visit.json(shown | {"queue": "Task lock", "unique_lock_id": None})

    async def task(self, visit: Visit, number: str) -> "Response":
        """A task of one's own."""
        found = await self.desk.task(visit, int(number))
        plan = self.desk.plan(visit, found["project"])
        return visit.json(filtering.task(found, visit.visitor.account, suggests=plan.suggests))

    async def history(self, visit: Visit, number: str) -> "Response":
        """What one was shown before, to go back to."""
        self.desk.plan(visit, int(number))
        shown = await self.desk.queue.history(visit.visitor, int(number))
        return visit.json([{"taskId": task, "annotationId": None} for task in shown])

    async def _project(self, visit: Visit, number: int) -> dict[str, Any]:
        plan = self.desk.plan(visit, number)
        found = await self.desk.upstream.get(f"/api/projects/{number}/", visit.visitor.credentials, default=None)
        if not isinstance(found, dict):
            raise Denied()
        listed = plan.listed(visit.visitor.rater or "")
        done = len((await self.desk.queue.done(visit.visitor, number)).intersection(listed))
        return filtering.project(found, total=len(listed), done=done, suggests=plan.suggests)


def routes(desk: Desk) -> list[tuple[str, str, Any]]:
    """All that annotators may ask of the API: method, path, and who answers. What is not here is refused."""
    see, say = Labelling(desk), Answering(desk)
    task, number = r"/api/tasks/([0-9]{1,10})", r"([0-9]{1,10})"
    return [
        ("GET", r"/api/current-user/whoami", see.whoami),
        ("GET", r"/api/users", see.users),
        ("GET", r"/api/projects", see.projects),
        ("GET", rf"/api/projects/{number}", see.project),
        ("GET", rf"/api/projects/{number}/next", see.next),
        ("GET", rf"/api/projects/{number}/label-stream-history", see.history),
        ("GET", r"/api/dm/project", see.state),
        ("GET", r"/api/dm/columns", see.columns),
        ("GET", r"/api/dm/views", see.views),
        ("POST", r"/api/dm/views", see.view),
        ("PUT PATCH", rf"/api/dm/views/{number}", see.view),
        ("POST", r"/api/dm/actions", see.act),
        ("GET", r"/api/dm/actions", see.nothing),
        ("GET", r"/api/ml", see.nothing),
        ("GET", r"/api/label_links", see.no_pages),
        ("GET", r"/api/tasks", see.tasks),
        ("GET", task, see.task),
        ("GET", rf"{task}/annotations", say.annotations),
        ("POST", rf"{task}/annotations", say.create),
        ("GET", rf"{task}/drafts", say.drafts),
        ("POST", rf"{task}/drafts", say.draft),
        ("POST", rf"{task}/annotations/{number}/drafts", say.redraft),
        ("GET", rf"/api/annotations/{number}", say.read),
        ("PUT PATCH", rf"/api/annotations/{number}", say.change),
        ("DELETE", rf"/api/annotations/{number}", say.delete),
        ("POST", rf"/api/annotations/{number}/convert-to-draft", say.reopen),
        ("GET", rf"/api/drafts/{number}", say.read_draft),
        ("PUT PATCH", rf"/api/drafts/{number}", say.change_draft),
        ("DELETE", rf"/api/drafts/{number}", say.delete_draft),
    ]
