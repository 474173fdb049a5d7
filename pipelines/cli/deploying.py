"""Commands for clusters: submit, schedule."""

from pathlib import Path
from typing import Annotated

import typer

from affectory.pipelines.cli.options import DEFAULT_RECIPE, Recipe, Root, Set

Out = Annotated[Path, typer.Option("--out", help="Folder for the files.")]
Kind = Annotated[str, typer.Option("--kind", help="kuberay, cronjob, ray-up, compose or cron.")]
ClusterWorkspace = Annotated[
    str, typer.Option("--workspace", help="Folder or URL that every node sees. Default: by deploy.storage.")
]
ClusterReleases = Annotated[
    str, typer.Option("--releases", help="Folder or URL of releases that every node sees. Default: by deploy.storage.")
]


def schedule(
    recipe: Recipe = DEFAULT_RECIPE,
    out: Out = Path("deploy"),
    kind: Kind = "kuberay",
    overrides: Set = None,
    root: Root = None,
    workspace: ClusterWorkspace = "",
    releases: ClusterReleases = "",
) -> None:
    """Write the files that build a dataset by schedule, from the recipe's `deploy`; nothing is started."""
    from affectory.pipelines.deploy.bundle import read
    from affectory.pipelines.deploy.schedule import write_schedule
    from affectory.pipelines.deploy.site import Site

    site = Site(read(recipe, overrides or (), root or ()), workspace, releases)
    for path in write_schedule(site, kind, out):
        print(f"wrote {path}")
    print("each file begins with what to do with it")


COMMANDS = (schedule,)
