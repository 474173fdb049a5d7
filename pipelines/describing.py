"""Joining what sidecars say to the records they speak of, and telling what they say of none."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from affectory.pipelines.inputs import Input, inputs_of, local_files
from affectory.pipelines.people import Declared
from affectory.pipelines.reading import batches
from affectory.pipelines.runner.child import Child
from affectory.schemas.errors import UserError
from affectory.schemas.ids import canonical, digest
from affectory.schemas.types import PLACES
from affectory.schemas.urls import Location
from affectory.transforms.rows import set_column
from affectory.transforms.sources._cut_lists import CUT_LISTS, Cut
from affectory.transforms.sources._side_tables import Said, SegmentsReader, SidecarReader
from affectory.transforms.sources.base import RECORDS, Limits, Refused, SourceFile

_SET = ("speaker", "session", "licence", "language", "text", "extra")
_SHOWN = 5
_LOST = ("unreadable", "too_large", "outside_root")
"""Files that were meant; what is hidden, or read already, was not."""


@dataclass(frozen=True)
class SideFiles:
    """The files beside the records of an entry, with their hashes, and what is refused of them unread."""

    reader: SidecarReader | SegmentsReader
    files: tuple[Input, ...]
    refused: tuple[Refused, ...]

    @classmethod
    def of(cls, source: Any, beside: Mapping[str, Location], memory: Path, limits: Limits) -> "tuple[SideFiles, ...]":
        sidecar, segments = (getattr(source, name, None) for name in ("sidecar", "segments"))
        readers = {"sidecar": sidecar and SidecarReader(sidecar), "segments": segments and SegmentsReader(segments)}
        found = []
        for name, reader in readers.items():
            if reader is not None and name in beside:
                files, refused = inputs_of(reader, beside[name], memory, limits)
                found.append(cls(reader, tuple(files), tuple(refused)))
        return tuple(found)

    @property
    def signature(self) -> list[Any]:
        return [[(f.uri, f.asset_id) for f in self.files], [(r.uri, r.reason, r.detail) for r in self.refused]]


@dataclass
class Describing:
    """What is said of the records of an entry, by what it is joined on; filled once, then looked up for each batch."""

    entry: str
    said: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    cuts: dict[tuple[str, str], list[Cut]] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    """Where each of them is said first."""
    used: set[tuple[str, str]] = field(default_factory=set)
    people: dict[str, Declared] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    records: str = ""
    """The place of some record."""
    paths: Set[str] = frozenset()
    """Names of files that are paths: they mean no file of that name in another folder."""
    who_is: str | None = None
    """Where a name in a stretch is the same person, as the recipe says."""

    @classmethod
    def of(
        cls, entry: str, beside: Iterable[SideFiles], limits: Limits, child: Child, paths: Set[str] = frozenset()
    ) -> "Describing":
        made = cls(entry, paths=paths)
        for side in beside:
            made.who_is = getattr(side.reader, "who_is", made.who_is)
            made._refuse(side.reader, side.refused, {r.uri for r in side.refused if r.reason in _LOST})
            for file in local_files(side.reader, side.files, limits):
                if isinstance(file, Refused):
                    made._refuse(side.reader, [file], {file.uri})
                else:
                    made._read(side.reader, file, limits, child)
        for cuts in made.cuts.values():
            cuts.sort(key=lambda cut: cut.order)
        return made

    def _read(self, reader: SidecarReader | SegmentsReader, file: SourceFile, limits: Limits, child: Child) -> None:
        for found in batches(reader, file, limits, child):
            self._refuse(reader, found.refused, {file.uri})
            for said in getattr(found, "said", ()):
                self._say(reader.sidecar.join[0], said)  # type: ignore[union-attr]
            for cut in getattr(found, "cuts", ()):
                join = _join_of(reader, cut)
                self.cuts.setdefault(join, []).append(cut)
                self.places.setdefault(join, cut.uri)

    def _refuse(self, reader: SidecarReader | SegmentsReader, refused: Iterable[Refused], whole: Set[str]) -> None:
        """Note what is not taken; without what people agreed to nothing is built, as somebody may have said no."""
        for one in refused:
            if one.uri in whole and isinstance(reader, SidecarReader) and reader.sidecar.grants:
                raise UserError(
                    f"{one.uri} says what people agreed to, and it is not taken: {one.detail or one.reason}",
                    f"mend it, or `sidecar` of source {self.entry!r}: without it nothing is known of their consent",
                )
            self.refused.append(one)

    def _say(self, by: str, said: Said) -> None:
        join = (by, _of(by, said.of))
        if join in self.said and self.said[join] != said.values:
            before, now = (Declared.of(values) for values in (self.said[join], said.values))
            self.said[join] |= before.stricter(now).said()
            more = "; of what both allow the less counts" if now and before != now else ""
            detail = f"{said.of!r} is described otherwise in {self.places[join]}{more}"
            self.refused.append(Refused(said.uri, "duplicate", detail))
        else:
            self.said[join] = said.values
            self.places.setdefault(join, said.uri)

    def described(
        self, rows: pa.Table, file: SourceFile, pseudonym: Callable[[str], str], kind: str | None
    ) -> pa.Table:
        """The records with what is said of them; people among them are noted with what they agreed to."""
        if not rows.num_rows or not (self.said or self.cuts):
            return rows
        uris = [uri or file.uri for uri in rows.column("uri").to_pylist()]
        keys, speakers = (rows.column(name).to_pylist() for name in ("key", "speaker"))
        self.records = self.records or uris[0]
        joins = [self._joins(file.uri, *found) for found in zip(uris, keys, speakers, strict=True)]
        rows = self._with_said(rows, [self._found(self.said, j) for j in joins], pseudonym)
        return self._with_cuts(rows, [self._found(self.cuts, j) for j in joins], pseudonym, kind, file)

    def accompanied(self, rows: pa.Table, file: SourceFile, pseudonym: Callable[[str], str]) -> pa.Table:
        """Records of events with whoever is said to be in their other recordings: they are subjects of the event."""
        events = rows.column("members").to_pylist() if self.said else []
        found = [self._beside(members, file, pseudonym) for members in events]
        if not any(found):
            return rows
        subjects, prints = (rows.column(name).to_pylist() for name in ("subjects", "fingerprint"))
        subjects = [sorted({*(own or ()), *more}) or own for own, more in zip(subjects, found, strict=True)]
        prints = [digest(own, sorted(more)) if more else own for own, more in zip(prints, found, strict=True)]
        rows = set_column(rows, "subjects", pa.array(subjects, rows.schema.field("subjects").type))
        return set_column(rows, "fingerprint", pa.array(prints, pa.string()))

    def _beside(
        self, members: Iterable[Mapping[str, Any]] | None, file: SourceFile, pseudonym: Callable[[str], str]
    ) -> set[str]:
        people = set[str]()
        for uri in (member["uri"] for member in members or () if member["uri"] != file.uri):
            for row in self._found(self.said, self._joins(uri, uri, None, None)):
                self._declare(row, row.get("speaker"), pseudonym, uri)
                people |= {pseudonym(row["speaker"])} if row.get("speaker") else set()
        return people

    def _joins(self, file: str, uri: str, key: str | None, speaker: str | None) -> list[tuple[str, str]]:
        """All that a record may be spoken of by, the surest first; one inside an archive also by its path in there."""
        place, inside = PurePosixPath(uri), uri.removeprefix(f"{file}/")
        name = None if place.name in self.paths else place.name
        files = [("file", uri), ("file", inside), ("file", name)]
        found = [*files, ("stem", place.stem), ("key", key), ("subject", speaker)]
        return list(dict.fromkeys((by, of) for by, of in found if of is not None))

    def _found(self, known: Mapping[tuple[str, str], Any], joins: list[tuple[str, str]]) -> list[Any]:
        """What is said by path holds, and not what is said of files of that name elsewhere."""
        surest = {join[0]: join for join in reversed(joins) if join in known}
        self.used.update(surest.values())
        return [known[join] for join in joins if surest.get(join[0]) == join]

    def _with_said(self, rows: pa.Table, said: list[list[dict[str, Any]]], pseudonym: Callable[[str], str]) -> pa.Table:
        if not any(said):
            return rows
        for name in _SET:
            values = rows.column(name).to_pylist()
            for index, found in enumerate(said):
                for row in (row for row in found if name in row and not (name == "text" and values[index] is not None)):
                    more = [(values[index] or []), row[name].items()] if name == "extra" else []
                    values[index] = sorted(dict([*more[0], *more[1]]).items()) if more else row[name]
            rows = set_column(rows, name, pa.array(values, RECORDS.field(name).type))
        for found, speaker, uri in zip(
            said, rows.column("speaker").to_pylist(), rows.column("uri").to_pylist(), strict=True
        ):
            for row in found:
                self._declare(row, speaker, pseudonym, uri)
        return rows

    def _declare(
        self, row: Mapping[str, Any], speaker: str | None, pseudonym: Callable[[str], str], uri: str | None
    ) -> None:
        declared = Declared.of(row)
        if not declared:
            return
        if speaker is None:
            detail = "consent of nobody: its row names no speaker, so give `speaker` or `subject`"
            self.refused.append(Refused(uri or self.records, "bad_row", detail))
            return
        person = pseudonym(speaker)
        self.people[person] = self.people[person].stricter(declared) if person in self.people else declared

    def _with_cuts(
        self,
        rows: pa.Table,
        cuts: list[list[list[Cut]]],
        pseudonym: Callable[[str], str],
        kind: str | None,
        file: SourceFile,
    ) -> pa.Table:
        if not any(cuts):
            return rows
        given, recordings = rows.column("segments").to_pylist(), self._recordings(rows, file)
        made = [
            [_place(cut, self._who(cut, recording, pseudonym), kind) for some in found for cut in some] or already
            for found, already, recording in zip(cuts, given, recordings, strict=True)
        ]
        return set_column(rows, "segments", pa.array(made, PLACES))

    def _recordings(self, rows: pa.Table, file: SourceFile) -> list[str]:
        """What each record is known by, wherever it lies: its key, or its content."""
        found = zip(*(rows.column(name).to_pylist() for name in ("key", "asset", "content")), strict=True)
        return [
            canonical([self.entry, key] if key is not None else [None, asset or file.asset_id, content])
            for key, asset, content in found
        ]

    def _who(self, cut: Cut, recording: str, pseudonym: Callable[[str], str]) -> str | None:
        """Who a stretch is of; what is said of subjects holds for them too, who by that are the same everywhere."""
        row = self.said.get(("subject", cut.who)) if cut.who else None
        if row is None or cut.who is None:
            name = canonical([recording, cut.who]) if cut.who and self._is_of_recording(cut) else cut.who
            return pseudonym(name) if name else None
        self.used.add(("subject", cut.who))
        name = row.get("speaker") or cut.who
        self._declare(row, name, pseudonym, cut.uri)
        return pseudonym(name)

    def _is_of_recording(self, cut: Cut) -> bool:
        return (self.who_is or ("recording" if _file_of(cut).endswith(".rttm") else "everywhere")) == "recording"

    def unmatched(self) -> Iterator[Refused]:
        """What speaks of no record, told by each file once; where nothing of it does, the recipe is wrong."""
        files: dict[str, list[tuple[str, str]]] = {}
        for join, place in self.places.items():
            files.setdefault(place.partition("#")[0], []).append(join)
        for uri, joins in sorted(files.items()):
            idle = [join for join in joins if join not in self.used]
            if len(idle) == len(joins) and self.records:
                hint = (
                    f"it is joined by {idle[0][0]}: {_some(idle)}; the records of {self.entry} lie at {self.records!r}"
                )
                raise UserError(f"no row of {uri} speaks of a record of source {self.entry!r}", hint)
            if idle:
                detail = f"{len(idle)} of {len(joins)} that it speaks of are no record, by {idle[0][0]}: {_some(idle)}"
                yield Refused(uri, "unknown_record", detail)


def _some(joins: list[tuple[str, str]]) -> str:
    shown = ", ".join(repr(of) for _, of in joins[:_SHOWN])
    return f"{shown}, ..." if len(joins) > _SHOWN else shown


def _join_of(reader: Any, cut: Cut) -> tuple[str, str]:
    given = reader.segments
    is_table = PurePosixPath(_file_of(cut)).suffix not in CUT_LISTS
    by = ("file" if given.file else "key" if given.key else "stem") if is_table else "stem"
    return by, _of(by, cut.of)


def _file_of(cut: Cut) -> str:
    return cut.uri.rpartition("#")[0].lower()


def _of(by: str, value: str) -> str:
    return posixpath.normpath(value.replace("\\", "/")) if by == "file" else value


def _place(cut: Cut, who: str | None, kind: str | None) -> dict[str, Any]:
    return {
        "kind": kind or ("part" if cut.box else "turn" if cut.text is None else "utterance"),
        "start_us": cut.start_us,
        "end_us": cut.end_us,
        "box": cut.box,
        "who": who,
        "text": cut.text,
    }
