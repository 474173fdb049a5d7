"""Reading the tables and cut lists that describe records: every row is taken or refused, each by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._csv import CsvTable
from affectory.transforms.sources._cut_lists import CUT_LISTS, Cut, cuts_of, microseconds
from affectory.transforms.sources._described import Segments, Sidecar
from affectory.transforms.sources._documents import document, unfit
from affectory.transforms.sources._jsonl import JsonlTable
from affectory.transforms.sources._parquet import ParquetTable
from affectory.transforms.sources._tables import Chunk, Pending, Table, absent, whole_file
from affectory.transforms.sources._walk import Selection, walk
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, RemoteFolder, SourceFile

_YES, _NO = frozenset(("true", "yes", "y", "1", "1.0")), frozenset(("false", "no", "n", "0", "0.0"))
_SIDE = columns.within(columns.number, -1e6, 1e6)
_JSON_BYTES = 100_000_000
TABLES = ("*.csv", "*.tsv", "*.csv.gz", "*.tsv.gz", "*.jsonl", "*.ndjson", "*.parquet", "*.json")


@dataclass(frozen=True)
class Said:
    """What a row of a sidecar says of the records that it is joined to."""

    of: str
    values: dict[str, Any]
    uri: str = ""


@dataclass(frozen=True)
class SideRows:
    """Some rows of a file beside the records, and what was refused of it."""

    said: tuple[Said, ...] = ()
    cuts: tuple[Cut, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class SidecarReader:
    """Reads the table of a `sidecar`."""

    sidecar: Sidecar
    isolated: bool = field(default=True, init=False)

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, Selection(TABLES))

    def read(self, file: SourceFile, limits: Limits) -> Iterator[SideRows]:
        wanted, given = self._columns(), self.sidecar
        read = chunks_of(
            file, limits, [c for c in (*wanted.values(), *(given.facts or {}).values()) if c] + [*given.keep]
        )
        for chunk in _with_header(read, file, [c for c in wanted.values() if c]) if given.grants else read:
            problems: columns.Problems = {}
            found = {n: convert(chunk, c, _CONVERT.get(n, _yes), problems) for n, c in wanted.items() if c}
            facts = {f: convert(chunk, c, columns.word, problems) for f, c in sorted((given.facts or {}).items())}
            extra = {n: convert(chunk, n, columns.plain, problems) for n in sorted(set(given.keep))}
            said = [
                Said(
                    found["of"][i], _row(found, {"extra": extra, "facts": facts}, i), f"{file.uri}#L{chunk.numbers[i]}"
                )
                for i in range(len(chunk.numbers))
                if i not in problems
            ]
            refused = [chunk.refuse(i, file.uri, *problems[i]) for i in sorted(problems)]
            yield SideRows(said=tuple(said), refused=(*chunk.refused, *refused))

    def _columns(self) -> dict[str, str | None]:
        given = self.sidecar
        told = ("speaker", "session", "licence", "language", "text", "expires", "embargo")
        purposes = given.consent.columns() if given.consent else {}
        return {"of": given.join[1], **{n: getattr(given, n) for n in told}, **purposes}


def _with_header(read: Iterator[Chunk], file: SourceFile, wanted: Sequence[str]) -> Iterator[Chunk]:
    """Lines of JSON have no header: a column that no line has is told like one that lacks in a table."""
    if not Selection(JsonlTable.endings()).takes(file.uri.lower()):
        yield from read
        return
    names: dict[str, None] = {}
    for chunk in read:
        names |= dict.fromkeys(name for i in range(len(chunk.numbers)) for name in chunk.whole(i))
        yield chunk
    if names and (refused := absent(file, wanted, list(names))):
        yield refused


def _row(found: dict[str, list[Any]], named: Mapping[str, dict[str, list[Any]]], index: int) -> dict[str, Any]:
    values = {name: cells[index] for name, cells in found.items() if name != "of" and cells[index] is not None}
    for what, columns_of in named.items():
        if kept := {name: cells[index] for name, cells in columns_of.items() if cells[index] is not None}:
            values[what] = kept
    return values


@dataclass(frozen=True)
class SegmentsReader:
    """Reads the cut lists of `segments`."""

    segments: Segments
    isolated: bool = field(default=True, init=False)

    @property
    def who_is(self) -> str | None:
        return self.segments.who_is

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, Selection((*TABLES, *(f"*{ending}" for ending in CUT_LISTS))))

    def read(self, file: SourceFile, limits: Limits) -> Iterator[SideRows]:
        if PurePosixPath(file.uri).suffix.lower() in CUT_LISTS:
            cuts, refused = cuts_of(file, limits)
            yield SideRows(cuts=tuple(cuts), refused=tuple(refused))
            return
        given = self.segments
        join = given.file or given.stem or given.key
        if join is None:
            detail = "a table needs one of file, stem and key: the column that says of which recording a row speaks"
            yield SideRows(refused=(Refused(file.uri, "bad_row", detail),))
            return
        places = given.box or (given.start, given.end)
        for chunk in chunks_of(file, limits, [c for c in (join, *places, given.who, given.text) if c]):
            yield self._cuts(chunk, join, file.uri)

    def _cuts(self, chunk: Chunk, join: str, uri: str) -> SideRows:
        given, problems = self.segments, columns.Problems()
        of = convert(chunk, join, columns.required(columns.name), problems)
        places = self._boxes(chunk, problems) if given.box else self._times(chunk, problems)
        who = convert(chunk, given.who, columns.name, problems)
        text = convert(chunk, given.text, columns.word, problems)
        found = [
            Cut(of[i], places[i][0], places[i][1], who[i], text[i], f"{uri}#L{number}", *places[i][2:])
            for i, number in enumerate(chunk.numbers)
            if i not in problems
        ]
        refused = [chunk.refuse(i, uri, *problems[i]) for i in sorted(problems)]
        return SideRows(cuts=tuple(found), refused=(*chunk.refused, *refused))

    def _times(self, chunk: Chunk, problems: columns.Problems) -> list[tuple[Any, ...]]:
        given = self.segments

        def time(value: Any) -> int | None:
            return microseconds(value, given.unit)

        ends = [convert(chunk, c, columns.required(time), problems) for c in (given.start, given.end)]
        found = list(zip(*ends, strict=True))
        for i, (start, end) in enumerate(found):
            if i not in problems and (wrong := Cut.problem(start, end)):
                problems[i] = ("bad_row", wrong)
        return found

    def _boxes(self, chunk: Chunk, problems: columns.Problems) -> list[tuple[Any, ...]]:
        sides = [convert(chunk, c, columns.required(_SIDE), problems) for c in self.segments.box or ()]
        found = list(zip(*sides, strict=True))
        for i, box in enumerate(found):
            if i not in problems and min(box[2:]) <= 0:
                problems[i] = ("bad_row", f"the box {box} has no size")
        return [(None, None, box) for box in found]


def convert(chunk: Chunk, name: str | None, convert: Any, problems: columns.Problems) -> list[Any]:
    if name is None:
        return [None] * len(chunk.numbers)
    return columns.converted(chunk.columns.get(name, ()), convert, name, problems)


def chunks_of(file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
    """The wanted columns of a table of any of the formats that are read."""
    name = file.uri.lower()
    if name.endswith(".json"):
        yield from _json_chunks(file, limits, wanted)
        return
    kinds: tuple[type[Table], ...] = (CsvTable, JsonlTable, ParquetTable)
    kind = next((k for k in kinds if Selection(k.endings()).takes(name)), None)
    if kind is None:
        yield whole_file(file, "unsupported", "a CSV, TSV, JSON, JSON lines or Parquet table is wanted")
    else:
        yield from kind(path=file.uri).chunks(file, limits, wanted)


def _json_chunks(file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
    """A list of objects, or objects under what they are about, which then is the first wanted column."""
    found = document(file, replace(limits, file_bytes=min(limits.file_bytes, _JSON_BYTES)))
    if isinstance(found, Refused):
        yield Chunk(refused=(found,))
        return
    if isinstance(found, dict):
        found = [{wanted[0]: of, **row} if isinstance(row, dict) else row for of, row in found.items()]
    if not isinstance(found, list) or not any(isinstance(row, dict) for row in found):
        yield whole_file(file, "bad_row", "a list of objects is wanted, or an object of objects by what they are about")
        return
    pending: Pending[dict[str, Any]] = Pending(file.uri)
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict):
            pending.refuse(number, "bad_row", "not an object", row)
        elif wrong := unfit(row):
            pending.refuse(number, *wrong, row)
        else:
            pending.add(number, row, 0)
    names = dict.fromkeys(name for row in found if isinstance(row, dict) for name in row)
    yield absent(file, wanted, list(names)) or pending.chunk(
        {n: [r.get(n) for r in pending.rows] for n in wanted}, dict
    )


def _yes(value: Any) -> bool | None:
    if _is_empty(value) or isinstance(value, bool):
        return value if isinstance(value, bool) else None
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"{columns.quoted(value)} is neither yes nor no")


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if _is_empty(value) or isinstance(value, date):
        return value if isinstance(value, date) else None
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError:
        raise ValueError(f"{columns.quoted(value)} is not a day such as 2026-12-31") from None


def _is_empty(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


_CONVERT: dict[str, Any] = {
    "of": columns.required(columns.name),
    "speaker": columns.name,
    "session": columns.name,
    "licence": columns.word,
    "language": columns.word,
    "text": columns.word,
    "expires": _day,
    "embargo": _day,
}
"""How the columns are read; those of consent say yes or no."""
