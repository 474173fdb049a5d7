"""Commands that tidy: retry failed rows, delete what is derived, sweep what nothing refers to."""

from typing import Annotated

import typer

from affectory.pipelines.cli.building import open_run
from affectory.pipelines.cli.options import (
    DEFAULT_RECIPE,
    Address,
    Engine,
    EngineOption,
    Json,
    Recipe,
    Releases,
    Root,
    Set,
    Workers,
    WorkspaceDir,
    choice,
    find_workspace,
    open_project,
)


def retry(
    reason: Annotated[str, typer.Option(help="The error whose rows to run again, as `rejects` shows it.")],
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    releases: Releases = None,
    engine: Engine = "local",
    workers: Workers = None,
    address: Address = "",
    engine_option: EngineOption = None,
    json: Json = False,
) -> None:
    """Run the rows that failed for a reason again, then build on."""
    from affectory.pipelines.build import build as run_build
    from affectory.pipelines.report import summary_text
    from affectory.pipelines.retry import mark_for_retry

    project = open_project(recipe, overrides, root, workspace, releases)
    marked = mark_for_retry(project.workspace, reason)
    options = project.options(choice(engine, workers, address, engine_option))
    with open_run(project.workspace, json=json) as run:
        run.tell("say", text=f"running {marked} failed row{'s' * (marked != 1)} again")
        summary = run_build(project.bound, options, run)
        run.tell("summary", **summary.facts())
    if not json:
        print(summary_text(summary, recipe, workspace))


def clean(
    recipe: Recipe = DEFAULT_RECIPE,
    workspace: WorkspaceDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete everything that is derived; ledgers, fits and releases stay."""
    from affectory.pipelines.events import size
    from affectory.pipelines.store.workspace import Workspace

    found = Workspace(find_workspace(recipe, workspace))
    if not yes and not typer.confirm(f"Delete what is derived in {found.derived}? Ledgers, fits and releases stay."):
        raise typer.Exit(0)
    with found.lease() as lease:
        print(f"freed {size(found.held(lease.epoch).clean())}; ledgers, fits and releases are untouched")


def gc(recipe: Recipe = DEFAULT_RECIPE, workspace: WorkspaceDir = None) -> None:
    """Delete derived parts and media that the last build does not refer to."""
    from affectory.pipelines.events import size
    from affectory.pipelines.retry import sweep
    from affectory.pipelines.store.workspace import Workspace

    found = Workspace(find_workspace(recipe, workspace))
    with found.lease() as lease:
        files, freed = sweep(found.held(lease.epoch))
    print(f"deleted {files} file{'s' * (files != 1)}, freed {size(freed)}")


COMMANDS = (retry, clean, gc)
