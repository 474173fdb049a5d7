"""Commands that make something: plan, build, publish."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affectory.pipelines.cli.options import (
    DEFAULT_RECIPE,
    Address,
    Allow,
    Engine,
    EngineOption,
    Json,
    MaxCalls,
    MaxCost,
    Recipe,
    Releases,
    Root,
    Set,
    Sign,
    Workers,
    WorkspaceDir,
    choice,
    open_project,
)

if TYPE_CHECKING:
    from affectory.pipelines.events import Run

PartitionRows = Annotated[int | None, typer.Option(min=1, help="Records in a new partition. Default: by kind.")]


def plan(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Show what a build would do, and which judgements would find no sample; nothing is built."""
    from affectory.pipelines.planning import show_plan

    project = open_project(recipe, overrides, root, workspace, None)
    found = show_plan(project.bound, project.workspace)
    print(found.as_json() if json else found.as_text())


def build(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    releases: Releases = None,
    engine: Engine = "local",
    workers: Workers = None,
    address: Address = "",
    engine_option: EngineOption = None,
    partition_rows: PartitionRows = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only this many records of each source, as a preview.")
    ] = None,
    refit: Annotated[bool, typer.Option("--refit", help="Fit splits and rules anew and say how much moves.")] = False,
    publishing: Annotated[
        bool, typer.Option("--publish/--no-publish", help="Publish a release of what was built.")
    ] = True,
    max_calls: MaxCalls = None,
    max_cost: MaxCost = None,
    allow: Allow = None,
    sign: Sign = None,
    json: Json = False,
) -> None:
    """Build the dataset and publish a release; what is done already is not done again."""
    from affectory.pipelines.build import build as run_build
    from affectory.pipelines.gate import read_allowed
    from affectory.pipelines.report import summary_text
    from affectory.pipelines.store.budget import Limits
    from affectory.pipelines.store.files import below
    from affectory.schemas.urls import as_location

    project = open_project(recipe, overrides, root, workspace, releases)
    chosen = choice(engine, workers, address, engine_option)
    options = replace(project.options(chosen, partition_rows, refit), publish=publishing)
    options = replace(options, limits=Limits(max_calls, max_cost), allow=read_allowed(allow or ()), signing=sign)
    if sample is not None:
        preview = below(project.workspace, f"preview-{sample}")
        options = replace(options, workspace=preview, releases=as_location(below(preview, "releases")), sample=sample)
    with open_run(options.workspace, json=json) as run:
        summary = run_build(project.bound, options, run)
        run.tell("summary", **summary.facts())
    if not json:
        print(summary_text(summary, recipe, workspace if sample is None else options.workspace))


def publish(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    releases: Releases = None,
    allow: Allow = None,
    sign: Sign = None,
    json: Json = False,
) -> None:
    """Publish what was built last, without looking at the sources again."""
    from affectory.pipelines.gate import read_allowed
    from affectory.pipelines.publish import publish_last
    from affectory.pipelines.report import how

    project, allowed = open_project(recipe, overrides, root, workspace, releases), read_allowed(allow or ())
    with open_run(project.workspace, json=json) as run:
        release = publish_last(project.bound, project.workspace, project.releases, run, allowed, sign)
        run.tell("release", version=release.version, path=release.path, hash=release.hash, unchanged=release.unchanged)
    if not json:
        print(f"{release.version} ({'unchanged' if release.unchanged else how(release)})\n  {release.path}")


def open_run(where: str | Path, *, json: bool) -> "Run":
    """A run with its log in the workspace, told to the terminal or as JSON."""
    from affectory.pipelines.events import KeptLog, Lines, Run, as_json
    from affectory.pipelines.store.files import below, is_remote
    from affectory.pipelines.store.workspace import Workspace

    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}.jsonl"
    workspace, told = Workspace(where), as_json(sys.stdout) if json else Lines()
    log, runs = workspace.log(name), workspace.runs()
    return Run(log, (told, KeptLog(log, runs)), below(runs.location, name)) if is_remote(where) else Run(log, (told,))


COMMANDS = (plan, build, publish)
