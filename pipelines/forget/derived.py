"""Taking a person out of what is derived and of fits: whatever holds anything of them goes, and is made anew."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.forget.traces import Finder, Traces, leaves
from affectory.pipelines.scan import latest_scan_key
from affectory.pipelines.store.assets import name_of
from affectory.pipelines.store.files import Files, PartFile, is_remote, local_path
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import digest
from affectory.schemas.parquet import read_parquet

_ASSET = re.compile(r"[0-9a-f]{64}")
_KEPT_APART = ("ledgers", "fits", "lease", "review-lease", "derived", "forgetting")


def take_out(workspace: Workspace, traces: Traces) -> None:
    """Delete what is derived of the person; media that nothing is left to name go as well."""
    derived = workspace.files("derived")
    scan = _scan_without(workspace, traces)
    gone = set(_found(derived, traces.derived, ("parts/", "exchanges/")))
    commits = [name for name in derived.names("commits") if not gone.isdisjoint(_parts_of(derived, name))]
    gone |= {part for name in commits for part in _parts_of(derived, name)}
    records = [name for name in derived.names("records") if name != scan]
    derived.discard([*records, *commits, *sorted(gone)])
    named = set(_assets_named(derived))
    derived.discard([name for name in derived.names("assets") if name not in named])
    _take_out_fits(workspace.fits(), traces)
    _take_out_others(workspace, traces)
    _take_out_halves(workspace)


def _parts_of(files: Files, manifest: str) -> list[str]:
    return list(json.loads(files.read(manifest))["parts"].values())


def _found(files: Files, finder: Finder, folders: tuple[str, ...]) -> Iterator[str]:
    """Files of these folders in which anything is found."""
    for name in files.names():
        if name.startswith(folders) and _holds(files, name, finder):
            yield name


def _holds(files: Files, name: str, finder: Finder) -> bool:
    if finder.in_text(name):
        return True
    if name.endswith(".parquet"):
        return finder.in_table(read_parquet(PartFile(files.location, name)))
    return finder.in_bytes(files.read(name))


def _assets_named(files: Files) -> Iterator[str]:
    for name in files.names("parts"):
        if name.endswith(".parquet"):
            for column in read_parquet(PartFile(files.location, name)).columns:
                for leaf in leaves(column):
                    yield from (f"assets/{name_of(asset)}" for asset in _ASSET.findall("\n".join(leaf)))


def _scan_without(workspace: Workspace, traces: Traces) -> str | None:
    """The last scan without the partitions that the person is in, so that all others stay as they are laid out."""
    key, commits = latest_scan_key(workspace), workspace.commits(workspace.epoch)
    if key is None or not commits.has(key):
        return None
    index = commits.read(commits.get(key), "records")
    if index is None:
        return None
    torn = pc.unique(index.filter(_rows_of(index, traces)).column("root"))
    left = index.filter(pc.invert(pc.is_in(index.column("root"), value_set=torn)))
    without = digest("forgotten", left.column("record_id").to_pylist())
    if not commits.has(without):
        commits.commit(without, "scan", commits.get(key).counts, {"records": left}, {})
    return _remembered(workspace, without, key)


def _rows_of(index: pa.Table, traces: Traces) -> pa.ChunkedArray:
    return pc.is_in(index.column("record_id"), value_set=pa.array(traces.records, pa.string()))


def _remembered(workspace: Workspace, without: str, key: str) -> str:
    names = list(workspace.records().names("scans"))
    if without != key:
        number = int(names[-1].rpartition("/")[2].partition(".")[0]) + 1
        names.append(f"scans/{number:08d}.json")
        workspace.records().create(names[-1], json.dumps({"key": without}).encode())
    return f"records/{names[-1]}"


def _take_out_fits(fits: Files, traces: Traces) -> None:
    """Of each fit the version that holds, without the person; the earlier ones go."""
    names = [name for name in fits.names() if name.endswith(".parquet")]
    newest = {name.rpartition("/")[0]: name for name in names}
    fits.discard([name for name in names if name not in newest.values()])
    for name in newest.values():
        table = read_parquet(PartFile(fits.location, name))
        mine = traces.derived.rows(table) | _grouped_so(table, frozenset(traces.groups))
        if mine.any():
            _next_version(fits, name, table.filter(pa.array(~mine)))


def _grouped_so(table: pa.Table, groups: frozenset[str]) -> Any:
    """The rows about groups in which nobody else is."""
    found = np.zeros(table.num_rows, bool)
    for name in ("unit", "group", "instead"):
        if name in table.column_names:
            known = pc.is_in(table.column(name), value_set=pa.array(sorted(groups), pa.string()))
            found |= np.asarray(known.combine_chunks(), bool)
    return found


def _next_version(fits: Files, name: str, table: pa.Table) -> None:
    folder, _, number = name.removesuffix(".parquet").rpartition("/")
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    fits.create(f"{folder}/{int(number) + 1:06d}.parquet", buffer.getvalue())
    fits.discard([name])


def _take_out_others(workspace: Workspace, traces: Traces) -> None:
    """Previews, logs, and whatever else lies in the workspace and holds something of them."""
    files = workspace.files("")
    names = [name for name in files.names() if name.partition("/")[0] not in _KEPT_APART]
    files.discard([name for name in names if name.startswith("preview-") or _holds(files, name, traces.derived)])


def _take_out_halves(workspace: Workspace) -> None:
    """What writers left half written: nobody else writes here now."""
    if not is_remote(workspace.root):
        for path in local_path(workspace.root).rglob(".tmp/*"):
            path.unlink(missing_ok=True)
