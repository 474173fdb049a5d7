"""The command that looks at a build as the gate does, without publishing it."""

import typer

from affectory.pipelines.cli.building import open_run
from affectory.pipelines.cli.options import DEFAULT_RECIPE, Json, Recipe, Root, Set, WorkspaceDir, open_project


def validate(
    recipe: Recipe = DEFAULT_RECIPE,
    overrides: Set = None,
    root: Root = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Look at what was built last as the gate does: all rules, the whole suite, and the recipe's audits."""
    from affectory.pipelines.publish import inspect_last
    from affectory.schemas.errors import Exit

    project = open_project(recipe, overrides, root, workspace, None)
    with open_run(project.workspace, json=json) as run:
        found = inspect_last(project.bound, project.workspace, project.releases, run)
        run.tell("gate", **found.facts(), kept_at=found.kept_at)
    if not json:
        print(f"{found.as_text()}\n  written to    {found.kept_at}")
    if found.blocking:
        raise typer.Exit(Exit.GATE)


COMMANDS = (validate,)
