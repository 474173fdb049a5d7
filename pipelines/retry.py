"""Running failed rows again, and sweeping what no build refers to."""

import json
from pathlib import Path

import pyarrow as pa

from affectory.pipelines.history import last_build, live_commits
from affectory.pipelines.runner.rejects import failed_for
from affectory.pipelines.store.assets import name_of
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest


def mark_for_retry(where: Path, reason: str) -> int:
    """Have the next build run the rows that failed for `reason` again; how many they are."""
    workspace = Workspace(where)
    build = last_build(workspace)
    if build is None:
        raise UserError(f"nothing was built in {where} yet")
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
    live = {name for commit in live_commits(workspace, build) for name in commit.parts.values()}
    live |= {f"commits/{key[:2]}/{key}.json" for key in build.keys}
    live |= {f"assets/{name_of(asset)}" for asset in _assets(workspace, build.finished)}
    kept = ("records/", "hashes.sqlite")
    files = freed = 0
    for path in sorted(p for p in workspace.derived.rglob("*") if p.is_file()):
        name = path.relative_to(workspace.derived).as_posix()
        if name not in live and not name.startswith(kept):
            files, freed = files + 1, freed + path.stat().st_size
            path.unlink()
    return files, freed


def _assets(workspace: Workspace, finished: list[str]) -> set[str]:
    from affectory.pipelines.history import parts, read_parts
    from affectory.schemas.derived import SAMPLES

    media = ["image", "audio", "video", "frames"]
    rows = read_parts(parts(workspace, finished, "samples"), SAMPLES.schema, media).to_pylist()
    single = {row[name]["asset"] for row in rows for name in media[:3] if row[name]}
    return single | {frame["asset"] for row in rows for frame in row["frames"] or ()}
