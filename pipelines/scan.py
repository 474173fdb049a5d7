"""Looking at the sources: every file and row becomes a record of a root partition, or is refused with a reason."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.columns import large, small
from affectory.pipelines.describing import Describing
from affectory.pipelines.events import Tell
from affectory.pipelines.forget.refusing import Refusing
from affectory.pipelines.forget.requested import refuse_half_forgotten
from affectory.pipelines.grouping import grouped
from affectory.pipelines.hashes import forget_hashes
from affectory.pipelines.inputs import local_files
from affectory.pipelines.listing import Listing, SourceEntry
from affectory.pipelines.people import Declared, declared_in, declared_table, hold_to_key, note_people
from affectory.pipelines.reading import batches
from affectory.pipelines.recordings import Recordings
from affectory.pipelines.records import Origin, RecordRows, keyed
from affectory.pipelines.runner.child import Child
from affectory.pipelines.spill import PLACE, Spill
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import REJECTS
from affectory.schemas.ids import digest
from affectory.schemas.ledgers import SOURCES
from affectory.transforms.sources.base import Limits, Records, Refused, SourceFile

LAID_OUT_BY = "affectory.pipelines.records"
"""The code that makes root partitions of records: editing it lays them out anew."""


@dataclass(frozen=True)
class Root:
    """A root partition: records of one kind under one key."""

    key: str
    kind: str
    rows: int


@dataclass(frozen=True)
class Scan:
    """What the sources hold now."""

    key: str
    roots: tuple[Root, ...]
    found: int
    records: int
    refused: int
    members: int = 0
    """Recordings that records of events are made of, the records' own files among them."""

    def index(self, workspace: Workspace) -> pa.Table:
        """Every record: record_id, fingerprint, root, source, uri, row, kind, key."""
        commits = workspace.commits()
        table = commits.read(commits.get(self.key), "records")
        return RecordRows.index_schema().empty_table() if table is None else table

    def aliases(self, workspace: Workspace) -> pa.Table:
        """Where records were found again: source, uri and key of the duplicate, record_id of the one that is kept."""
        commits = workspace.commits()
        table = commits.read(commits.get(self.key), "aliases")
        return RecordRows.index_schema().empty_table().select(RecordRows.alias_names()) if table is None else table


