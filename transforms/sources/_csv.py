"""Tables of delimited text (RFC 4180: quotes are doubled inside quotes, and lines may break there)."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from affectory.transforms.sources._tables import Chunk, Pending, Table, absent, whole_file
from affectory.transforms.sources._text import BLOCK, checked, known_encoding, opened
from affectory.transforms.sources.base import ROW_CHARS, Limits, SourceFile

_DELIMITERS = (",", ";", "\t")
_LINE_ENDS = ("\n", "\r")
_MOST_BYTES_A_CHAR = 4


@dataclass(frozen=True, kw_only=True)
class CsvTable(Table):
    """Delimited text with a header line, plain or gzip. Every cell is text: "NA" and "None" are words."""

    delimiter: Annotated[
        Literal["auto", ",", ";", "tab"],
        Field(description="what separates cells; auto takes what gives the columns that are named here"),
    ] = "auto"
    encoding: Annotated[
        str, AfterValidator(known_encoding), Field(description="encoding of the file, such as utf-8 or latin-1")
    ] = "utf-8"

    @staticmethod
    def endings() -> tuple[str, ...]:
        return "*.csv", "*.tsv", "*.csv.gz", "*.tsv.gz"

    def header(self, file: SourceFile, limits: Limits) -> tuple[str, ...]:
        rows = (chunk.whole(0) for chunk in self.chunks(file, limits, ()) if chunk.numbers)
        return tuple(next(rows, ()))

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        encoding = known_encoding(self.encoding)
        if refused := checked(file, limits, encoding, "if that is its encoding, set `encoding: {}`"):
            yield Chunk(refused=(refused,))
            return
        # The csv module has one limit for the whole process; the reader below bounds rows itself.
        csv.field_size_limit(max(csv.field_size_limit(), limits.row_bytes + 1))
        with opened(file.path) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
            delimiter = self._delimiter(text, wanted)
            text.seek(0)
            yield from _read(file, _Reader(text, delimiter, limits.row_bytes), wanted)

    def _delimiter(self, text: io.TextIOWrapper, wanted: Sequence[str]) -> str:
        if self.delimiter != "auto":
            return "\t" if self.delimiter == "tab" else self.delimiter
        sample = text.read(BLOCK)
        headers = {d: _first_row(sample, d) for d in _DELIMITERS}
        return max(_DELIMITERS, key=lambda d: (len({*wanted} & {*headers[d]}), len(headers[d])))


def _first_row(sample: str, delimiter: str) -> list[str]:
    try:
        return next(filter(None, csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)), [])
    except csv.Error:
        return []


@dataclass
class _Row:
    """A row with the line it starts on; one that is not taken has a `problem` and a first cell to show."""

    number: int
    cells: list[str]
    size: int = 0
    reason: str = "bad_row"
    problem: str = ""


def _read(file: SourceFile, rows: Iterator[_Row], wanted: Sequence[str]) -> Iterator[Chunk]:
    first = next(rows, None)
    if first is None:
        return
    refused = absent(file, wanted, first.cells)
    if first.problem:
        refused = whole_file(file, "bad_row", f"line {first.number}, the header: {first.problem}")
    if refused:
        yield refused
        return
    pending: Pending[list[str]] = Pending(file.uri)
    for row in rows:
        _take(row, first.cells, pending)
        if pending.full():
            yield _chunk(pending, first.cells, wanted)
            pending = Pending(file.uri)
    yield _chunk(pending, first.cells, wanted)


def _take(row: _Row, header: list[str], pending: Pending[list[str]]) -> None:
    if row.problem:
        pending.refuse(row.number, row.reason, row.problem, row.cells[0])
    elif len(row.cells) != len(header):
        counts = f"{len(row.cells)} cells where the header has {len(header)}"
        pending.refuse(row.number, "bad_row", counts, row.cells)
    else:
        pending.add(row.number, row.cells, row.size)


def _chunk(pending: Pending[list[str]], header: list[str], wanted: Sequence[str]) -> Chunk:
    places = {name: header.index(name) for name in wanted}
    columns = {name: [cells[at] for cells in pending.rows] for name, at in places.items()}
    return pending.chunk(columns, lambda cells: dict(zip(header, cells, strict=True)))


class _RowTooLong(Exception):
    """Raised through the csv module, which asks for lines until a row is complete."""


class _Reader:
    """Reads rows no longer than `row_bytes`. Strict: where other programs would guess, the row is refused."""

    def __init__(self, text: io.TextIOWrapper, delimiter: str, row_bytes: int) -> None:
        self.text, self.delimiter, self.row_bytes = text, delimiter, row_bytes
        self.line = self.size = 0
        self.pieces: list[str] = []
        self.last = "\n"
        self._restart()

    def _restart(self) -> None:
        self.rows = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)

    def _lines(self) -> Iterator[str]:
        while line := self._piece(self.row_bytes + len("\r\n")):
            self.size += len(line)
            self.pieces.append(line)
            if self.size > self.row_bytes and self._bytes() > self.row_bytes:
                raise _RowTooLong
            yield line

    def _piece(self, most: int) -> str:
        """A line or what fits of it; the line is counted where it starts, even if the last was cut inside its end."""
        piece = self.text.readline(most)
        cut = self.last.endswith("\r") and piece == "\n"
        self.line += bool(piece) and self.last.endswith(_LINE_ENDS) and not cut
        self.last = piece
        return piece

    def _bytes(self) -> int:
        """Size of the row so far without the end of its last line."""
        return len("".join(self.pieces).rstrip("\r\n").encode())

    def __iter__(self) -> Iterator[_Row]:
        return self

    def __next__(self) -> _Row:
        cells: list[str] = []
        while not cells:  # a blank line is no row
            self.size, self.pieces, start = 0, [], self.line + 1
            try:
                cells = next(self.rows)
            except _RowTooLong:
                self._skip_row()
                return self._too_long(start)
            except csv.Error as error:
                lines = f" (lines {start} to {self.line})" if self.line > start else ""
                return _Row(start, [self._beginning()], problem=f"not proper CSV{lines}: {error}")
        if self.size * _MOST_BYTES_A_CHAR > self.row_bytes and self._bytes() > self.row_bytes:
            return self._too_long(start)
        return _Row(start, cells, self.size)

    def _too_long(self, start: int) -> _Row:
        problem = f"the row is longer than {self.row_bytes:,} bytes"
        return _Row(start, [self._beginning()], reason="too_large", problem=problem)

    def _beginning(self) -> str:
        return "".join(self.pieces)[:ROW_CHARS]

    def _skip_row(self) -> None:
        """Passes over the rest of a row that is too long to be held."""
        end = _RowEnd(self.delimiter)
        done = [end.reached(piece) for piece in self.pieces][-1]
        while not done and (piece := self._piece(BLOCK)):
            done = end.reached(piece)
        self._restart()


class _RowEnd:
    """Finds where a row ends without holding it: at the end of a line, outside quotes."""

    def __init__(self, delimiter: str) -> None:
        self.marks = re.compile(f'["{re.escape(delimiter)}]')
        self.quoted, self.position, self.opens_at = False, 0, 0

    def reached(self, piece: str) -> bool:
        """Whether the row ends with this piece. `opens_at` is where a quote opens a field or, doubled, continues it."""
        for mark in self.marks.finditer(piece):
            at = self.position + mark.start()
            if self.quoted:
                if mark[0] == '"':
                    self.quoted, self.opens_at = False, at + 1
            elif mark[0] != '"':
                self.opens_at = at + 1
            elif at == self.opens_at:
                self.quoted = True
        self.position += len(piece)
        return not self.quoted and piece.endswith(_LINE_ENDS)
