"""Options that several commands share, and how they lead to a bound recipe and its folders."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from affectory.pipelines.bind import Bound
    from affectory.pipelines.build import Options
    from affectory.pipelines.engines.base import Choice
    from affectory.pipelines.history import BuildRecord
    from affectory.pipelines.store.workspace import Workspace
    from affectory.schemas.recipe.model import RecipeSpec
    from affectory.schemas.urls import Location

Recipe = Annotated[Path, typer.Argument(help="The recipe.")]
DEFAULT_RECIPE = Path("recipe.yaml")
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Override a key: publish.splits.train=0.7", metavar="KEY=VALUE")
]
Root = Annotated[
    list[str] | None, typer.Option("--root", help="A further folder or address that the recipe may read or write.")
]
WorkspaceDir = Annotated[
    str | None, typer.Option("--workspace", help="Folder or s3:// address where ledgers, tables and caches lie.")
]
Releases = Annotated[
    str | None, typer.Option("--releases", help="Folder, s3:// address or hf://datasets/org/name where releases lie.")
]
Engine = Annotated[str, typer.Option("--engine", help="What to build on: local, ray or beam.")]
Address = Annotated[
    str, typer.Option("--address", help="Of a running Ray cluster: auto, HOST:PORT or ray://. Default: a local one.")
]
EngineOption = Annotated[
    list[str] | None,
    typer.Option("--engine-option", help="Handed to the engine: --runner=FlinkRunner", metavar="OPTION"),
]
Workers = Annotated[
    int | None,
    typer.Option(min=0, max=1024, help="Worker processes; 0 runs all in this one (local). Default: by the machine."),
]
MaxCalls = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Put at most so many questions to the recipe's models; then stop with exit code 6. Answers are kept, the "
        "next build goes on.",
        metavar="N",
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Likewise for money, by `price` of the models: stop once answers came to so much. What is under way then, "
        "at most a batch of each process, is paid on top.",
        metavar="AMOUNT",
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", help="Publish although this check fails; the reason is published.", metavar="CHECK=REASON"),
]
Sign = Annotated[
    Path | None, typer.Option("--sign", help="Sign the release with this private key of ssh.", metavar="KEYFILE")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def choice(engine: str, workers: int | None, address: str, options: list[str] | None) -> "Choice":
    """The engine that was asked for."""
    from affectory.pipelines.engines.base import Choice

    return Choice(engine, workers, address, tuple(options or ()))


@dataclass(frozen=True)
class Project:
    """A bound recipe with its folders."""

    bound: "Bound"
    workspace: "Location"
    releases: "Location"

    def options(self, engine: "Choice", partition_rows: int | None = None, refit: bool = False) -> "Options":
        from affectory.pipelines.build import Options

        return Options(self.workspace, self.releases, engine, partition_rows, None, refit)


def open_project(
    recipe: Path, overrides: list[str] | None, roots: list[str] | None, workspace: str | None, releases: str | None
) -> Project:
    """Read, check and bind a recipe; options on the command line win over what it says."""
    from affectory.pipelines.bind import read_and_bind

    bound = read_and_bind(recipe, overrides or (), roots or ())
    spec, beside = bound.recipe.spec, recipe.absolute().parent
    project = Project(bound, _workspace(spec, beside, workspace), _releases(spec, beside, releases))
    _refuse_derived(project)
    return project


def _refuse_derived(project: Project) -> None:
    """What is derived may be deleted at any time."""
    from affectory.pipelines.store.workspace import Workspace
    from affectory.schemas.errors import UserError
    from affectory.schemas.urls import is_url

    derived, releases = Workspace(project.workspace).derived, str(project.releases)
    if not is_url(derived):
        derived, releases = os.path.realpath(derived), releases if is_url(releases) else os.path.realpath(releases)
    if f"{releases}/".startswith(f"{derived}/"):
        raise UserError(f"releases in {derived} would be deleted by `affectory clean`", "choose a place beside it")


def _workspace(spec: "RecipeSpec", beside: Path, given: str | None) -> "Location":
    from affectory.schemas.urls import Url, is_url

    if given is not None:
        return absolute(given)
    named = spec.workspace or ".affectory"
    return Url(named.rstrip("/")) / spec.dataset if is_url(named) else (beside / named / spec.dataset).absolute()


def _releases(spec: "RecipeSpec", beside: Path, given: str | None) -> "Location":
    from affectory.schemas.urls import Url, is_url

    if given is not None:
        return absolute(given, "--releases", ("s3", "hf"))
    named = spec.publish.to
    return Url(named.rstrip("/")) if is_url(named) else (beside / named).absolute()


def absolute(given: str, what: str = "--workspace", schemes: tuple[str, ...] = ("s3",)) -> "Location":
    """A place as given on the command line, whatever the folder it is looked at from."""
    from affectory.schemas.urls import read_location

    found = read_location(given, what, schemes)
    return found.absolute() if isinstance(found, Path) else found


@dataclass(frozen=True)
class Built:
    """A workspace and the manifest of its last build."""

    workspace: "Workspace"
    record: "BuildRecord"


def open_built(recipe: Path, workspace: str | None) -> Built:
    """The last build of a recipe's workspace, without checking what the recipe would do now."""
    from affectory.pipelines.history import last_build
    from affectory.pipelines.store.workspace import Workspace
    from affectory.schemas.errors import UserError

    where = find_workspace(recipe, workspace)
    found = Workspace(where)
    record = last_build(found)
    if record is None:
        raise UserError(f"nothing was built in {where} yet", f"build it: affectory build {recipe}")
    return Built(found, record)


def find_workspace(recipe: Path, workspace: str | None) -> "Location":
    """The workspace as the option or the recipe says."""
    if workspace:
        return absolute(workspace)
    spec = _spec(recipe)
    _refuse_unasked(recipe, "workspace", spec.workspace or "")
    return _workspace(spec, recipe.absolute().parent, None)


def find_releases(recipe: Path, releases: str | None) -> "Location":
    """The place of releases as the option or the recipe says."""
    if releases:
        return absolute(releases, "--releases", ("s3", "hf"))
    spec = _spec(recipe)
    _refuse_unasked(recipe, "releases", spec.publish.to)
    return _releases(spec, recipe.absolute().parent, None)


def _spec(recipe: Path) -> "RecipeSpec":
    from affectory.schemas.recipe.load import load_recipe_partly
    from affectory.schemas.recipe.problems import RecipeProblems

    read, problems = load_recipe_partly(recipe)
    if read is None:
        raise RecipeProblems(problems)
    return read.spec


def _refuse_unasked(recipe: Path, what: str, named: str) -> None:
    """A recipe alone sends nobody's credentials anywhere."""
    from affectory.schemas.errors import UserError
    from affectory.schemas.urls import is_url, masked

    if is_url(named):
        shown = masked(named)
        raise UserError(f"{recipe} leads to {shown}, which was not asked for", f"ask for it: --{what} {shown}")
