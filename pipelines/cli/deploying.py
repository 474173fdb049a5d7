"""Commands for clusters: submit, schedule."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affectory.pipelines.cli.options import DEFAULT_RECIPE, Json, Recipe, Root, Set

if TYPE_CHECKING:
    from affectory.pipelines.deploy.site import Site
    from affectory.pipelines.engines._ray_jobs import Jobs

Out = Annotated[Path, typer.Option("--out", help="Folder for the files.")]
Kind = Annotated[str, typer.Option("--kind", help="kuberay, cronjob, ray-up, compose or cron.")]
ClusterWorkspace = Annotated[
    str, typer.Option("--workspace", help="Folder or URL that every node sees. Default: by deploy.storage.")
]
ClusterReleases = Annotated[
    str, typer.Option("--releases", help="Folder or URL of releases that every node sees. Default: by deploy.storage.")
]
Cluster = Annotated[str, typer.Option("--address", help="Of the head's dashboard, such as http://head:8265.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Most tasks at once. Default: what the cluster has.")]
Rows = Annotated[int | None, typer.Option("--partition-rows", min=1, help="Records in a new partition.")]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", help="Variable to pass on from here; its value is never shown.", metavar="NAME"),
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="The cluster's token. Default: where Ray looks for it.")
]
INTERRUPTED = 130


def submit(
    recipe: Recipe = DEFAULT_RECIPE,
    address: Cluster = "",
    token_file: TokenFile = None,
    env: Env = None,
    overrides: Set = None,
    root: Root = None,
    workspace: ClusterWorkspace = "",
    releases: ClusterReleases = "",
    workers: Workers = None,
    partition_rows: Rows = None,
    refit: Annotated[bool, typer.Option("--refit", help="Fit splits and rules anew and say how much moves.")] = False,
    publishing: Annotated[bool, typer.Option("--publish/--no-publish", help="Publish what was built.")] = True,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Show the job's output until its end.")] = True,
    json: Json = False,
) -> None:
    """Build on a Ray cluster: send code and recipe as a job, follow it, and end with its exit code."""
    from affectory.pipelines.deploy.submit import Submission
    from affectory.pipelines.engines._ray_jobs import Jobs, token

    site = _site(recipe, overrides, root, workspace, releases)
    flags = {"--refit": refit, "--no-publish": not publishing, "--json": json}
    numbers = {"--workers": workers, "--partition-rows": partition_rows}
    options = [word for name, number in numbers.items() if number for word in (name, str(number))]
    options += [name for name, wanted in flags.items() if wanted]
    submission = Submission(site, tuple(options), tuple(env or ()))
    for note in submission.notes():
        print(note, file=sys.stderr)
    with submission.job() as job:
        jobs = Jobs(_address(site, address), token(token_file))
        jobs.submit(job)
    _tell(jobs, job.id, token_file)
    if follow:
        _follow(jobs, job.id, json)


def _follow(jobs: "Jobs", job: str, json: bool) -> None:
    from affectory.pipelines.deploy.submit import Following

    show = Following(json=json)
    try:
        for text in jobs.follow(job):
            show(text)
        show.close()
        ended = jobs.outcome(job)
    except KeyboardInterrupt:
        show.close()
        print(f"\nno longer followed; job {job} goes on", file=sys.stderr)
        sys.exit(INTERRUPTED)
    if ended.exit_code:
        print(f"job {job} {ended.status} with exit code {int(ended.exit_code)}: {ended.message}", file=sys.stderr)
    sys.exit(ended.exit_code)


def _site(recipe: Path, overrides: list[str] | None, root: list[str] | None, workspace: str, releases: str) -> "Site":
    from affectory.pipelines.deploy.bundle import read
    from affectory.pipelines.deploy.site import Site

    seen = tuple(place for place in root or () if place.startswith("/") or "://" in place)
    return Site(read(recipe, overrides or (), root or ()), workspace, releases, seen, tuple(overrides or ()))


def _address(site: "Site", given: str) -> str:
    from affectory.schemas.errors import UserError

    if not given and site.deploy.address:  # a recipe alone sends nobody's token anywhere
        what = f"{site.recipe.file} leads to {site.deploy.address}, which was not asked for"
        raise UserError(what, f"ask for it: --address {site.deploy.address}")
    address = given
    if not address.startswith(("http://", "https://")):
        what = f"{address!r} is no address of a dashboard" if address else "no cluster is named"
        raise UserError(what, "give --address http://HEAD:8265")
    return address.rstrip("/")


def _tell(jobs: "Jobs", job: str, token_file: Path | None) -> None:
    before = f"RAY_AUTH_MODE=token {f'RAY_AUTH_TOKEN_PATH={token_file.absolute()} ' if token_file else ''}"
    print(f"job {job} runs on {jobs.address}", file=sys.stderr)
    for what, command in (("see it", f"ray job logs --follow {job}"), ("stop it", f"ray job stop {job}")):
        print(f"  {what}: {before}{command} --address {jobs.address}", file=sys.stderr)


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
    from affectory.pipelines.deploy.schedule import write_schedule

    site = _site(recipe, overrides, root, workspace, releases)
    for path in write_schedule(site, kind, out):
        print(f"wrote {path}")
    print("each file begins with what to do with it")


COMMANDS = (submit, schedule)
