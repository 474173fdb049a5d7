"""Which sample somebody means who knows an id, a key that they declared, or a file."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.history import BuildRecord, rejects
from affectory.pipelines.scan import load_scan
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.parquet import read_parquet

_MOST, _TEXT = 20, 60
_MADE = ("image", "audio", "video")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ROW = re.compile(r"(.+)#L(\d+)", re.DOTALL)
Chain = tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A sample, and the partition that it lies in."""

    chain: Chain
    sample_id: str


def the_one(workspace: Workspace, build: BuildRecord, wanted: str) -> Found:
    """The sample that is meant; where it is none or several, an error that says which there are."""
    found = all_of(workspace, build, wanted)
    if len(found) > 1:
        more = f"\n  ... and {len(found) - _MOST} more" if len(found) > _MOST else ""
        raise UserError(f"{wanted!r} leads to {len(found)} samples: name one of them", _lines(workspace, found) + more)
    return found[0]


def all_of(workspace: Workspace, build: BuildRecord, wanted: str) -> list[Found]:
    """All samples that are meant, a file's to the last one; where it is none, an error that says why."""
    records = [wanted]
    found = _by_id(workspace, build, wanted)
    if not found:
        records = _records(workspace, build, wanted) or records
        found = _of_records(workspace, build, records)
    if not found and (asset := _asset(wanted)):
        records = _of_asset(workspace, asset) or records
        found = _of_records(workspace, build, records) or _showing(workspace, build, asset)
    if not found:
        message = f"no sample, record, opinion, judgement, key or file {wanted!r} in the last build"
        raise UserError(message, _why(workspace, build, wanted, records))
    return found


def _asset(wanted: str) -> str:
    """The sha256 that is given, or that of the file that is; empty where it is neither."""
    if _SHA256.fullmatch(wanted):
        return wanted
    path = Path(wanted)
    if not wanted or "\0" in wanted or not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_asset(workspace: Workspace, asset: str) -> list[str]:
    """Records that were read from a file of these bytes, whatever it was called then."""
    found: list[str] = []
    for path in workspace.ledger("sources").segments():
        rows = read_parquet(path, ["record_id", "asset_id"])
        found += rows.filter(pc.equal(rows["asset_id"], asset))["record_id"].to_pylist()
    return list(dict.fromkeys(found))


def _showing(workspace: Workspace, build: BuildRecord, asset: str) -> list[Found]:
    """Samples whose own media, as they were made, are these bytes."""
    found = []
    for chain, table in _tables(workspace, build, "samples", ["sample_id", *_MADE]):
        mine = _any([pc.fill_null(pc.equal(pc.struct_field(table[name], "asset"), asset), False) for name in _MADE])
        found += [Found(chain, sample) for sample in table["sample_id"].filter(mine).to_pylist()]
    return found


def _tables(
    workspace: Workspace, build: BuildRecord, name: str, columns: list[str]
) -> Iterator[tuple[Chain, pa.Table]]:
    """Chosen columns of a table, partition by partition."""
    commits = workspace.commits()
    for chain in (c for c in build.chains if commits.has(c[-1])):
        table = commits.read(commits.get(chain[-1]), name, columns)
        if table is not None:
            yield chain, table


def _by_id(workspace: Workspace, build: BuildRecord, wanted: str) -> list[Found]:
    for name, ids in (("samples", ["sample_id"]), ("opinions", ["opinion_id", "judgement_id"])):
        for chain, table in _tables(workspace, build, name, list(dict.fromkeys(["sample_id", *ids]))):
            mine = table.filter(_any([pc.equal(table.column(i), wanted) for i in ids]))
            if mine.num_rows:
                return [Found(chain, sample) for sample in pc.unique(mine.column("sample_id")).to_pylist()]
    return []


def _of_records(workspace: Workspace, build: BuildRecord, records: list[str]) -> list[Found]:
    wanted = pa.array(records, pa.string())
    found = []
    for chain, table in _tables(workspace, build, "samples", ["sample_id", "anchor"]):
        mine = table.filter(pc.is_in(pc.struct_field(table.column("anchor"), "record"), value_set=wanted))
        found += [Found(chain, sample) for sample in mine.column("sample_id").to_pylist()]
    return found


