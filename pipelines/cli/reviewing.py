"""Commands of `affectory review`: plan, push, pull, status, withdraw, and the server's up and down."""

import json as json_format
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affectory.pipelines.cli.options import DEFAULT_RECIPE, Json, Recipe, Root, Set, WorkspaceDir, open_project
from affectory.pipelines.cli.serving import HomeFolder, down, up

if TYPE_CHECKING:
    from affectory.pipelines.review.desk import Desk


def plan(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    home: HomeFolder = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only print it; nothing is written.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write what is known of each sample, and why it is asked or not, to a file.")
    ] = None,
    json: Json = False,
) -> None:
    """Plan who is asked what, and print it. What is planned is in the ledger; nothing is pushed."""
    from affectory.pipelines.review.planning import make_plan, plan_text

    desk = _desk(recipe, overrides, root, workspace, home)
    with desk.alone():
        found = make_plan(desk, write=not dry)
    if out is not None:
        _write_values(found, out)
    if json:
        print(json_format.dumps([one.facts() for one in found], ensure_ascii=False))
        return
    print(plan_text(found, not dry))
    if not dry and any(one.fresh for one in found):
        print(f"  next: affectory review push {recipe}")


def push(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Bring what is planned to Label Studio.

    Each task is there once, whatever was pushed or broke off before.
    """
    from affectory.pipelines.review.pushing import Pushing

    desk = _desk(recipe, overrides, root, workspace, home)
    with desk.alone():
        found = Pushing(desk, _tell, _progress()).run()
    if json:
        print(json_format.dumps([one.facts() for one in found], ensure_ascii=False, default=str))
        return
    if not found:
        print(f"nothing is planned yet: affectory review plan {recipe}")
        return
    for one in found:
        print(f"{one}\n  {one.address}")
    print(f"  next: {_begin(desk, found[0].address)}affectory review pull {recipe}")


def _begin(desk: "Desk", address: str) -> str:
    """How raters begin, at our own server."""
    if not desk.owns_server:
        return ""
    kept, make = desk.home.passwords, f"{desk.home.command('up')} --raters FILE"
    how = f"first passwords: {kept}" if kept.exists() else f"who has no account: {make}"
    return f"raters log in at {address.partition('/projects/')[0]} ({how}); then "


def pull(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    home: HomeFolder = None,
    every: Annotated[
        float | None,
        typer.Option(
            min=1, help="Pull again every so many seconds, or when somebody answered, until stopped.", metavar="S"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Bring back what people answered, as judgements.

    It is checked, each state of an answer comes once, and the next build counts it.
    """
    from affectory.annotation.client.errors import Silent
    from affectory.pipelines.review.desk import ReviewHeld
    from affectory.pipelines.review.pulling import Pulling

    passing: tuple[type[Exception], ...] = () if every is None else (ReviewHeld,)
    while True:
        desk = _desk(recipe, overrides, root, workspace, home)
        hinted = desk.home.folder / "hinted"
        before = _stamp(hinted)
        try:
            with desk.alone():
                found = Pulling(desk, _tell, _progress()).run()
            print(json_format.dumps(found.facts(), ensure_ascii=False) if json else found, flush=True)
            passing = (ReviewHeld, Silent)  # who answered once is waited for
        except passing as passed:
            _tell(str(passed))
        if every is None:
            return
        _wait(hinted, before, every)


def status(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    home: HomeFolder = None,
    page: Annotated[Path | None, typer.Option(help="Write it as a page to look at.", metavar="FILE")] = None,
    refused: Annotated[
        Path | None, typer.Option(help="Write answers that were put aside to a CSV file, with links.", metavar="FILE")
    ] = None,
    json: Json = False,
) -> None:
    """Say how the review goes.

    Progress, agreement, reliability of raters, time per item, and answers that were put aside.
    """
    from affectory.annotation.status.page import page as as_page
    from affectory.annotation.status.quarantine import as_csv
    from affectory.pipelines.review.looking import review_status

    desk = _desk(recipe, overrides, root, workspace, home)
    found = review_status(desk)
    html = as_page(found)
    if page is not None:
        page.write_text(html, encoding="utf-8")
    if refused is not None:
        refused.write_text(as_csv(found.refused), encoding="utf-8")
    if desk.home.folder.exists():
        (desk.home.folder / "status.html").write_text(html, encoding="utf-8")
    print(json_format.dumps(found.facts(), ensure_ascii=False) if json else found.as_text())


def withdraw(
    rater: Annotated[str, typer.Argument(help="An e-mail address of the list of raters, or a pseudonym.")],
    recipe: Annotated[Path, typer.Option("--recipe", help="The recipe.")] = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    home: HomeFolder = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="What the rater judged counts no more.")] = False,
) -> None:
    """Let a rater go.

    Nothing more is asked of them, and their open asks go to others with the next plan.
    """
    from affectory.pipelines.review.leaving import leave

    desk = _desk(recipe, overrides, root, workspace, home)
    with desk.alone():
        print(leave(desk, rater, take_back=take_back))


def _desk(
    recipe: Path, overrides: list[str] | None, roots: list[str] | None, workspace: str | None, home: Path | None
) -> "Desk":
    from affectory.annotation.server.home import Home
    from affectory.pipelines.review.desk import Desk
    from affectory.pipelines.store.workspace import Workspace

    project = open_project(recipe, overrides, roots, workspace, None)
    return Desk.of(project.bound, Workspace(project.workspace), Home.at(home))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _progress() -> Callable[[str, int, int, str], None]:
    """Progress as builds tell it, once it takes longer than a moment."""
    from affectory.pipelines.events import Lines

    lines, started, what_now = Lines(), time.monotonic(), ""

    def tell(what: str, done: int, total: int, unit: str) -> None:
        nonlocal started, what_now
        if what != what_now:
            started, what_now = time.monotonic(), what
            lines({"event": "start"})
        seconds: dict[str, Any] = {"seconds": time.monotonic() - started}
        lines({"event": "progress", "what": what, "done": done, "total": total, "unit": unit, **seconds})
        if done >= total:
            lines.close()

    return tell


def _stamp(hinted: Path) -> float:
    return hinted.stat().st_mtime if hinted.exists() else 0.0


def _wait(hinted: Path, before: float, seconds: float) -> None:
    """Until it is time, or the server said that somebody answered since we began to look.

    Several answers at once are one reason to look.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and _stamp(hinted) == before:
        time.sleep(min(1.0, seconds))


def _write_values(found: Any, out: Path) -> None:
    import pyarrow as pa

    from affectory.pipelines.report import write_rows

    named = [
        one.planned.values.add_column(0, "question", pa.array([one.name] * one.planned.values.num_rows, pa.string()))
        for one in found
    ]
    write_rows(pa.concat_tables(named, promote_options="default"), out)


COMMANDS = (up, plan, push, pull, status, withdraw, down)
"""Commands of `affectory review`."""
