"""After a scan: mistakes of a recipe that only its sources show, such as one of which nothing at all could be read."""

from collections import Counter
from collections.abc import Iterator

import pyarrow.compute as pc

from affectory.pipelines.bind import MADE_OF, VERBS, Bound
from affectory.pipelines.inputs import found_files
from affectory.pipelines.judging import taken_of
from affectory.pipelines.scan import Scan
from affectory.pipelines.store.commits import Commit
from affectory.pipelines.store.workspace import Workspace
from affectory.pipelines.writers import fills, who_writes
from affectory.schemas.recipe.problems import Problem, RecipeProblems

HOPELESS = frozenset({"bad_row", "bad_encoding", "missing_key"})
"""Reasons that say that the recipe describes the file wrongly, where they meet every row."""
PASSING = frozenset({"filtered", "empty", "unreadable"})
"""Reasons for which all rows of ratings may be refused without a mistake of the recipe."""


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
        filled = False
        for stage, spec in zip(bound.stages, specs, strict=True):
            if column in stage.transform.reads() and not filled:
                message = f"{spec.name} reads `{column}`, which no step before it writes"
                yield bound.recipe.problem(spec.path, message, hint=who_writes(column))
            if column in stage.transform.writes():
                filled = fills(stage.transform, column)


def check_ratings(
    bound: Bound, workspace: Workspace, scan: Scan, imported: Commit | None, preview: bool = False
) -> None:
    """Raise for every entry of ratings none of whose files could be read as the recipe says, or none of whose rows
    could be taken, unless there is nothing to rate: a preview has few records, a source that cannot be reached none."""
    names = ["source", "reason", "detail", "uri"]
    rejects = workspace.commits().read(imported, "rejects", names) if imported else None
    if imported is None or rejects is None:
        return
    untaken = [(i, e) for i, e in enumerate(bound.ratings) if not taken_of(imported, e.name)]
    there = set(scan.index(workspace).column("source").unique().to_pylist())
    problems = []
    for index, entry in untaken:
        refused = rejects.filter(pc.equal(rejects.column("source"), entry.name)).to_pylist()
        is_rated = entry.reader.of in there and not preview
        found = _unread(bound, index, refused) or (_untaken(bound, index, refused) if is_rated else None)
        problems += [found] if found else []
    if problems:
        raise RecipeProblems(tuple(problems))


def _unread(bound: Bound, index: int, refused: list[dict[str, str]]) -> Problem | None:
    """A mistake where every file was refused as a whole."""
    entry = bound.ratings[index]
    whole = [row for row in refused if row["reason"] in HOPELESS and "#" not in row["uri"]]
    if not whole or len(whole) != len(found_files(entry.reader, entry.root)):
        return None
    given = f"{whole[0]['uri']}: {whole[0]['reason']}"
    message = f"nothing of ratings {entry.name!r} could be read"
    return bound.recipe.problem(("ratings", index), message, given, hint=whole[0]["detail"])


def _untaken(bound: Bound, index: int, refused: list[dict[str, str]]) -> Problem | None:
    """A mistake where rows were refused, and not only those that the recipe leaves out itself."""
    rows = [row for row in refused if row["reason"] not in PASSING]
    if not rows:
        return None
    (reason, count), *_ = Counter(row["reason"] for row in rows).most_common()
    first = next(row for row in rows if row["reason"] == reason)
    which = "all of them" if count == len(refused) else f"{count} of them"
    given = f"{len(refused)} refused, {which} as {reason}, the first: {first['uri']}"
    message = f"not one row of ratings {bound.ratings[index].name!r} could be taken"
    return bound.recipe.problem(("ratings", index), message, given, hint=first["detail"])


def _problem(bound: Bound, index: int, refused: list[dict[str, str]]) -> Problem:
    first = next(row for row in refused if row["reason"] in HOPELESS)
    message = f"nothing of source {bound.sources[index].name!r} could be read"
    given = f"{len(refused)} refused, the first: {first['uri']}: {first['reason']}"
    return bound.recipe.problem(("sources", index), message, given, hint=first["detail"])
