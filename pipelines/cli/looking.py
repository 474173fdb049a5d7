"""Commands that look at what was built: status, rejects, trace, releases, diff."""

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affectory.pipelines.cli.options import (
    DEFAULT_RECIPE,
    Json,
    Recipe,
    Releases,
    WorkspaceDir,
    find_releases,
    find_workspace,
    open_built,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from affectory.pipelines.cli.options import Built
    from affectory.pipelines.runner.stage import Stage
    from affectory.schemas.urls import Location

RecipeOption = Annotated[Path, typer.Option("--recipe", help="The recipe.")]


def status(
    recipe: Recipe = DEFAULT_RECIPE, workspace: WorkspaceDir = None, releases: Releases = None, json: Json = False
) -> None:
    """Say what was built last, stage by stage, whether a build is at work, and which release is the latest."""
    from affectory.pipelines.report import status_of

    found = status_of(find_workspace(recipe, workspace), find_releases(recipe, releases))
    print(json_format.dumps(found.facts(), default=str) if json else found.as_text())


def rejects(
    recipe: Recipe = DEFAULT_RECIPE,
    workspace: WorkspaceDir = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason or error.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only this stage.")] = None,
    withheld: Annotated[bool, typer.Option(help="Also what a release of today would hold back.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show; all are counted.")] = 50,
    out: Annotated[Path | None, typer.Option(help="Write all of them to a Parquet, CSV or JSONL file.")] = None,
    json: Json = False,
) -> None:
    """List every row that was not kept, with its reason."""
    from affectory.pipelines.history import rejects as all_rejects
    from affectory.pipelines.report import chosen_rejects, rejects_text, write_rows

    built = open_built(recipe, workspace)
    found = all_rejects(built.workspace, built.record)
    if withheld:
        found = with_withheld(found, recipe, built)
    table = chosen_rejects(found, reason, stage)
    if out is not None:
        write_rows(table, out)
    if json:
        for row in table.to_pylist():
            print(json_format.dumps(row, ensure_ascii=False))
    else:
        print(rejects_text(table, limit))


def with_withheld(found: "pa.Table", recipe: Path, built: "Built") -> "pa.Table":
    """The rows that were not kept, and those that a release of today would hold back."""
    import pyarrow as pa

    from affectory.pipelines.bind import read_and_bind
    from affectory.pipelines.purposes.withholding import withheld_today

    bound = read_and_bind(recipe, (), ())
    return pa.concat_tables([found, withheld_today(bound, built.workspace, built.record).rejects()])


def trace(
    sample_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Id of a sample, record, opinion or judgement; a declared key; a file, or the sha256 of one.",
        ),
    ],
    recipe: RecipeOption = DEFAULT_RECIPE,
    workspace: WorkspaceDir = None,
    release: Annotated[
        str | None, typer.Option(help="Ask a release alone, which may be another's: a version, folder or address.")
    ] = None,
    releases: Releases = None,
    json: Json = False,
) -> None:
    """Follow a sample back to its file and to every opinion, prompt and label; of a file, list all that came of it."""
    if release is not None:
        from affectory.pipelines.following.released import trace_in

        found: Any = trace_in(release_path(release, recipe, releases), sample_id)
    else:
        found = _traced(recipe, workspace, sample_id)
    print(json_format.dumps(found.facts(), ensure_ascii=False, default=str) if json else found.as_text())


def _traced(recipe: Path, workspace: str | None, wanted: str) -> Any:
    """One sample in full, or a line for each of several."""
    from affectory.pipelines.finding import all_of
    from affectory.pipelines.following.forward import forward
    from affectory.pipelines.trace import trace as follow

    built = open_built(recipe, workspace)
    found = all_of(built.workspace, built.record, wanted)
    if len(found) > 1:
        return forward(built.workspace, built.record, wanted)
    return follow(built.workspace, built.record, wanted, _stages(recipe))


