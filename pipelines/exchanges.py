"""Steps over a whole dataset: rows of many parts meet in buckets on the engine, and what is found there is written
down for the next step. Nothing that is written is ever rewritten, so a step that was cut short is taken up again."""

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.columns import hashed
from affectory.pipelines.engines.base import Engine
from affectory.pipelines.store.files import Files, PartFile, files_at
from affectory.schemas.parquet import opened, read_parquet

ROWS_A_BUCKET = 100_000
"""Some megabytes of narrow rows: little for whoever reduces them, and few buckets to write."""
_SAMPLED_FILES, _SAMPLED_ROWS = 64, 256


def buckets_for(rows: int) -> int:
    """How many buckets that many rows are brought into; no result depends on it."""
    return max(1, -(-rows // ROWS_A_BUCKET))


def bucket_of(keys: pa.Array | pa.ChunkedArray, buckets: int) -> pa.Array:
    """The bucket of each key: the same on every machine, whatever else is there."""
    return pa.array((hashed(keys) % np.uint64(buckets)).astype(np.int64))


def by_key(rows: pa.Table, key: str, buckets: int) -> pa.Table:
    """Rows on their way to where those with the same key meet."""
    return rows.append_column("bucket", bucket_of(rows.column(key), buckets))


@dataclass(frozen=True)
class Found:
    """What a bucket's rows gave: tables for later steps, and numbers that are added up over all buckets."""

    tables: Mapping[str, pa.Table]
    facts: Mapping[str, int] = field(default_factory=dict)


Read = Callable[[Any], pa.Table]
"""The rows of a part with their `bucket`."""
Reduce = Callable[[int, pa.Table], Found]
"""What a bucket's rows give, in whatever order they come."""


@dataclass(frozen=True)
class Exchanges:
    """The exchanges of one dataset-wide step, in a folder that is named by all that the step depends on."""

    engine: Engine
    files: Files
    folder: str
    buckets: int

    def run(self, name: str, parts: Sequence[Any], read: Read, reduce: Reduce) -> "Outcome":
        """Bring the rows of parts together, unless that was done already."""
        outcome = Outcome(self.files, f"{self.folder}/{name}")
        finished = outcome.finished()
        if not outcome.ended(len(finished)):
            writer = _Writer(self.files.location, outcome.folder, frozenset(finished), reduce)
            self.engine.exchange(parts, _Reader(read, frozenset(finished)), writer)
            outcome.end()
        return outcome

    def once(self, name: str, make: Callable[[], pa.Table]) -> PartFile:
        """A table that this process makes, unless it is there already."""
        path = f"{self.folder}/{name}.parquet"
        if not self.files.exists(path):
            self.files.create(path, _bytes(make()))
        return PartFile(self.files.location, path)

    def in_order(self, name: str, parts: Sequence["Rows"], key: str, reduce: Reduce) -> "Outcome":
        """Bring rows together by ranges of their key: what a bucket gives comes before what the next one gives."""
        bounds = self.once(f"{name}-bounds", lambda: pa.table({key: _bounds(parts, key, self.buckets)}))
        return self.run(name, parts, _Ranged(key, read_parquet(bounds).column(key).to_pylist()), reduce)

    def remove(self) -> None:
        """All that was written is of no use once the step is committed."""
        self.files.discard(list(self.files.names(self.folder)))


@dataclass(frozen=True)
class Outcome:
    """What an exchange wrote: its tables, a part for each bucket that gave rows, and its facts."""

    files: Files
    folder: str

    def parts(self, table: str) -> list[PartFile]:
        """The parts of a table in the order of their buckets."""
        return [PartFile(self.files.location, name) for name in self.files.names(f"{self.folder}/{table}")]

    def finished(self) -> dict[int, Mapping[str, int]]:
        """The buckets all of whose tables are there, each with its facts."""
        names = [name.rsplit("/", 2)[-2:] for name in self.files.names(self.folder)]
        written = Counter(int(name.partition(".")[0]) for table, name in names if name.endswith(".parquet"))
        told = dict(_told(name) for table, name in names if table == "done")
        return {bucket: facts for bucket, facts in told.items() if facts["tables"] == written[bucket]}

    def end(self) -> None:
        """Note that all buckets are done."""
        self.files.create(self._end(len(self.finished())), b"")

    def ended(self, buckets: int) -> bool:
        """Whether the exchange came to its end, and nothing of it was swept away since."""
        return self.files.exists(self._end(buckets))

    def _end(self, buckets: int) -> str:
        return f"{self.folder}/end/{buckets}"

    def facts(self) -> Counter[str]:
        """The numbers of all buckets, added up."""
        total = Counter[str]()
        for facts in self.finished().values():
            total.update(facts)
        return total


def _told(name: str) -> tuple[int, Mapping[str, int]]:
    """A bucket and its facts, which are in the name of its mark so that a listing tells those of all buckets."""
    bucket, *facts = name.split(".")
    return int(bucket), {key: int(value) for key, _, value in (fact.partition("=") for fact in facts)}


@dataclass(frozen=True)
class _Reader:
    read: Read
    finished: frozenset[int]

    def __call__(self, part: Any) -> pa.Table:
        rows = self.read(part)
        done = pc.is_in(rows.column("bucket"), value_set=pa.array(sorted(self.finished), pa.int64()))
        return rows.filter(pc.invert(done)) if self.finished else rows


@dataclass(frozen=True)
class _Writer:
    location: str
    folder: str
    finished: frozenset[int]
    reduce: Reduce

    def __call__(self, bucket: int, rows: pa.Table) -> None:
        if bucket in self.finished:
            return
        found, files = self.reduce(bucket, rows.drop_columns("bucket")), files_at(self.location)
        tables = {name: table for name, table in found.tables.items() if table.num_rows}
        for name, table in tables.items():
            files.create(f"{self.folder}/{name}/{bucket:06d}.parquet", _bytes(table))
        facts = sorted({**found.facts, "tables": len(tables)}.items())
        files.create(f"{self.folder}/done/{bucket:06d}{''.join(f'.{key}={value}' for key, value in facts)}", b"")


def _bytes(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", compression_level=1)
    return buffer.getvalue()


@dataclass(frozen=True)
class Rows:
    """Rows of a Parquet file, or of one row group; columns may go by other names, and more of them tell of the file."""

    part: PartFile
    group: int | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def read(self) -> pa.Table:
        with opened(self.part) as file:
            table = file.read(use_threads=False) if self.group is None else file.read_row_group(self.group)
        table = table.rename_columns([self.renamed.get(name, name) for name in table.column_names])
        for name, value in self.extra.items():
            table = table.append_column(name, pa.array([value] * table.num_rows, pa.scalar(value).type))
        return table


def filled(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with all columns of a schema, null where it has none of that name."""
    rows, there = table.num_rows, set(table.column_names)
    columns = [table.column(f.name).cast(f.type) if f.name in there else pa.nulls(rows, f.type) for f in schema]
    return pa.table(columns, schema=schema)


def distinct_rows(table: pa.Table) -> pa.Table:
    """Each row once, in order."""
    names = table.column_names
    found = table.group_by(names, use_threads=False).aggregate([]).select(names)
    return found.sort_by([(name, "ascending") for name in names])


def row_groups(part: PartFile) -> list[Rows]:
    """A file's row groups, so that no one has to hold all of a large one."""
    with opened(part) as file:
        return [Rows(part, group) for group in range(file.num_row_groups)]


@dataclass(frozen=True)
class _Ranged:
    """Reads rows on their way to where those of a range of keys meet."""

    key: str
    bounds: Sequence[str]

    def __call__(self, part: Rows) -> pa.Table:
        rows = part.read()
        bucket = np.zeros(rows.num_rows, np.int64)
        for bound in self.bounds:
            bucket += np.asarray(pc.greater_equal(rows.column(self.key), bound)).astype(np.int64)
        return rows.append_column("bucket", pa.array(bucket))


def _bounds(parts: Sequence[Rows], key: str, buckets: int) -> pa.Array:
    """Keys that cut the rows into about equal ranges, judged by some of the parts."""
    some = parts[:: max(1, len(parts) // _SAMPLED_FILES)] if buckets > 1 else ()
    keys = sorted({key_ for part in some for key_ in _spread(part.read().column(key))})
    cuts = [keys[len(keys) * n // buckets] for n in range(1, buckets)] if keys else []
    return pa.array(sorted(set(cuts)), pa.string())


def _spread(column: pa.ChunkedArray) -> list[str]:
    places = np.linspace(0, len(column) - 1, min(_SAMPLED_ROWS, len(column)))
    return list(column.take(pa.array(places.astype(np.int64))).to_pylist())