def _records(workspace: Workspace, build: BuildRecord, wanted: str) -> list[str]:
    """Records as the scan knows them: by id or key, else by place, else by a part of a place; duplicates too."""
    if not workspace.commits().has(build.scan):
        return []
    scan = load_scan(workspace, build.scan)
    for ways in zip(*(_ways(t, wanted) for t in (scan.index(workspace), scan.aliases(workspace))), strict=True):
        if records := [record for way in ways for record in way.column("record_id").to_pylist()]:
            return list(dict.fromkeys(records))
    return []


def _ways(table: pa.Table, wanted: str) -> Iterator[pa.Table]:
    """The rows that `wanted` may name, the surest way first."""
    yield table.filter(_any([pc.equal(table.column(c), wanted) for c in ("record_id", "key")]))
    uri, row = _place(wanted)
    if row is not None and "row" in table.column_names:
        table = table.filter(pc.equal(table.column("row"), row))
    yield table.filter(pc.equal(table.column("uri"), uri))
    beyond = pa.array(_endings(uri), pa.string())
    near = [pc.ends_with(table.column("uri"), f"/{uri}"), pc.is_in(table.column("uri"), value_set=beyond)]
    yield table.filter(_any(near))


def _any(masks: Sequence[Any]) -> Any:
    found = masks[0]
    for mask in masks[1:]:
        found = pc.or_kleene(found, mask)
    return found


def _place(wanted: str) -> tuple[str, int | None]:
    """`lines.jsonl#L3` names a row of a file."""
    match = _ROW.fullmatch(wanted)
    uri, row = (match[1], int(match[2])) if match else (wanted, None)
    return uri.removeprefix("./"), row


def _endings(uri: str) -> list[str]:
    """A source's files are known relative to its root; people name them from where they stand."""
    parts = uri.split("/")
    return ["/".join(parts[start:]) for start in range(1, len(parts))]


def _why(workspace: Workspace, build: BuildRecord, wanted: str, records: list[str]) -> str:
    """What became of it, where it was not kept."""
    place, ids = wanted.removeprefix("./"), {wanted, *records}
    named = {place, *_endings(place)}

    def meant(row: dict[str, Any]) -> bool:
        uri = row["uri"] or ""
        files = {uri, uri.partition("#L")[0]} - {""}
        of_file = named & files or any(file.endswith(f"/{place}") for file in files)
        return bool(ids & {row["sample_id"], row["record_id"], row["reject_id"]} or of_file)

    columns = ["sample_id", "record_id", "reject_id", "uri", "outcome", "stage", "reason", "detail"]
    found = [row for row in rejects(workspace, build).select(columns).to_pylist() if meant(row)]
    return "\n  ".join(f"{r['outcome']} at {r['stage']}: {r['reason']}, {r['detail']}" for r in found[:_MOST])


def _lines(workspace: Workspace, found: list[Found]) -> str:
    shown = {f.sample_id: "" for f in found[:_MOST]}
    commits = workspace.commits()
    for chain in dict.fromkeys(f.chain for f in found[:_MOST]):
        table = commits.read(commits.get(chain[-1]), "samples", ["sample_id", "kind", "anchor", "uri", "text"])
        assert table is not None
        for row in table.filter(pc.is_in(table.column("sample_id"), value_set=pa.array(shown))).to_pylist():
            shown[row["sample_id"]] = _line(row)
    return "\n  ".join(shown.values())


def _line(row: dict[str, Any]) -> str:
    text = " ".join((row["text"] or "").split())
    said = text if len(text) <= _TEXT else f"{text[: _TEXT - 3]}..."
    return f"{row['sample_id']}  {row['kind']}  {span(row['anchor'])}  {row['uri']}  {said}".rstrip()


def span(anchor: dict[str, Any]) -> str:
    """Where in its record a sample lies, for people."""
    if anchor["start_us"] is not None:
        return f"{anchor['start_us'] / 1e6:.3f} s to {anchor['end_us'] / 1e6:.3f} s"
    if anchor["char_start"] is not None:
        return f"characters {anchor['char_start']} to {anchor['char_end']}"
    if anchor.get("box") is not None:
        return "x {:g}, y {:g}, {:g} by {:g} pixels".format(*anchor["box"])
    return "the whole of it"
