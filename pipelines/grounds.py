"""Where rows of a whole dataset meet for a fit: all in this process, or by exchanges on the engine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.columns import stretches
from affectory.pipelines.connecting import connected, connected_at_once
from affectory.pipelines.exchanges import Exchanges, Found, Outcome, by_key, distinct_rows, filled
from affectory.pipelines.exchanges import Rows as FileRows
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.parquet import opened, read_parquet
from affectory.transforms.fitting import PART, Met, Prepare, Reduce, Rows


@dataclass(frozen=True)
class Signed:
    """The signs of a partition, known by a number."""

    number: int
    workspace: str
    key: str
    schema: pa.Schema

    def read(self) -> pa.Table:
        commits = Workspace(self.workspace).commits()
        found = commits.read(commits.get(self.key), "signs")
        rows = self.schema.empty_table() if found is None else found.cast(self.schema)
        return rows.append_column(PART, pa.repeat(pa.scalar(self.number, pa.int64()), rows.num_rows))


@dataclass(frozen=True)
class Grown:
    """What a fit remembers now, in order; how many rows are new or other ones, and of how many the answer changed."""

    pieces: Iterable[pa.Table]
    changed: int
    moved: int


@dataclass(frozen=True)
class _Held:
    """Rows in the memory of this process."""

    table: pa.Table

    def read(self) -> pa.Table:
        return self.table


@dataclass(frozen=True)
class _MetHere:
    tables: Mapping[str, pa.Table] = field(default_factory=dict)

    def rows(self, table: str) -> Sequence[Rows]:
        found = self.tables.get(table)
        return [_Held(found)] if found is not None and found.num_rows else []


@dataclass(frozen=True)
class Here:
    """All rows in this process at once."""

    signs: Sequence[Signed]

    def meet(self, name: str, parts: Sequence[Rows], key: str, prepare: Prepare, reduce: Reduce) -> Met:
        tables = [prepare(part.read()) for part in parts]
        rows = pa.concat_tables(tables) if tables else pa.table({})
        return _MetHere(reduce(rows)) if rows.num_rows else _MetHere()

    def held(self, name: str, table: pa.Table) -> Sequence[Rows]:
        return [_Held(table)]

    def connected(self, edges: Sequence[Rows]) -> Sequence[Rows]:
        tables = [part.read() for part in edges]
        return [_Held(connected_at_once(pa.concat_tables(tables)))] if tables else []

    def sliced(self, told: Sequence[Rows]) -> Iterator[tuple[int, pa.Table]]:
        """What each partition is told, in the order of its samples."""
        tables = [part.read() for part in told]
        if tables:
            rows = pa.concat_tables(tables).sort_by([(PART, "ascending"), ("sample_id", "ascending")])
            for number, start, size in stretches(rows.column(PART)):
                yield int(number), rows.slice(start, size).drop_columns(PART)

    def grown(self, memory: Sequence[Rows], fitted: Sequence[Rows], schema: pa.Schema, refit: bool) -> Grown:
        was, now = (_joined(parts, schema) for parts in (memory, fitted))
        table, changed, moved = _grown(was, now, refit)
        return Grown([table], changed, moved)


def _joined(parts: Sequence[Rows], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *(part.read().cast(schema) for part in parts)])


@dataclass(frozen=True)
class Over:
    """Rows meet in buckets on an engine."""

    signs: Sequence[Signed]
    exchanges: Exchanges

    def meet(self, name: str, parts: Sequence[Rows], key: str, prepare: Prepare, reduce: Reduce) -> Met:
        return _MetOver(self.exchanges.run(name, parts, _Keyed(prepare, key, self.exchanges.buckets), _Reduced(reduce)))

    def held(self, name: str, table: pa.Table) -> Sequence[Rows]:
        return [FileRows(self.exchanges.once(name, lambda: table))]

    def connected(self, edges: Sequence[Rows]) -> Sequence[Rows]:
        rows = [part for part in edges if isinstance(part, FileRows)]
        return connected(self.exchanges, rows, sum(map(_size, rows)))

    def sliced(self, told: Sequence[Rows]) -> Iterator[tuple[int, pa.Table]]:
        """What each partition is told, in the order of its samples."""
        for part in self.exchanges.run("slices", told, _by_part, _sliced).parts("rows"):
            rows = read_parquet(part)
            yield rows.column(PART)[0].as_py(), rows.drop_columns(PART)

    def grown(self, memory: Sequence[Rows], fitted: Sequence[Rows], schema: pa.Schema, refit: bool) -> Grown:
        parts = [*_marked(memory, old=True), *_marked(fitted, old=False)]
        found = self.exchanges.in_order("memory", parts, schema.names[0], _Grown(schema, refit))
        facts = found.facts()
        return Grown(map(read_parquet, found.parts("rows")), facts["changed"], facts["moved"])


def _marked(parts: Sequence[Rows], old: bool) -> list[FileRows]:
    return [FileRows(part.part, part.group, extra={"old": old}) for part in parts if isinstance(part, FileRows)]


def _size(rows: FileRows) -> int:
    with opened(rows.part) as file:
        return int(file.metadata.num_rows)


@dataclass(frozen=True)
class _MetOver:
    outcome: Outcome

    def rows(self, table: str) -> Sequence[Rows]:
        return [FileRows(part) for part in self.outcome.parts(table)]


@dataclass(frozen=True)
class _Keyed:
    """Reads rows on their way to where those with the same key meet."""

    prepare: Prepare
    key: str
    buckets: int

    def __call__(self, part: Rows) -> pa.Table:
        return by_key(self.prepare(part.read()), self.key, self.buckets)


@dataclass(frozen=True)
class _Reduced:
    reduce: Reduce

    def __call__(self, bucket: int, rows: pa.Table) -> Found:
        return Found(self.reduce(rows))


def _by_part(part: Rows) -> pa.Table:
    rows = part.read()
    return rows.append_column("bucket", rows.column(PART))


def _sliced(bucket: int, rows: pa.Table) -> Found:
    return Found({"rows": rows.sort_by("sample_id")})


@dataclass(frozen=True)
class _Grown:
    """What was remembered and what is now meet, by ranges of their key."""

    schema: pa.Schema
    refit: bool

    def __call__(self, bucket: int, rows: pa.Table) -> Found:
        was, now = (filled(rows.filter(pc.equal(rows["old"], old)), self.schema) for old in (True, False))
        table, changed, moved = _grown(was, now, self.refit)
        return Found({"rows": table}, {"changed": changed, "moved": moved})


def _grown(was: pa.Table, now: pa.Table, refit: bool) -> tuple[pa.Table, int, int]:
    """What is remembered of both; what is gone stays unless all is fitted anew."""
    key = was.column_names[0]
    same = was.num_rows + now.num_rows - distinct_rows(pa.concat_tables([was, now])).num_rows
    known = pc.sum(pc.is_in(now.column(key), value_set=was.column(key).combine_chunks())).as_py() or 0
    gone = was.filter(pc.invert(pc.is_in(was.column(key), value_set=now.column(key).combine_chunks())))
    table = now if refit else pa.concat_tables([now, gone])
    changed = now.num_rows - same + (gone.num_rows if refit else 0)
    return table.sort_by(key).combine_chunks(), changed, known - same
