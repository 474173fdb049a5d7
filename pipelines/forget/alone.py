"""What only the records of a person have: further recordings of their events, and groups in which nobody else is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.forget.parts import parts
from affectory.pipelines.records import FILE_KINDS
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.parquet import opened, read_parquet

_GROUPED = ("session", "dialogue", "extra", "members")
_NEEDED = ("sample_id", "anchor")


@dataclass
class Alone:
    """The samples of some records; of groups and recordings only those in which no other record is."""

    samples: set[str] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=dict)
    """By value of a session, a dialogue or a key of `extra` the names that fits have for it."""
    assets: dict[str, str] = field(default_factory=dict)
    """Recordings that are members of an event, each with its place."""

    @classmethod
    def of(cls, workspace: Workspace, records: set[str]) -> "Alone":
        found = cls()
        if records:
            wanted = pa.array(sorted(records), pa.string())
            for rows in _rows(workspace, wanted, theirs=True):
                found._add(rows)
            for rows in _rows(workspace, wanted, theirs=False):
                found._leave(rows)
            found._leave_records(workspace, wanted)
        return found

    @property
    def names(self) -> set[str]:
        """Of groups, as fits have them."""
        return {name for names in self.groups.values() for name in names}

    def _add(self, rows: pa.Table) -> None:
        self.samples.update(rows.column("sample_id").drop_null().to_pylist())
        for row in rows.select([n for n in (*_GROUPED, "source") if n in rows.column_names]).to_pylist():
            for value, name in _named(row):
                self.groups.setdefault(value, set()).add(name)
            for member in row.get("members") or ():
                if member.get("asset") and member.get("uri"):
                    self.assets[member["asset"]] = f"{row.get('source')}/{member['uri']}"

    def _leave(self, rows: pa.Table) -> None:
        """What others have as well is theirs."""
        for name in (name for name in _GROUPED if name in rows.column_names):
            for value in _among(_values(rows.column(name)), self.assets if name == "members" else self.groups):
                (self.assets if name == "members" else self.groups).pop(value, None)

    def _leave_records(self, workspace: Workspace, records: pa.Array) -> None:
        table = workspace.ledger("sources").read(["record_id", "asset_id", "kind"])
        others = pc.invert(pc.is_in(table.column("record_id"), value_set=records))
        files = table.filter(pc.and_(others, pc.is_in(table.column("kind"), value_set=pa.array(FILE_KINDS))))
        for asset in _among(files.column("asset_id"), self.assets):
            self.assets.pop(asset)


def _named(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each group of a row by its value, as splits and near-duplicates name it."""
    source = row.get("source")
    for kind in ("session", "dialogue"):
        if value := row.get(kind):
            yield value, f"{kind}:{value}"
            yield value, f"{kind}:{source}:{value}"
    for _, value in row.get("extra") or ():
        if value:
            yield value, f"set:{source}:{value}"


def _values(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_map(column.type):
        return pa.chunked_array([chunk.items for chunk in column.chunks], column.type.item_type)
    return pc.struct_field(pc.list_flatten(column), "asset") if pa.types.is_list(column.type) else column


def _among(values: Any, known: Mapping[str, Any]) -> list[str]:
    if not known or not pa.types.is_string(values.type):
        return []
    found = pc.unique(values.filter(pc.is_in(values, value_set=pa.array(sorted(known), pa.string()))))
    return list(found.drop_null().to_pylist())


def _rows(workspace: Workspace, records: pa.Array, theirs: bool) -> Iterator[pa.Table]:
    """The rows of samples that are of these records, or of all others; of each what it is grouped by."""
    for part in parts(workspace):
        with opened(part) as file:
            schema = file.schema_arrow
        if not {*_NEEDED} <= set(schema.names) or not pa.types.is_struct(schema.field("anchor").type):
            continue
        table = read_parquet(part, [name for name in (*_NEEDED, "source", *_GROUPED) if name in schema.names])
        mine = pc.is_in(pc.struct_field(table.column("anchor"), "record"), value_set=records)
        yield table.filter(mine if theirs else pc.invert(mine))