def _stages(recipe: Path) -> "Sequence[Stage]":
    """Those of the recipe as it is now; none where it cannot be read, and then no answers of models are looked for."""
    from affectory.pipelines.bind import read_and_bind
    from affectory.schemas.errors import AffectoryError

    try:
        return read_and_bind(recipe, (), ()).stages
    except (AffectoryError, OSError) as error:
        print(f"answers of models are left out, as {recipe} cannot be read: {error}", file=sys.stderr)
        return ()


def releases(
    recipe: Recipe = DEFAULT_RECIPE, releases: Releases = None, workspace: WorkspaceDir = None, json: Json = False
) -> None:
    """List the releases, oldest first."""
    from affectory.pipelines.release.shelf import list_releases
    from affectory.pipelines.report import release_line

    where = find_releases(recipe, releases)
    found_there = list_releases(where)
    if not found_there and not json:
        print(f"nothing was published in {where} yet")
    for found in found_there:
        print(json_format.dumps(found.__dict__, default=str) if json else release_line(found))


def diff(
    a: Annotated[str, typer.Argument(help="A release's version, folder or address.")],
    b: Annotated[str, typer.Argument(help="The other release.")],
    recipe: RecipeOption = DEFAULT_RECIPE,
    releases: Releases = None,
    page: Annotated[Path | None, typer.Option(help="Write all of it as a page that needs nothing else.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write every row that changed to a Parquet, CSV or JSONL file.")
    ] = None,
    draws: Annotated[
        int, typer.Option(min=0, help="Draws for intervals of shifts; 0 compares rows only, which is quicker.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of these draws.")] = 0,
    json: Json = False,
) -> None:
    """Compare two releases: rows that changed, labels that moved, how far labels, raters and agreement shifted."""
    from affectory.pipelines.cli.waiting import told_when_slow
    from affectory.pipelines.comparing.compared import compared

    places = [release_path(name, recipe, releases) for name in (a, b)]
    with told_when_slow(f"{draws} draws for each interval; --draws 0 does without"):
        found = compared(places[0], places[1], draws, seed)
    if page is not None:
        from affectory.pipelines.comparing.page import page as shown

        page.write_text(shown(found), encoding="utf-8")
    if out is not None:
        _write_changed(places, out)
    print(json_format.dumps(found.as_json(), ensure_ascii=False, default=str) if json else found.as_text())


def _write_changed(places: "list[Location]", out: Path) -> None:
    from affectory.pipelines.comparing.joined import joined
    from affectory.pipelines.comparing.rows import changed_rows, write_changed
    from affectory.pipelines.release.diff import Side

    a, b = map(Side.of, places)
    write_changed(changed_rows(a, b, joined(a, b)), out)


def release_path(name: str, recipe: Path, releases: str | None) -> "Location":
    """Where a release lies, given as that or as a version."""
    from affectory.pipelines.release.shelf import shelf_at
    from affectory.schemas.errors import UserError
    from affectory.schemas.urls import is_url, read_location

    if is_url(name) or (Path(name) / "manifest.json").exists():
        return read_location(name, "release")
    known = _known(name, recipe, releases)
    if name not in known and Path(name).is_dir():
        raise UserError(f"{name} is no release: it holds no manifest.json", "name the folder of one version")
    where = find_releases(recipe, releases)
    if name not in known:
        raise UserError(f"no release {name!r} in {where}", f"there are: {', '.join(known) or 'none'}")
    return shelf_at(where).place(name)


def _known(name: str, recipe: Path, releases: str | None) -> list[str]:
    """The versions that lie where the recipe says, or the option."""
    from affectory.pipelines.release.shelf import shelf_at
    from affectory.schemas.errors import UserError

    if releases is not None or recipe.exists():
        return [found.version for found in shelf_at(find_releases(recipe, releases)).releases()]
    if Path(name).is_dir():
        return []
    told = f"there is no {recipe} that says where the release {name} lies"
    raise UserError(told, "name the folder of the version, or give --recipe or --releases")


COMMANDS = (status, rejects, trace, releases, diff)
