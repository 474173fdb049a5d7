"""The command that takes a person out of everything."""

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from affectory.pipelines.cli.options import (
    DEFAULT_RECIPE,
    Json,
    Recipe,
    Releases,
    Root,
    Set,
    WorkspaceDir,
    open_project,
)


def forget(
    person: Annotated[str, typer.Option(help="Who: a pseudonym (p_...), or the name as it stands in the data.")],
    reason: Annotated[str, typer.Option(help="Why, as the next release says it: without naming anybody.")],
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    releases: Releases = None,
    home: Annotated[Path | None, typer.Option(help="Folder of the review server. Default: this user's own.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; change nothing.")] = False,
    json: Json = False,
) -> None:
    """Take a person out of ledgers, tables, caches and Label Studio, and keep them from coming back."""
    from affectory.pipelines.forget.forgetting import Forgetting
    from affectory.pipelines.store.workspace import Workspace

    project = open_project(recipe, overrides, root, workspace, releases)

    def tell(line: str) -> None:
        typer.echo(line, err=json)

    with Forgetting(project.bound, Workspace(project.workspace), project.releases, tell, home).alone() as forgetting:
        plan = forgetting.plan(person, reason)
        if not json:
            print(plan.as_text())
        if dry_run or not (yes or _agreed(json)):
            print(json_format.dumps(plan.facts(), ensure_ascii=False)) if json else print("nothing was changed")
            return
        done = forgetting.forget(plan)
    print(json_format.dumps({**plan.facts(), **done.facts()}, ensure_ascii=False) if json else done.as_text())


def _agreed(json: bool) -> bool:
    """Nothing goes for good that nobody said yes to."""
    from affectory.schemas.errors import UserError

    unasked = UserError("nobody said yes to removing all of it, and nothing was changed", "say it with --yes")
    if json:
        raise unasked
    try:
        return typer.confirm("Remove all of it for good?")
    except typer.Abort:
        raise unasked from None


COMMANDS = (forget,)
