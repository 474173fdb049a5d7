"""Which task somebody is asked next: the plan decides, Label Studio says what is answered already."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from affectory.annotation.proxy.filtering import others, own
from affectory.annotation.proxy.home import Assigned, Facts
from affectory.annotation.proxy.upstream import Upstream
from affectory.annotation.proxy.who import Visitor

HELD_S = 3 * 3600.0
"""How long a task that anyone may answer is kept for whom it was shown to."""
REMEMBERED_S = 20.0
FULL_S = 300.0
CHUNK, PAGE = 60, 1000


@dataclass
class _Done:
    at: float
    tasks: set[int]


@dataclass
class Queue:
    """Who holds, has answered and may be asked which task."""

    upstream: Upstream
    facts: Facts
    _held: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    _done: dict[tuple[int, int], _Done] = field(default_factory=dict)
    _full: dict[int, float] = field(default_factory=dict)
    _shown: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    _locks: dict[tuple[int, str | None], asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def lock(self, visitor: Visitor, project: int) -> asyncio.Lock:
        """Held while a task is given out or answered, so that nobody answers twice, nor one too many."""
        plan = self.plan(visitor, project)
        alone = plan is not None and visitor.rater in plan.raters
        return self._locks[project, visitor.rater if alone else None]

    def projects(self, visitor: Visitor) -> dict[int, Assigned]:
        """The projects in which a visitor is asked something."""
        rater = visitor.rater
        return {} if rater is None else {n: a for n, a in self.facts.projects().items() if a.listed(rater)}

    def plan(self, visitor: Visitor, project: int) -> Assigned | None:
        """What they are asked in one project."""
        return self.projects(visitor).get(project)

    async def next(self, visitor: Visitor, project: int) -> dict[str, Any] | None:
        """The whole task, as Label Studio has it, that comes next; the caller holds the lock."""
        plan = self.plan(visitor, project)
        if plan is None or visitor.rater is None:
            return None
        done = await self.done(visitor, project)
        left = [task for task in plan.listed(visitor.rater) if task not in done]
        if visitor.rater not in plan.raters:
            return await self._open(visitor, project, plan, left)
        return await self._first(visitor, project, left)

    async def open(self, visitor: Visitor, project: int) -> bool:
        """Whether there is more for them to do, without giving it out."""
        plan = self.plan(visitor, project)
        if plan is None or visitor.rater is None:
            return False
        done = await self.done(visitor, project)
        left = [task for task in plan.listed(visitor.rater) if task not in done]
        for start in range(0, len(left), CHUNK):
            part = left[start : start + CHUNK]
            if any(self._holds(visitor.user, task) for task in part):
                return True
            if await self._unfilled(visitor, project, plan, part):
                return True
        return False

    async def may_see(self, visitor: Visitor, project: int, task: int) -> bool:
        """Whether a task is theirs: on their list, or anyone's and held or answered by them."""
        plan = self.plan(visitor, project)
        if plan is None or visitor.rater is None or not plan.asks(visitor.rater, task):
            return False
        return (
            visitor.rater in plan.raters or self._holds(visitor.user, task) or task in await self.done(visitor, project)
        )

    def may_answer(self, visitor: Visitor, plan: Assigned, task: int, annotations: Any) -> bool:
        """Whether an answer is still wanted from them; the caller holds the lock and knows that it may be asked."""
        if visitor.rater in plan.raters or self._holds(visitor.user, task):
            return True
        return self._places(visitor.user, plan, task, annotations) > 0

    async def done(self, visitor: Visitor, project: int) -> set[int]:
        """The tasks that they have answered or skipped."""
        found = self._done.get((project, visitor.user))
        if found is None or monotonic() - found.at > REMEMBERED_S:
            found = self._done[project, visitor.user] = _Done(monotonic(), await self._answered(visitor, project))
        return found.tasks

    def answered(self, visitor: Visitor, project: int, task: int) -> None:
        """Notes that they answered a task."""
        self._held[task].pop(visitor.user, None)
        if found := self._done.get((project, visitor.user)):
            found.tasks.add(task)

    def withdrawn(self, visitor: Visitor, project: int, task: int) -> None:
        """Notes that they took an answer back; the task stays theirs."""
        self._full.pop(task, None)
        self._held[task][visitor.user] = monotonic()
        if found := self._done.get((project, visitor.user)):
            found.tasks.discard(task)

    async def history(self, visitor: Visitor, project: int) -> list[int]:
        """What they were shown before, oldest first."""
        shown = self._shown[project, visitor.user]
        plan = self.plan(visitor, project)
        done = await self.done(visitor, project)
        if plan is None or visitor.rater is None:
            return []
        earlier = [task for task in plan.listed(visitor.rater) if task in done and task not in shown]
        return [*earlier, *shown]

    async def _answered(self, visitor: Visitor, project: int) -> set[int]:
        one = {"filter": "filter:tasks:annotators", "operator": "contains", "type": "List", "value": visitor.user}
        return {row["id"] async for row in self._list(visitor, project, {"filters": _all(one)}, "id")}

    async def _list(self, visitor: Visitor, project: int, query: dict[str, Any], include: str) -> Any:
        page, seen, total = 1, 0, 1
        while seen < total:
            found = await self.upstream.get(
                "/api/tasks", visitor.credentials, project=str(project), page=str(page), page_size=str(PAGE),
                query=json.dumps(query), include=include, fields="task_only",
            )  # fmt: skip
            rows, total = found["tasks"], found["total"]
            for row in rows:
                yield row
            page, seen = page + 1, seen + len(rows)
            if not rows:
                return

    async def _first(self, visitor: Visitor, project: int, tasks: Iterable[int]) -> dict[str, Any] | None:
        for number in tasks:
            task = await self._task(visitor, project, number)
            if task is not None and not own(task.get("annotations"), visitor.user):
                self._show(visitor, project, number)
                return task
        return None

    async def _open(
        self, visitor: Visitor, project: int, plan: Assigned, tasks: Sequence[int]
    ) -> dict[str, Any] | None:
        """What they hold already, else the first with a place left."""
        held = [task for task in tasks if self._holds(visitor.user, task)]
        if found := await self._first(visitor, project, held):
            return found
        now = monotonic()
        tasks = [task for task in tasks if now - self._full.get(task, -FULL_S) >= FULL_S]
        for start in range(0, len(tasks), CHUNK):
            free = await self._unfilled(visitor, project, plan, tasks[start : start + CHUNK])
            for number in free:
                task = await self._task(visitor, project, number)
                if task and self._places(visitor.user, plan, number, task.get("annotations")) > 0:
                    self._held[number][visitor.user] = monotonic()
                    if found := await self._first(visitor, project, [number]):
                        return found
        return None

    async def _unfilled(self, visitor: Visitor, project: int, plan: Assigned, tasks: Sequence[int]) -> list[int]:
        query = {"selectedItems": {"all": False, "included": list(tasks)}}
        counts = {
            r["id"]: r["total_annotations"] async for r in self._list(visitor, project, query, "id,total_annotations")
        }
        for task in tasks:
            if counts.get(task, 0) >= plan.overlap(task):
                self._full[task] = monotonic()
        return [task for task in tasks if task in counts and task not in self._full]

    async def _task(self, visitor: Visitor, project: int, number: int) -> dict[str, Any] | None:
        task = await self.upstream.get(f"/api/tasks/{number}/", visitor.credentials, default=None)
        return task if isinstance(task, dict) and task.get("project") == project else None

    def _show(self, visitor: Visitor, project: int, number: int) -> None:
        shown = self._shown[project, visitor.user]
        if number not in shown:
            shown.append(number)

    def _holds(self, user: int, task: int) -> bool:
        return monotonic() - self._held[task].get(user, -HELD_S) < HELD_S if task in self._held else False

    def _places(self, user: int, plan: Assigned, task: int, annotations: Any) -> int:
        answered = others(annotations, user)
        holding = {other for other in self._held.get(task, {}) if other != user and self._holds(other, task)}
        return plan.overlap(task) - len(answered | holding)


def _all(*items: dict[str, Any]) -> dict[str, Any]:
    return {"conjunction": "and", "items": list(items)}
