"""Several recordings of one event become one record: the primary one, which lists all of them with their offsets."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectory.pipelines.inputs import Input, inputs_of, local_files
from affectory.pipelines.named_media import format_of, head_of
from affectory.pipelines.reading import batches
from affectory.pipelines.runner.child import Child
from affectory.schemas.types import MEMBERS
from affectory.schemas.urls import Location
from affectory.transforms.rows import set_column
from affectory.transforms.sources._events import Events, EventsReader, Recording
from affectory.transforms.sources._signals import check_installed, signal_format
from affectory.transforms.sources._sniff import Format
from affectory.transforms.sources.base import Limits, Refused


@dataclass(frozen=True)
class EventFiles:
    """The table of recordings of an entry with its hash, or what is refused of it."""

    events: Events
    files: tuple[Input, ...] = ()
    refused: tuple[Refused, ...] = ()

    @classmethod
    def of(cls, source: Any, beside: Mapping[str, Location], memory: Path, limits: Limits) -> "EventFiles | None":
        events: Events | None = getattr(source, "events", None)
        if events is None or "events" not in beside:
            return None if events is None else cls(events)
        files, refused = inputs_of(EventsReader(events), beside["events"], memory, limits)
        return cls(events, tuple(files), tuple(refused))

    @property
    def signature(self) -> list[Any]:
        return [[(f.uri, f.asset_id) for f in self.files], [(r.uri, r.reason, r.detail) for r in self.refused]]

    def recordings(self, files: Sequence[Input], limits: Limits, child: Child) -> tuple[list[Recording], list[Refused]]:
        """Every recording that the table or the names of files tell of."""
        found, refused = list(self.events.named(f.uri for f in files)), [*self.refused]
        for file in local_files(EventsReader(self.events), self.files, limits):
            if isinstance(file, Refused):
                refused.append(file)
                continue
            for rows in batches(EventsReader(self.events), file, limits, child):
                refused += rows.refused
                found += getattr(rows, "recordings", ())
        return found, refused


@dataclass
class Recordings:
    """The events of an entry: what the record of each primary file is made of, and which files are none."""

    members: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    """Files that are members, or would be, and no records of their own."""
    refused: list[Refused] = field(default_factory=list)
    failed: bool = False
    """Whether something could not be read that may be readable next time."""

    @classmethod
    def of(cls, told: EventFiles | None, files: Sequence[Input], limits: Limits, child: Child) -> "Recordings":
        made = cls()
        if told is None:
            return made
        found, refused = told.recordings(files, limits, child)
        made.refused += refused
        made.failed = any(r.reason == "unreadable" for r in refused)
        by_uri, groups = {file.uri: file for file in files}, dict[str, list[Recording]]()
        for recording in made._known(found, by_uri):
            groups.setdefault(recording.event, []).append(recording)
        for event, group in sorted(groups.items()):
            made._add(event, group, told.events, by_uri)
        return made

    def lacking(self, records: Set[str]) -> Iterator[Refused]:
        """Recordings of events whose primary file became no record: they would be nowhere."""
        for uri in sorted(self.members.keys() - records):
            detail = f"event {self.sessions[uri]!r} has no record, as its primary recording {uri} is not taken"
            others = (member["uri"] for member in self.members.pop(uri) if member["uri"] in self.taken)
            yield from (Refused(other, "bad_row", detail) for other in others)

    @property
    def links(self) -> int:
        """How many members all records have."""
        return sum(len(found) for found in self.members.values())

    def _known(self, found: Iterable[Recording], files: Mapping[str, Input]) -> Iterable[Recording]:
        """Those whose file is there, each once."""
        seen: dict[str, str] = {}
        for recording in found:
            uri = posixpath.normpath(recording.file.replace("\\", "/"))
            if uri not in files:
                detail = f"there is no file {recording.file!r} for event {recording.event!r} below the source"
                self.refused.append(Refused(recording.said, "unreadable", detail))
            elif uri in seen:
                detail = f"{uri} is a recording of event {seen[uri]!r} already"
                self.refused.append(Refused(recording.said, "duplicate", detail))
            else:
                seen[uri] = recording.event
                yield recording._replace(file=uri)

    def _add(self, event: str, group: Sequence[Recording], events: Events, files: Mapping[str, Input]) -> None:
        first = next((r for r in group if r.role == events.primary), None)
        if first is None:
            self.taken |= {r.file for r in group}
            detail = (
                f"event {event!r} has no recording of role {events.primary!r}, only {', '.join(r.role for r in group)}"
            )
            self.refused += [Refused(r.file, "bad_row", detail) for r in group]
            return
        members = []
        for recording in sorted(group, key=lambda r: (r is not first, r.role, r.file)):
            form = _format(files[recording.file])
            self.failed = self.failed or (isinstance(form, Refused) and form.reason == "unreadable")
            if recording is not first and recording.role == events.primary:
                form = Refused(recording.said, "duplicate", f"event {event!r} has {first.file} as {first.role} already")
            if isinstance(form, Refused):
                self.refused.append(Refused(recording.file, form.reason, f"event {event!r} without it: {form.detail}"))
            else:
                members.append(_member(recording, first, form, files[recording.file]))
            if recording is not first and (not events.alone or isinstance(form, Refused)):
                self.taken.add(recording.file)
        self.members[first.file], self.sessions[first.file] = members, event

    def joined(self, rows: pa.Table, uri: str) -> pa.Table:
        """The record of a primary file, with its members and the event as its session."""
        if uri not in self.members or not rows.num_rows:
            return rows
        sessions = [session or self.sessions[uri] for session in rows.column("session").to_pylist()]
        rows = set_column(rows, "session", pa.array(sessions, pa.string()))
        return set_column(rows, "members", pa.array([self.members[uri]] * rows.num_rows, MEMBERS))


def _format(file: Input) -> Format | Refused:
    """What a recording is: media, or a signal."""
    found = format_of(file)
    if isinstance(found, Format):
        return found
    signal = signal_format(head_of(file), file.uri) if found.reason == "unsupported" else None
    if signal is None:
        return found
    check_installed(file.uri)
    return Format("signal", signal)


def _member(recording: Recording, primary: Recording, form: Format, file: Input) -> dict[str, Any]:
    offset = recording.offset_us - primary.offset_us
    found = {"role": recording.role, "offset_us": offset, "kind": form.kind, "format": form.format}
    return {**found, "asset": file.asset_id, "uri": file.uri}