@dataclass(frozen=True)
class Scanner:
    """Scans the sources of a recipe into a workspace."""

    workspace: Workspace
    entries: Sequence[SourceEntry]
    pseudonym: Callable[[str], str]
    limits: Limits
    partition_rows: int | None = None
    sample: int | None = None
    epoch: int = 0
    tell: Tell = lambda *_, **__: None

    def scan(self) -> Scan:
        """The records as they are now; partitions of an earlier scan are kept where nothing in them changed."""
        if not self.epoch:
            refuse_half_forgotten(self.workspace)
        hold_to_key(self.workspace, self.pseudonym)
        self.tell("start", what="look at the sources")
        listing = [self._listed(entry) for entry in self.entries]
        code, marks = code_hash(LAID_OUT_BY), [x.signature for x in listing]
        limits = (self.limits.row_bytes, self.limits.file_bytes)
        gone = [self._refusing.version] if self._refusing else []
        key = digest("scan", code, marks, limits, self.sample, self.pseudonym(""), *gone)
        if not self.workspace.commits().has(key):
            key = self._commit(key, listing)
        elif latest_scan_key(self.workspace, self.sample) != key:
            self._note_again(key)
        self._remember(key)
        return load_scan(self.workspace, key)

    @cached_property
    def _refusing(self) -> Refusing:
        return Refusing(self.workspace.forgotten())

    def _listed(self, entry: SourceEntry) -> Listing:
        told, commits = partial(_hashed, self.tell, entry.name), self.workspace.commits(self.epoch)
        found = Listing.of(entry, self.workspace.hashes(), self.limits, commits, told, keep=not self._refusing)
        if self._refusing:
            forget_hashes(self.workspace.hashes(), self._refusing.forgotten.knows)
        return found

    def _commit(self, key: str, listing: Sequence[Listing]) -> str:
        child = Child()
        with Spill(RecordRows.schema()) as spill, TemporaryDirectory(prefix="affectory-inner-") as scratch:
            try:
                read = {x.entry.name: self._read(x, child, spill, Path(scratch)) for x in listing}
            finally:
                child.stop()
            return self._laid_out(key, read, spill)

    def _laid_out(self, key: str, read: Mapping[str, "_Read"], spill: Spill) -> str:
        rows = keyed(
            large(pa.concat_tables(r.rows.joined() for r in read.values())),
            lambda at: spill.take(at).column("text").to_pylist(),
        )
        refused = [*((name, r) for name, part in read.items() for r in part.refused), *rows.refused]
        refused += [(name, r) for name, part in read.items() for r in part.events.lacking(_uris(rows.table, name))]
        table = self._sampled(rows.table).sort_by(PLACE)  # neighbours stay together, in partitions as on the disk
        roots = grouped(table, self._previous(), self.partition_rows, code_hash(LAID_OUT_BY))
        self._write_roots(table, roots, spill)
        written = [entry.name for entry in self.entries if getattr(entry.source, "generated", False)]
        self.workspace.ledger("sources").append(_ledger_rows(small(table), written))
        people = self._note_subjects(table, read.values())
        if any(part.unreadable for part in read.values()):
            # The file may be readable next time, so what was found counts only for as long as it is found again.
            key = digest(key, table.column("fingerprint").to_pylist(), [(n, r.uri, r.detail) for n, r in refused])
        refused = self._refusing.masked(refused, self.pseudonym)
        rejects = REJECTS.from_rows([reject_row("scan", name, r) for name, r in refused])
        index = small(table.select(RecordRows.index_names()).append_column("root", roots))
        known = pc.is_in(rows.aliases.column("record_id"), value_set=table.column("record_id"))
        aliases = small(rows.aliases.filter(known))
        counts = Counts(table.num_rows + len(refused), table.num_rows, table.num_rows, len(refused))
        facts = {"members": sum(part.events.links for part in read.values())}
        commits = self.workspace.commits(self.epoch)
        tables = {"records": index, "aliases": aliases, "rejects": rejects, "declared": declared_table(people)}
        commits.commit(key, "scan", counts, tables, facts)
        return key

    def _note_subjects(self, table: pa.Table, read: Iterable["_Read"]) -> dict[str, Declared]:
        """Who speaks or is shown, with what they agreed to in any of the sources."""
        people, declared = pc.unique(pc.list_flatten(table.column("subjects"))), dict[str, Declared]()
        for part in read:
            for person, said in part.describing.people.items():
                declared[person] = declared[person].stricter(said) if person in declared else said
        subjects = {person: {"subject"} for person in people.to_pylist()}
        note_people(self.workspace, subjects, declared=declared)
        return {person: said for person, said in declared.items() if person in subjects}

    def _note_again(self, key: str) -> None:
        """Sources that are as they were before say again what they said then, whatever others said since."""
        commits = self.workspace.commits()
        if declared := declared_in(commits.read(commits.get(key), "declared")):
            note_people(self.workspace, {person: {"subject"} for person in declared}, declared=declared)

    def _read(self, listing: Listing, child: Child, spill: Spill, scratch: Path) -> "_Read":
        entry = listing.entry
        events = Recordings.of(listing.events, listing.files, self.limits, child)
        names = {place for place in (*(f.uri for f in listing.files), *listing.media.found) if "/" not in place}
        found = _Read(Describing.of(entry.name, listing.beside, self.limits, child, names), events)
        files = [file for file in listing.files if file.uri not in events.taken]
        for number, file in enumerate(local_files(entry.source, files, self.limits)):
            self.tell("progress", what=f"read {entry.name}", done=number, total=len(files), unit="files")
            if isinstance(file, Refused):
                found.refuse([file])
                continue
            for records in batches(entry.source, replace(file, scratch=scratch), self.limits, child):
                found.refuse(records.refused)
                rows = self._taken(records, listing, file, found)
                found.rows.add(rows.select(RecordRows.narrow_names()).append_column(PLACE, spill.add(rows)))
        found.refuse(found.describing.refused)
        found.refused += [*listing.refused, *found.describing.unmatched(), *events.refused]
        found.unreadable = found.unreadable or listing.media.failed or events.failed
        return found

    def _taken(self, records: Records, listing: Listing, file: SourceFile, found: "_Read") -> pa.Table:
        """The records of a batch with their ids; media that lie inside the file are kept."""
        entry = listing.entry
        rows, without = listing.media.resolved(records.rows, file)
        found.refused += without
        rows = found.events.joined(rows, file.uri)
        segments = getattr(entry.source, "segments", None)
        rows = found.describing.described(rows, file, self.pseudonym, segments and segments.kind)
        rows = RecordRows.of(rows, Origin(entry.name, file, entry.licence, entry.scope), self.pseudonym)
        rows = found.describing.accompanied(rows, file, self.pseudonym)
        admitted = self._refusing.admitted(rows)
        found.refused += self._refusing.refused(rows.num_rows - admitted.num_rows)
        with self.workspace.assets() as store:
            store.take_in(self._refusing.inner(records.inner, rows, admitted))
        return admitted

    def _sampled(self, table: pa.Table) -> pa.Table:
        """The records with the smallest ids of each source: the same few on every machine."""
        if self.sample is None:
            return table
        seen: dict[str, int] = {}
        keep = []
        for index, source in enumerate(table.column("source").to_pylist()):
            seen[source] = seen.get(source, 0) + 1
            if seen[source] <= self.sample:
                keep.append(index)
        return table.take(pa.array(keep, pa.int64()))

    def _previous(self) -> pa.Table | None:
        latest = latest_scan_key(self.workspace, self.sample)
        if latest is None or not self.workspace.commits().has(latest):
            return None
        return load_scan(self.workspace, latest).index(self.workspace)

    def _write_roots(self, table: pa.Table, roots: pa.Array, spill: Spill) -> None:
        """Each new root is read from the spill by itself, so that no more than one is held whole."""
        commits = self.workspace.commits(self.epoch)
        together = pa.table({"root": roots, PLACE: table.column(PLACE)}).group_by("root", use_threads=False)
        for root in together.aggregate([(PLACE, "list")]).to_batches(max_chunksize=1):
            key, places = root.column("root")[0].as_py(), root.column(f"{PLACE}_list")[0].as_py()
            if not commits.has(key):
                rows = RecordRows.flow(spill.take(places).sort_by("record_id"))
                commits.commit(key, "root", Counts(len(places), len(places), len(places)), {"rows": rows}, {})

    def _remember(self, key: str) -> None:
        if latest_scan_key(self.workspace, self.sample) != key:
            files, folder = self.workspace.records(), _scans(self.sample)
            number = int(([*files.names(folder)] or ["0."])[-1].rpartition("/")[2].partition(".")[0]) + 1
            files.create(f"{folder}/{number:08d}.json", json.dumps({"key": key}).encode())


