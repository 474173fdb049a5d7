"""After a scan: mistakes of a recipe that only its sources show, such as one of which nothing at all could be read."""

from collections.abc import Iterator

from affectory.pipelines.bind import MADE_OF, VERBS, Bound, who_writes
from affectory.pipelines.inputs import found_files
from affectory.pipelines.scan import Scan
from affectory.pipelines.store.commits import Commit
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.problems import Problem, RecipeProblems

HOPELESS = frozenset({"bad_row", "bad_encoding", "missing_key"})
"""Reasons that say that the recipe describes the file wrongly, where they meet every row."""


def check_sources(bound: Bound, workspace: Workspace, scan: Scan) -> None:
    """Raise for every source that gave rows and not one record."""
    commits = workspace.commits()
    rejects = commits.read(commits.get(scan.key), "rejects", ["source", "reason", "detail", "uri"])
    read = set(scan.index(workspace).column("source").to_pylist())
    refused: dict[str, list[dict[str, str]]] = {}
    for row in rejects.to_pylist() if rejects else ():
        refused.setdefault(row["source"], []).append(row)
    problems = [
        _problem(bound, index, refused[entry.name])
        for index, entry in enumerate(bound.sources)
        if entry.name not in read and {row["reason"] for row in refused.get(entry.name, ())} & HOPELESS
    ]
    problems += _unmade(bound, scan)
    if problems:
        raise RecipeProblems(tuple(problems))


def _unmade(bound: Bound, scan: Scan) -> Iterator[Problem]:
    """Steps that look at the stills of videos, where there are videos and no step before takes stills."""
    specs = [spec for verb in VERBS for spec in bound.recipe.steps(verb)]
    for column, kinds in MADE_OF.items():
        if not any(root.kind in kinds for root in scan.roots):
            continue
        for stage, spec in zip(bound.stages, specs, strict=True):
            if column in stage.transform.writes():
                break
            if column in stage.transform.reads():
                message = f"{spec.name} reads `{column}`, which no step before it writes"
                yield bound.recipe.problem(spec.path, message, hint=who_writes(column))


def check_ratings(bound: Bound, workspace: Workspace, imported: Commit | None) -> None:
    """Raise for every entry of ratings none of whose files could be read as the recipe says."""
    if imported is None:
        return
    rejects = workspace.commits().read(imported, "rejects", ["source", "reason", "detail", "uri"])
    refused: dict[str, list[dict[str, str]]] = {}
    for row in rejects.to_pylist() if rejects else ():
        if row["reason"] in HOPELESS and "#" not in row["uri"]:
            refused.setdefault(row["source"], []).append(row)
    problems = []
    for index, entry in enumerate(bound.ratings):
        files = len(found_files(entry.reader, entry.root))
        if len(refused.get(entry.name, ())) == files > 0:
            first = refused[entry.name][0]
            given = f"{first['uri']}: {first['reason']}"
            message = f"nothing of ratings {entry.name!r} could be read"
            problems.append(bound.recipe.problem(("ratings", index), message, given, hint=first["detail"]))
    if problems:
        raise RecipeProblems(tuple(problems))


def _problem(bound: Bound, index: int, refused: list[dict[str, str]]) -> Problem:
    first = next(row for row in refused if row["reason"] in HOPELESS)
    message = f"nothing of source {bound.sources[index].name!r} could be read"
    given = f"{len(refused)} refused, the first: {first['uri']}: {first['reason']}"
    return bound.recipe.problem(("sources", index), message, given, hint=first["detail"])
