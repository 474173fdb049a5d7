"""What lies in a Label Studio, as a push needs to know it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from affectory.annotation.client.errors import Refused
from affectory.annotation.client.server import Server

PAGE = 1000
TASK_FIELDS = "id,data,overlap,total_annotations,cancelled_annotations,total_predictions,is_labeled"


@dataclass(frozen=True)
class Lying:
    """A task that lies there; `uid` is empty where somebody else brought it."""

    number: int
    uid: str
    content: str
    overlap: int = 1
    answers: int = 0
    skips: int = 0
    predictions: int = 0
    finished: bool = False
    """Whether raters are offered it no more."""


@dataclass(frozen=True)
class Counts:
    """How much lies in a project, counted by the server at this moment."""

    tasks: int
    predictions: int
    annotations: int


def tasks(server: Server, project: int) -> Iterator[Lying]:
    """All tasks of a project, by their numbers: from number to number, so that what is deleted meanwhile moves none."""
    yield from map(_lying, _by_number(server, project, TASK_FIELDS))


Condition = tuple[str, str, str, Any]
"""Of the Data Manager: of what, how compared, its type, and with what."""


def _by_number(server: Server, project: int, fields: str, where: Sequence[Condition] = ()) -> Iterator[dict[str, Any]]:
    last, asked = 0, {"project": project, "include": fields, "page_size": PAGE, "resolve_uri": "false"}
    while True:
        filters = filtered([("id", "greater", "Number", last), *where])
        rows = server.get("/api/tasks/", **asked, query=json.dumps({"filters": filters, "ordering": ["tasks:id"]}))[
            "tasks"
        ]
        yield from rows
        if len(rows) < PAGE:
            return
        last = max(int(row["id"]) for row in rows)


def answered(server: Server, project: int, numbers: Sequence[int] = ()) -> dict[int, tuple[int, int]]:
    """How many answers and skips the answered ones of these tasks (or of all) have, from the annotations themselves.

    The counts that Label Studio keeps with each task are not to be trusted: while somebody deletes a project, and for
    ever once two did so at the same time, its process does not count what raters store.
    """
    found: dict[int, tuple[int, int]] = {}
    parts = [numbers[i : i + AT_ONCE] for i in range(0, len(numbers), AT_ONCE)] if numbers else [()]
    for part in parts:
        for task in exported(server, project, part):
            skips = sum(bool(one.get("was_cancelled")) for one in task["annotations"])
            found[int(task["id"])] = (len(task["annotations"]) - skips, skips)
    return found


def exported(server: Server, project: int, numbers: Sequence[int] = ()) -> Iterator[dict[str, Any]]:
    """Answered tasks with all that was answered; of these numbers, or all that there are. One may come twice."""
    asked = {"exportType": "JSON", "download_all_tasks": "false"}
    return server.stream(f"/api/projects/{project}/export", **asked, **({"ids[]": list(numbers)} if numbers else {}))


AT_ONCE = 200
"""Tasks that are asked for in one request: their numbers stand in its address."""


def changed_since(server: Server, project: int, since: str) -> Iterator[int]:
    """Numbers of tasks that were changed, or answered, or lost an answer, after this time of the server."""
    for row in _by_number(server, project, "id", [("updated_at", "greater", "Datetime", since)]):
        yield int(row["id"])


def changed_since_count(server: Server, project: int, since: str) -> int:
    """How many these are."""
    query = json.dumps({"filters": filtered([("updated_at", "greater", "Datetime", since)])})
    return int(server.get("/api/tasks/", project=project, include="id", page_size=1, query=query)["total"])


def emails(server: Server) -> dict[int, str]:
    """Everybody's address, by their number."""
    return {int(user["id"]): str(user["email"]) for user in server.get("/api/users/")}


def paged(server: Server, path: str, within: str, **params: Any) -> Iterator[dict[str, Any]]:
    """The rows of all pages; past the last one Label Studio answers 404."""
    seen, page = 0, 1
    while True:
        try:
            answer = server.get(path, page=page, page_size=PAGE, **params)
        except Refused as refused:
            if refused.status == 404 and page > 1:
                return
            raise
        rows = answer[within]
        yield from rows
        seen, page = seen + len(rows), page + 1
        if not rows or seen >= int(answer.get("total", answer.get("count", 0))):
            return


def counts(server: Server, project: int) -> Counts:
    """Its tasks, predictions and annotations (skipped ones too)."""
    found = server.get("/api/projects/", ids=project, include=COUNTED)["results"]
    if not found:
        raise gone(server, project)
    row = found[0]
    answers = int(row["total_annotations_number"]) + int(row["skipped_annotations_number"])
    return Counts(int(row["task_number"]), int(row["total_predictions_number"]), answers)


COUNTED = "id,task_number,total_predictions_number,total_annotations_number,skipped_annotations_number"


def gone(server: Server, project: int) -> Refused:
    """The project is not there any more."""
    return Refused(f"Project {project} is not in Label Studio at {server.url} any more.", "Push again.", 404)


UNTOUCHED: tuple[Condition, ...] = (
    ("total_annotations", "equal", "Number", 0),
    ("cancelled_annotations", "equal", "Number", 0),
    ("draft_exists", "equal", "Boolean", False),
)
"""What the server itself looks at when it deletes: nobody has answered meanwhile, or begun to."""


def filtered(items: Sequence[Condition]) -> dict[str, Any]:
    """Conditions of the Data Manager that must all hold."""
    rows = [{"filter": f"filter:tasks:{what}", "operator": how, "type": kind, "value": value}
            for what, how, kind, value in items]  # fmt: skip
    return {"conjunction": "and", "items": rows}


def _lying(task: dict[str, Any]) -> Lying:
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    return Lying(
        number=int(task["id"]),
        uid=_text(data.get("uid")),
        content=_text(data.get("content")),
        overlap=int(task["overlap"]),
        answers=int(task["total_annotations"]),
        skips=int(task["cancelled_annotations"]),
        predictions=int(task["total_predictions"]),
        finished=bool(task["is_labeled"]),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