_TOGETHER = 256
_NARROW = pa.schema([*(RecordRows.schema().field(n) for n in RecordRows.narrow_names()), (PLACE, pa.int64())])


def _scans(sample: int | None) -> str:
    return "scans" if sample is None else f"scans-sample-{sample}"


def latest_scan_key(workspace: Workspace, sample: int | None = None) -> str | None:
    """Which scan was the last."""
    names = list(workspace.records().names(_scans(sample)))
    return str(json.loads(workspace.records().read(names[-1]))["key"]) if names else None


def load_scan(workspace: Workspace, key: str) -> Scan:
    """A committed scan, from its index of records."""
    commits = workspace.commits()
    commit = commits.get(key)
    index = commits.read(commit, "records", ["root", "kind"])
    counts = commit.counts
    found = tuple(Root(**root) for root in _counted(index).to_pylist()) if index else ()
    return Scan(key, found, counts.rows_in, counts.kept, counts.rejected, commit.facts.get("members", 0))


def _counted(index: pa.Table) -> pa.Table:
    """The root partitions in order, each with its kind and its records."""
    counted = index.group_by(["root", "kind"], use_threads=False).aggregate([([], "count_all")])
    return counted.rename_columns(["key", "kind", "rows"]).sort_by("key")


class _Tables:
    """Tables that become one. By itself each takes 15 kB, and a file of media gives one of a single row."""

    def __init__(self, schema: pa.Schema) -> None:
        self._whole, self._few = [schema.empty_table()], list[pa.Table]()

    def add(self, table: pa.Table) -> None:
        self._few.append(table)
        if len(self._few) == _TOGETHER:
            self._whole.append(pa.concat_tables(self._few).combine_chunks())
            self._few.clear()

    def joined(self) -> pa.Table:
        return pa.concat_tables([*self._whole, *self._few])


@dataclass
class _Read:
    """What the files of an entry gave. What was `unreadable` may be readable next time."""

    describing: Describing
    events: Recordings
    rows: _Tables = field(default_factory=lambda: _Tables(_NARROW))
    refused: list[Refused] = field(default_factory=list)
    unreadable: bool = False

    def refuse(self, refused: Iterable[Refused]) -> None:
        found = list(refused)
        self.refused += found
        self.unreadable = self.unreadable or any(r.reason == "unreadable" for r in found)


def _hashed(tell: Tell, source: str, done: int, total: int) -> None:
    tell("progress", what=f"hash {source}", done=done, total=total, unit="files")


def _uris(table: pa.Table, source: str) -> set[str]:
    return set(table.filter(pc.equal(table.column("source"), source)).column("uri").to_pylist())


def _ledger_rows(table: pa.Table, written: Sequence[str]) -> pa.Table:
    """Rows of the ledger; what is still to be written is text as any other everywhere else."""
    generated = pc.is_in(table.column("source"), value_set=pa.array(written, pa.string()))
    columns: Mapping[str, object] = {
        **{name: table.column(name) for name in ("record_id", "fingerprint", "asset_id", "source", "uri")},
        "kind": pc.if_else(generated, "generated", table.column("kind")),
        "licence": table.column("licence"),
        "subjects": table.column("subjects"),
        "size": table.column("size"),
    }
    return SOURCES.cast(pa.table(columns))


def reject_row(stage: str, source: str, refused: Refused) -> dict[str, object]:
    """A refused file or row, as it is written down."""
    return {
        "reject_id": "x_" + digest(stage, source, refused.uri, refused.reason, refused.detail)[:24],
        "stage": stage,
        "outcome": "rejected",
        "reason": refused.reason,
        "detail": refused.detail,
        "source": source,
        "uri": refused.uri or None,
        "row": refused.row,
    }
