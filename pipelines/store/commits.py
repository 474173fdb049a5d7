"""Commits: one create-only manifest that names the immutable parts of a finished partition stage."""

import io
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq

from affectory.pipelines.store.files import PartFile, files_at, is_remote, unguarded
from affectory.schemas.parquet import read_parquet

_AT_ONCE = 16


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one stage and partition."""

    rows_in: int = 0
    kept: int = 0
    out: int = 0
    rejected: int = 0
    failed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{k: mine[k] + theirs[k] for k in mine})


@dataclass(frozen=True)
class Commit:
    """The manifest: under which key, by which stage, how many rows, which parts."""

    key: str
    stage: str
    counts: Counts
    parts: Mapping[str, str]
    facts: Mapping[str, int]

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Commit":
        raw = json.loads(data)
        return cls(raw["key"], raw["stage"], Counts(**raw["counts"]), raw["parts"], raw["facts"])


class CommitStore:
    """Commits and their parts, found by key."""

    def __init__(self, root: str | Path, guard: Callable[[], None] = unguarded) -> None:
        self.files = files_at(root)
        self._guard = guard

    def has(self, key: str) -> bool:
        return self.files.exists(_manifest(key))

    def get(self, key: str) -> Commit:
        return Commit.from_json(self.files.read(_manifest(key)))

    def get_all(self, keys: Iterable[str]) -> list[Commit]:
        """Many commits, in the order given. What is mostly waited for is read at once."""
        if not is_remote(self.files.location):
            return [self.get(key) for key in keys]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self.get, keys))

    def find(self, keys: Iterable[str]) -> list[Commit]:
        """Those of many commits that are there."""
        wanted = list(keys)
        there = self.keys() if is_remote(self.files.location) else {key for key in wanted if self.has(key)}
        return self.get_all(key for key in wanted if key in there)

    def keys(self) -> set[str]:
        """Every key that is committed."""
        return {name.rsplit("/", 1)[-1].removesuffix(".json") for name in self.files.names("commits")}

    def commit(
        self,
        key: str,
        stage: str,
        counts: Counts,
        tables: Mapping[str, pa.Table],
        facts: Mapping[str, int],
        parts: Mapping[str, str] = MappingProxyType({}),
    ) -> Commit:
        """Write the parts, then the manifest of them and those put before; whoever lost the lease cannot."""
        made = {name: self.put(key, name, table)[0] for name, table in tables.items() if table.num_rows}
        commit = Commit(key, stage, counts, {**parts, **made}, facts)
        self._guard()
        self.files.create(_manifest(key), commit.to_json())
        return commit

    def read(self, commit: Commit, table: str, columns: list[str] | None = None) -> pa.Table | None:
        """One table of a commit, None where it has no rows."""
        if table not in commit.parts:
            return None
        return read_parquet(self.part(commit, table), columns=columns)

    def part(self, commit: Commit, table: str) -> PartFile:
        """Where a table of a commit lies."""
        return PartFile(self.files.location, commit.parts[table])

    def put(self, key: str, name: str, table: pa.Table) -> tuple[str, bytes]:
        """Write a part of a commit to come; where it lies, and its bytes."""
        buffer = io.BytesIO()
        # Read once or twice and thrown away: to compress harder would cost more than it saves.
        pq.write_table(table, buffer, compression="lz4", use_dictionary=False, write_statistics=False)
        data = buffer.getvalue()
        part = f"parts/{key[:2]}/{key}-{uuid.uuid4().hex[:8]}.{name}.parquet"
        self.files.create(part, data)
        return part, data


def _manifest(key: str) -> str:
    return f"commits/{key[:2]}/{key}.json"
