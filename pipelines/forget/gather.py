"""Finding all that a workspace holds of a person: whoever speaks in a record or is shown in it is in all of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.forget.alone import Alone
from affectory.pipelines.forget.parts import parts
from affectory.pipelines.forget.traces import LEAST_NAME, Traces, texts_in
from affectory.pipelines.records import FILE_KINDS
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import whole_sample_id
from affectory.schemas.parquet import opened, read_parquet

_OF_OTHERS = ("context",)
"""What others said before."""
_OF_SOURCES = ["record_id", "fingerprint", "asset_id", "source", "uri", "kind", "subjects"]
_KEYS = ("sample_id", "record_id", "anchor")


def gather(workspace: Workspace, person: str, reason: str, request: str) -> Traces:
    """All traces of a person; none at all where the workspace knows nobody of that name."""
    own = _Own.of(workspace, person)
    reviewed = _Reviewed.of(workspace, own)
    alone = Alone.of(workspace, own.records)
    samples = {*map(whole_sample_id, own.records), *reviewed.samples, *alone.samples}
    found = _Said(own.records, samples)
    if samples:
        for table in _tables(workspace):
            found.add(table)
    return Traces(
        person, reason, request, _sorted(own.records), _sorted(own.prints), _sorted(own.assets | {*alone.assets}),
        _sorted(samples),
        _sorted(reviewed.acts), _sorted(reviewed.tasks), _sorted(found.words | reviewed.words),
        _sorted(found.said - found.words), _sorted(own.files | {*alone.assets.values()}), _sorted(own.tables),
        _sorted(alone.names),
    )  # fmt: skip


def _sorted(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(values))


@dataclass(frozen=True)
class _Own:
    """The records that a person is in, and their files."""

    person: str
    records: set[str]
    prints: set[str]
    assets: set[str]
    files: set[str]
    tables: set[str]

    @classmethod
    def of(cls, workspace: Workspace, person: str) -> "_Own":
        table = workspace.ledger("sources").read(_OF_SOURCES)
        subjects = table.column("subjects").combine_chunks()
        at = pc.list_parent_indices(subjects).filter(pc.equal(pc.list_flatten(subjects), person))
        records = set(table.column("record_id").take(at).to_pylist())
        mine = pc.is_in(table.column("record_id"), value_set=pa.array(sorted(records), pa.string()))
        rows, others = table.filter(mine), table.filter(pc.invert(mine))
        shared = pc.is_in(rows.column("asset_id"), value_set=others.column("asset_id").combine_chunks())
        only = rows.filter(pc.invert(shared))
        media = only.filter(pc.is_in(only.column("kind"), value_set=pa.array(FILE_KINDS)))
        assets, prints = only.column("asset_id").to_pylist(), rows.column("fingerprint").to_pylist()
        files = _places(media)
        return cls(person, records, set(prints), set(assets), files, _places(rows) - files)


def _places(rows: pa.Table) -> set[str]:
    return {f"{row['source']}/{row['uri']}" for row in rows.select(["source", "uri"]).to_pylist()}


@dataclass
class _Reviewed:
    """What was asked and judged about these records, or of this person."""

    samples: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    acts: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, workspace: Workspace, own: _Own) -> "_Reviewed":
        found = cls()
        asks = workspace.ledger("asks").read(["task", "sample_id", "anchor", "shown"])
        for row in asks.filter(_about(asks, own.records, set())).to_pylist():
            found.samples.add(row["sample_id"])
            found.tasks.add(row["task"])
            found.words |= _text_of(row["shown"])
        said = workspace.ledger("judgements").read(["judgement_id", "act", "rater", "anchor"])
        mine = pc.or_(_about(said, own.records, set()), pc.equal(said.column("rater"), own.person))
        for row in said.filter(mine).select(["judgement_id", "act"]).to_pylist():
            found.acts |= {row["judgement_id"], row["act"] or row["judgement_id"]}
        return found


def _text_of(shown: str | None) -> set[str]:
    text = json.loads(shown).get("text") if shown else None
    return {text} if text else set()


@dataclass
class _Said:
    """What the tables hold of these samples: their own words, and what was said of them."""

    records: set[str]
    samples: set[str]
    words: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)

    def add(self, table: pa.Table) -> None:
        mine = table.filter(_about(table, self.records, self.samples))
        for row in mine.to_pylist() if mine.num_rows else ():
            for name, value in row.items():
                words = name in ("text", "segments") and "kind" in row
                if name not in _OF_OTHERS and name not in _KEYS:
                    (self.words if words else self.said).update(filter(_tells, texts_in(value)))


def _tells(text: str) -> bool:
    return len(text.strip()) >= LEAST_NAME


def _about(table: pa.Table, records: set[str], samples: set[str]) -> Any:
    """The rows of a table that are about these records or samples."""
    found: Any = pa.array([False] * table.num_rows, pa.bool_())
    for name, values in (("sample_id", samples), ("record_id", records), ("anchor", records)):
        if name in table.column_names:
            column = table.column(name)
            if name == "anchor" and not pa.types.is_struct(column.type):
                continue
            column = pc.struct_field(column, "record") if name == "anchor" else column
            found = pc.or_(found, pc.is_in(column, value_set=pa.array(sorted(values), column.type)))
    return found


def _tables(workspace: Workspace) -> Iterator[pa.Table]:
    for part in parts(workspace):
        with opened(part) as file:
            names = set(file.schema_arrow.names)
        if not names.isdisjoint(_KEYS):
            yield read_parquet(part)
