"""Options that several commands share, and how they lead to a bound recipe and its folders."""

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
Releases = Annotated[Path | None, typer.Option("--releases", help="Where releases lie.")]
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
    releases: Path

    def options(self, engine: "Choice", partition_rows: int | None = None, refit: bool = False) -> "Options":
        from affectory.pipelines.build import Options

        return Options(self.workspace, self.releases, engine, partition_rows, None, refit)


def open_project(
    recipe: Path, overrides: list[str] | None, roots: list[str] | None, workspace: str | None, releases: Path | None
) -> Project:
    """Read, check and bind a recipe; options on the command line win over what it says."""
    from affectory.pipelines.bind import read_and_bind

    bound = read_and_bind(recipe, overrides or (), roots or ())
    found, made = folders(bound.recipe.spec, recipe.absolute().parent, workspace, releases)
    return Project(bound, found, made)


def folders(spec: "RecipeSpec", beside: Path, workspace: str | None, releases: Path | None) -> "tuple[Location, Path]":
    """The workspace and the folder of releases."""
    return _workspace(spec, beside, workspace), (releases or beside / spec.publish.to).absolute()


def _workspace(spec: "RecipeSpec", beside: Path, given: str | None) -> "Location":
    from affectory.schemas.urls import Url, is_url

    if given is not None:
        return absolute(given)
    named = spec.workspace or ".affectory"
    return Url(named.rstrip("/")) / spec.dataset if is_url(named) else (beside / named / spec.dataset).absolute()


def absolute(workspace: str) -> "Location":
    """A workspace as given on the command line, whatever the folder it is looked at from."""
    from affectory.schemas.urls import read_location

    found = read_location(workspace, "--workspace", ("s3",))
    return found.absolute() if isinstance(found, Path) else found


@dataclass(frozen=True)
class Built:
    """A workspace and the manifest of its last build."""

    workspace: "Workspace"
    record: "BuildRecord"
    releases: Path


def open_built(recipe: Path, workspace: str | None, releases: Path | None = None) -> Built:
    """The last build of a recipe's workspace, without checking what the recipe would do now."""
    from affectory.pipelines.history import last_build
    from affectory.pipelines.store.workspace import Workspace
    from affectory.schemas.errors import UserError

    where, made = find_folders(recipe, workspace, releases)
    found = Workspace(where)
    record = last_build(found)
    if record is None:
        raise UserError(f"nothing was built in {where} yet", f"build it: affectory build {recipe}")
    return Built(found, record, made)


def find_workspace(recipe: Path, workspace: str | None) -> "Location":
    """The workspace as the option or the recipe says."""
    return absolute(workspace) if workspace else find_folders(recipe, None, None)[0]


def find_folders(recipe: Path, workspace: str | None, releases: Path | None) -> "tuple[Location, Path]":
    """Folders as the options and the recipe say; the recipe is only read where an option is missing."""
    if workspace and releases:
        return absolute(workspace), releases.absolute()
    from affectory.schemas.recipe.load import load_recipe_partly
    from affectory.schemas.recipe.problems import RecipeProblems

    read, problems = load_recipe_partly(recipe)
    if read is None:
        raise RecipeProblems(problems)
    return folders(read.spec, recipe.absolute().parent, workspace, releases)
