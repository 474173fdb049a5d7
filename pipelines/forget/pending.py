"""Tasks and answers of a person in Label Studio: deleted now, or as soon as the server is there again.

What is waiting needs no list: tasks are known by the keyed hashes of their ids, raters by those of their pseudonyms.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from affectory.pipelines.bind import Bound
from affectory.pipelines.forget.traces import Tell
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import AffectoryError

if TYPE_CHECKING:
    from affectory.annotation.client.server import Server
    from affectory.pipelines.review.desk import Desk

_PENDING = "forgotten/pending"


def note(workspace: Workspace) -> None:
    """Something may lie in Label Studio."""
    workspace.files("ledgers").create(_PENDING, b"")


def is_waiting(workspace: Workspace) -> bool:
    """Whether something may lie there still."""
    return workspace.files("ledgers").exists(_PENDING)


def clear(bound: Bound, workspace: Workspace, tell: Tell, home: Path | None = None) -> str:
    """Delete what lies there; what was done, or why it waits, in words. The review's folder needs no server."""
    if bound.review is None:
        lost = "the recipe has no `review` any more: put it back, and forget once more or push"
        return lost if is_waiting(workspace) else ""
    from affectory.annotation.server.home import Home
    from affectory.pipelines.forget.label_studio import take_out_of_home
    from affectory.pipelines.review.desk import Desk

    desk = Desk.of(bound, workspace, Home.at(home))
    take_out_of_home(desk)
    if not is_waiting(workspace):
        return ""
    try:
        with desk.server(tell) as server:
            return delete_waiting(desk, server)
    except (AffectoryError, OSError) as error:
        first = str(error).splitlines()[0]
        return f"their tasks are there still ({first}); the next `forget` or `review push` deletes them"


def delete_waiting(desk: "Desk", server: "Server") -> str:
    """Delete what waits for it; what was done, in words."""
    if not is_waiting(desk.workspace):
        return ""
    from affectory.pipelines.forget.label_studio import take_out, take_out_of_home

    take_out_of_home(desk)
    tasks, answers = take_out(desk, server)
    desk.workspace.files("ledgers").discard([_PENDING])
    return f"{tasks} tasks deleted with their answers, and {answers} answers of theirs about others"
