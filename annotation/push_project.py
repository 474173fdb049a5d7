"""The project that a set of questions has in Label Studio: made once, found again by our key, told what changed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from affectory.annotation.client.errors import Uncertain
from affectory.annotation.client.listing import UNTOUCHED, counts, filtered, paged
from affectory.annotation.client.server import Server
from affectory.annotation.client.settling import rest
from affectory.annotation.found import ProjectSpec
from affectory.schemas.errors import UserError

SHORTEST_TITLE, LONGEST_TITLE = 3, 50
MODEL = "affectory"
"""The model version of all our predictions: Label Studio shows those of one version alone."""
TWINS_WITHIN = timedelta(hours=1)
TRIES = 4
UNUSED = "Unused, may be deleted"
FOUND = "id,title,description,created_at"


@dataclass(frozen=True)
class Home:
    """A project that exists, and the overlap that a task gets there which nobody tells otherwise."""

    number: int
    overlap: int
    tasks: int


def settled(server: Server, spec: ProjectSpec, overlap: int, tell: Callable[[str], None]) -> Home:
    """The project of this key, as the spec wants it. `overlap` counts as long as it is empty."""
    found, tries, made = _found(server, spec), 0, 0
    while not found and tries < TRIES:
        made = _make(server, spec, overlap)
        found, tries = _found(server, spec), tries + 1
    if not found:
        raise UserError(f"Label Studio at {server.url} made no project {spec.title!r}.", "Run the same again.")
    for twin in found[1:]:
        _part(server, found[0], twin, tell)
    number = int(found[0]["id"])
    return Home(number, overlap, 0) if number == made else _told(server, spec, number, overlap)


def known(server: Server, spec: ProjectSpec) -> int | None:
    """The number of the project of this key, if it is there."""
    found = _found(server, spec)
    return int(found[0]["id"]) if found else None


def marker(key: str) -> str:
    """What stands in a project's description, so that it is found again under any title."""
    return f"[affectory:{key}]"


def _found(server: Server, spec: ProjectSpec) -> list[dict[str, Any]]:
    sign = re.compile(re.escape(marker(spec.key)))
    rows = paged(server, "/api/projects/", "results", include=FOUND)
    return sorted((row for row in rows if sign.search(row.get("description") or "")), key=lambda row: int(row["id"]))


def _make(server: Server, spec: ProjectSpec, overlap: int) -> int:
    """Its number, or 0 where nobody knows. Two that do it at once make two, of which the lower number stays."""
    body = {**_wanted(spec), "description": marker(spec.key), "maximum_annotations": overlap}
    try:
        return int(server.post("/api/projects/", {**body, "sampling": "Sequential sampling"})["id"])
    except Uncertain:
        rest(server, lambda: len(_found(server, spec)), 1)
        return 0


def _told(server: Server, spec: ProjectSpec, number: int, overlap: int) -> Home:
    """Its overlap is not touched once there are tasks: Label Studio would set that of all of them."""
    there = server.get(f"/api/projects/{number}/")
    wanted = _wanted(spec)
    if there["task_number"] == 0:
        wanted["maximum_annotations"] = overlap
    elif spec.suggests and there["total_predictions_number"]:
        wanted["model_version"] = MODEL
    changed = {key: value for key, value in wanted.items() if there.get(key) != value}
    if changed:
        server.patch(f"/api/projects/{number}/", changed)
    mine = int(wanted.get("maximum_annotations", there["maximum_annotations"]))
    return Home(number, mine, int(there["task_number"]))


def _wanted(spec: ProjectSpec) -> dict[str, Any]:
    return {
        "title": spec.title.strip()[:LONGEST_TITLE].ljust(SHORTEST_TITLE, "."),
        "label_config": spec.config,
        "expert_instruction": spec.instructions,
        "show_instruction": bool(spec.instructions),
        "show_collab_predictions": spec.suggests,
    }


def _part(server: Server, first: dict[str, Any], twin: dict[str, Any], tell: Callable[[str], None]) -> None:
    """Two pushes at once made the project twice; one that a person copied by hand is let be.

    No project is ever deleted: meanwhile Label Studio counts nothing of what raters store anywhere, and where two
    are deleted at the same time, not until it is started anew.
    """
    number = int(twin["id"])
    if _moments_apart(first, twin) and not counts(server, number).annotations:
        nothing = {"selectedItems": {"all": True, "excluded": []}, "filters": filtered(UNTOUCHED)}
        server.patch(f"/api/projects/{number}/", {"title": UNUSED, "description": f"made twice; see {first['id']}"})
        server.act("/api/dm/actions", nothing, id="delete_tasks", project=number)
        return
    tell(f"Label Studio has our project {first['id']} a second time, as {number}: it is left alone, and not read")


def _moments_apart(first: dict[str, Any], twin: dict[str, Any]) -> bool:
    try:
        times = [datetime.fromisoformat(str(row["created_at"])) for row in (first, twin)]
    except (KeyError, ValueError):
        return False
    return abs(times[1] - times[0]) < TWINS_WITHIN and first["title"] == twin["title"]
