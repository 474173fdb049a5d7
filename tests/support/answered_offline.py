"""A review whose answers come from no server: what is asked lies in the ledgers of a small project of texts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from support.forms import answered_result
from support.project import Project, texts

from affectory.annotation.found import Annotation
from affectory.annotation.server.home import Home
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.returning import Returning, asked_by_task
from affectory.pipelines.store.workspace import Workspace

RATERS = ("ann", "bob", "cyd")


def reviewed(folder: Path, count: int, review: dict[str, Any], raters: Sequence[str] = RATERS) -> Project:
    """So many lines, built, with a review by these raters; what follows a name is what they are: `eve,expert`."""
    made = texts(folder, count)
    listed = [f"{name}@x.org,{relation or 'crowd'}" for name, _, relation in (rater.partition(",") for rater in raters)]
    (folder / "raters.csv").write_text("\n".join(["email,relation", *listed]))
    asking(made, review)
    made.build(publish=False)
    return made


def asking(project: Project, review: dict[str, Any]) -> None:
    """The recipe with another review."""
    recipe = {**yaml.safe_load(project.recipe.read_text()), "review": {"raters_file": "raters.csv", **review}}
    project.recipe.write_text(yaml.safe_dump({**recipe, "ratings": []}, sort_keys=False))


def desk(project: Project) -> Desk:
    """As a command opens it."""
    return Desk.of(project.bound(), Workspace(project.workspace), Home(project.folder / "home"))


def open_asks(at: Desk) -> list[dict[str, Any]]:
    """Those that are open, each as its newest revision has it."""
    newest = {row["ask_id"]: row for row in sorted(at.asks().to_pylist(), key=lambda row: int(row["revision"]))}
    return [row for row in newest.values() if row["closed"] is None]


def answer(at: Desk, asks: Sequence[dict[str, Any]], says: Callable[[dict[str, Any]], str], **more: Any) -> None:
    """Each of these asks of somebody is answered with a label, and what more is said."""
    form = at.review.forms()["main", "text"]
    asked, found, before = asked_by_task(at.asks().to_pylist()), [], at.returns().num_rows
    for number, ask in enumerate(asks, before + 1):
        result = tuple(answered_result(form, asked[ask["task"]].shown, {"categories": [says(ask)], **more}))
        one = Annotation(number, number, ask["task"], "", "stored", f"2026-11-30T10:00:{number % 60:02}Z", 9.0, result)
        found.append((one, ask["rater"]))
    came = Returning("s", at.review.forms(), asked, at.judgements(), at.returns(), at.review.review.floors).take(found)
    at.workspace.ledger("judgements").append(came.judgements)
    at.workspace.ledger("returns").append(came.returns)
