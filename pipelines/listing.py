"""The files of an entry of the recipe's sources, and those that it is described by, with their hashes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectory.pipelines import describing, named_media, recordings
from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.describing import SideFiles
from affectory.pipelines.inputs import Input, inputs_of, local_files
from affectory.pipelines.named_media import NamedMedia, names_in
from affectory.pipelines.reading import batches
from affectory.pipelines.recordings import EventFiles
from affectory.pipelines.runner.child import Child
from affectory.pipelines.store.commits import CommitStore, Counts
from affectory.schemas.ids import digest
from affectory.schemas.urls import Location, Url
from affectory.transforms.sources.base import Limits, Records, Refused, Source, SourceFile

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".arrow", ".gz")
Done = Callable[[int, int], None]


@dataclass(frozen=True)
class SourceEntry:
    """A bound entry of the recipe's sources. `scope` tells its declared keys from those of other entries; `beside` are
    the places that it names beside its own, by their parameter."""

    name: str
    source: Source
    root: Location
    identity: str
    licence: str = ""
    scope: str = ""
    beside: Mapping[str, Location] = field(default_factory=dict)

    @property
    def names_media(self) -> bool:
        return bool(getattr(self.source, "names_media", False))

    @property
    def media_root(self) -> Location:
        """Where its media lie: below its own place, or where the names in its tables lead."""
        if not self.names_media:
            return self.root
        return self.beside.get("media_root") or folder_of(self.root)


def folder_of(place: Location) -> Location:
    """The folder that a table lies in, or that is a folder of tables."""
    if isinstance(place, Url):  # by its name: looking would ask the network, and folders have dots in theirs
        return Url(place.rpartition("/")[0]) if place.name.lower().endswith(_TABLES) else place
    return place if place.is_dir() else place.parent


@dataclass(frozen=True)
class Listing:
    """The files of one source entry with their hashes."""

    entry: SourceEntry
    files: tuple[Input, ...]
    refused: tuple[Refused, ...]
    media: NamedMedia
    beside: tuple[SideFiles, ...] = ()
    events: EventFiles | None = None

    @classmethod
    def of(
        cls, entry: SourceEntry, memory: Path, limits: Limits, commits: CommitStore, done: Done, keep: bool = True
    ) -> "Listing":
        """What an entry has; which media its tables name is remembered where names may be kept."""
        files, refused = inputs_of(entry.source, entry.root, memory, limits, done)
        media = NamedMedia(entry.media_root, "media_root" not in entry.beside)
        if entry.names_media:
            names = list(_Names(entry, limits, commits, keep).of(files))
            media = media.look_for(names, memory, limits, done)
        beside = SideFiles.of(entry.source, entry.beside, memory, limits)
        events = EventFiles.of(entry.source, entry.beside, memory, limits)
        return cls(entry, tuple(files), tuple(refused), media, beside, events)

    @cached_property
    def signature(self) -> str:
        """Changes with anything that reading the files again would show."""
        entry = self.entry
        files = [(f.uri, f.asset_id, f.about) if f.about else (f.uri, f.asset_id) for f in self.files]
        refused = [(r.uri, r.reason, r.detail) for r in self.refused]
        more: list[Any] = [code_hash(named_media.__name__), self.media.signature] if self.media.found else []
        more += [code_hash(describing.__name__), *(side.signature for side in self.beside)] if self.beside else []
        more += [code_hash(recordings.__name__), self.events.signature] if self.events else []
        return digest(entry.name, entry.scope, entry.identity, entry.licence, files, refused, *more)


@dataclass(frozen=True)
class _Namer:
    """A source as a reader of the media that its tables name; one that can tell without reading them does."""

    source: Any

    @property
    def isolated(self) -> bool:
        return getattr(self.source, "isolated", False)

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        named: Iterator[Records] = getattr(self.source, "read_names", self.source.read)(file, limits)
        return named


@dataclass(frozen=True)
class _Names:
    """Which media the tables of an entry name; it is remembered, so that a table is read for it once."""

    entry: SourceEntry
    limits: Limits
    commits: CommitStore
    keep: bool = True

    def of(self, files: Sequence[Input]) -> Iterator[tuple[str, str]]:
        known = {file.uri: self._recalled(file) for file in files}
        child = Child()
        try:
            for file in local_files(self.entry.source, [f for f in files if known[f.uri] is None], self.limits):
                if not isinstance(file, Refused):
                    known[file.uri] = self._named(file, child)
        finally:
            child.stop()
        yield from ((file.uri, name) for file in files for name in known[file.uri] or ())

    def _named(self, file: SourceFile, child: Child) -> list[str]:
        """The names in a table; where all of it could be read they are kept."""
        names, whole = dict[str, None](), True
        for found in batches(_Namer(self.entry.source), file, self.limits, child):
            names |= dict.fromkeys(names_in(found.rows))
            whole = whole and not any(r.reason == "unreadable" for r in found.refused)
        if whole and self.keep:
            table = pa.table({"name": pa.array(names, pa.string())})
            self.commits.commit(self._key(file.uri, file.asset_id), "named media", Counts(), {"names": table}, {})
        return list(names)

    def _key(self, uri: str, asset: str) -> str:
        return digest("named media", self.entry.identity, self.limits.row_bytes, self.limits.file_bytes, uri, asset)

    def _recalled(self, file: Input) -> list[str] | None:
        key = self._key(file.uri, file.asset_id)
        if not self.commits.has(key):
            return None
        table = self.commits.read(self.commits.get(key), "names")
        return [] if table is None else list(table.column("name").to_pylist())
