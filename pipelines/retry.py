"""Running failed rows again, and sweeping what no build refers to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.history import last_build, live_commits
from affectory.pipelines.runner.rejects import failed_for
from affectory.pipelines.store.assets import name_of
from affectory.pipelines.store.commits import Commit
from affectory.pipelines.store.lease import forget_probes
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.schemas.parquet import opened, read_parquet
from affectory.schemas.types import FRAMES, MEDIA, MEMBERS
from affectory.transforms.models._talking import UnreadableAnswer

_KEPT = ("records/", "hashes.sqlite")


def mark_for_retry(where: str | Path, reason: str) -> int:
    """Have the next build run the rows that failed for `reason` again; how many they are."""
    workspace = Workspace(where)
    build = last_build(workspace)
    if build is None:
        raise UserError(f"nothing was built in {where} yet")
    if reason == UnreadableAnswer.__name__:
        hint = "raise `tries` of the model or change the prompt, and build: only what is new is asked"
        raise UserError("answers that were given are kept, so the same would be read again", hint)
    marked, seen = 0, set()
    commits, files = workspace.commits(), workspace.records()
    for commit in live_commits(workspace, build):
        rejects = commits.read(commit, "rejects")
        seen |= _errors(rejects)
        failed = failed_for(rejects, reason)
        if len(failed):
            marked += len(failed)
            mark = json.dumps({"key": commit.key, "reason": reason}).encode()
            if not files.create(f"retries/{digest(commit.key)}.json", mark):
                raise UserError(f"a retry of stage {commit.stage} is waiting already", "build first, then retry again")
    if not marked:
        known = f"failed for: {', '.join(sorted(seen))}" if seen else "no row failed in the last build"
        raise UserError(f"no row failed for {reason!r}", known)
    return marked


def _errors(rejects: pa.Table | None) -> set[str]:
    if rejects is None:
        return set()
    rows = zip(rejects.column("outcome").to_pylist(), rejects.column("reason").to_pylist(), strict=True)
    return {reason for outcome, reason in rows if outcome == "failed"}


def sweep(workspace: Workspace) -> tuple[int, int]:
    """Delete derived files that the last build does not need; how many, and the bytes freed."""
    build = last_build(workspace)
    if build is None:
        return 0, 0
    live = list(live_commits(workspace, build))
    needed = {name for commit in live for name in commit.parts.values()}
    needed |= {f"commits/{key[:2]}/{key}.json" for key in build.keys}
    needed |= {f"assets/{name_of(asset)}" for commit in live for asset in _assets(workspace, commit)}
    derived = workspace.files("derived")
    sizes = {name: size for name, size in derived.sizes().items() if name not in needed and not name.startswith(_KEPT)}
    # Manifests first: a kill in between leaves parts that nothing names, never a name without its part.
    derived.discard(sorted(sizes, key=lambda name: (not name.startswith("commits/"), name)))
    forget_probes(workspace.files("lease"))
    left, half = workspace.files("").tidy()
    return len(sizes) + left, sum(sizes.values()) + half


def _assets(workspace: Workspace, commit: Commit) -> Iterator[str]:
    """Media that the rows of a commit refer to."""
    if "rows" not in commit.parts:
        return
    part = workspace.commits().part(commit, "rows")
    with opened(part) as file:
        media = [f.name for f in file.schema_arrow if f.type in (MEDIA, FRAMES, MEMBERS)]
    table = read_parquet(part, media)
    for column in table.columns:
        values = pc.list_flatten(column) if column.type in (FRAMES, MEMBERS) else column
        yield from pc.struct_field(values, "asset").drop_null().to_pylist()
