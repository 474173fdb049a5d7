"""Tables of texts from files that may come from anybody: the first sheet of a spreadsheet (.xlsx), and CSV."""

import csv
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from affectory.schemas.errors import UserError

MOST_BYTES = 4_000_000
"""Of a file, and of all that is unpacked from it."""
MOST_PARTS = 500
LONGEST = 131_072
MOST_CHARACTERS = 4_000_000
"""Of all cells together: many may show one long text that is in the file once."""
_BROKEN = (BadZipFile, zlib.error, ElementTree.ParseError, OSError, EOFError, RuntimeError, ValueError, OverflowError)
_COLUMN = re.compile(r"[A-Z]{1,3}(?=[0-9])")

Row = tuple[str, ...]
Cells = dict[int, str]


def read_sheet(path: Path, columns: Sequence[str]) -> list[Row]:
    """These columns of the rows of the first sheet, which the first row names; an empty cell is an empty text."""
    try:
        with ZipFile(io.BytesIO(_whole(path))) as file:
            rows = [row for row in _Workbook(path, file).rows() if any(row.values())]
    except _BROKEN as error:
        refuse(path, f"is no spreadsheet that can be read ({error})", "save it anew as .xlsx")
    return _chosen(path, rows, columns)


def read_csv(path: Path, columns: Sequence[str]) -> list[Row]:
    """These columns of a CSV file whose first row names them."""
    try:
        text = _whole(path).decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""))
        rows = [{number: cell for number, cell in enumerate(line) if cell} for line in lines]
        if any(len(cell) > LONGEST for row in rows for cell in row.values()):  # the limit of csv is the whole process's
            raise ValueError(f"a field of more than {LONGEST:,} characters")
    except (ValueError, csv.Error, OSError) as error:
        refuse(path, f"is no CSV that can be read ({error})", "it has to be text in UTF-8")
    return _chosen(path, rows, columns)


def refuse(path: Path, why: str, hint: str) -> NoReturn:
    """Says of a file what is wrong with it."""
    raise UserError(f"{path} {why}", hint) from None


def _whole(path: Path) -> bytes:
    if not path.is_file():
        refuse(path, "is no file", "check the path")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        refuse(path, f"is larger than {MOST_BYTES:,} bytes", "no table that is read here is as large")
    return data


def _chosen(path: Path, rows: Sequence[Cells], columns: Sequence[str]) -> list[Row]:
    named: dict[str, int] = {}
    for number, name in rows[0].items() if rows else ():
        named.setdefault(name.strip(), number)
    if missing := [name for name in columns if name not in named]:
        has = ", ".join(name for name in named if name)[:200] or "none"
        refuse(path, f"has no column {missing[0]!r}", f"its columns are expected in the first row, which names {has}")
    return [tuple(row.get(named[name], "") for name in columns) for row in rows[1:]]


@dataclass
class _Workbook:
    """The parts of a spreadsheet, which are files in a ZIP, and how much of them was taken so far."""

    path: Path
    file: ZipFile
    unpacked: int = 0
    shown: int = 0
    texts: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[Cells]:
        if len(self.file.infolist()) > MOST_PARTS:
            refuse(self.path, f"has more than {MOST_PARTS} parts", "a spreadsheet has a dozen")
        links = {link.get("Id"): link for link in self._part("xl/_rels/workbook.xml.rels")}
        first = self._part("xl/workbook.xml").find("{*}sheets/{*}sheet")
        at = [value for name, value in first.items() if name.endswith("}id")] if first is not None else []
        if not at or at[0] not in links:
            refuse(self.path, "has no sheet", "save it anew as .xlsx")
        for link in links.values():
            if link.get("Type", "").endswith("/sharedStrings"):
                self.texts = [_text(item) for item in self._part(_place(link))]
        for row in self._part(_place(links[at[0]])).iterfind("{*}sheetData/{*}row"):
            yield self._cells(row)

    def _part(self, name: str) -> Element:
        """Texts of its own are all that a part may hold: no entities, which unfold, and nothing from elsewhere."""
        if name not in self.file.namelist():
            refuse(self.path, f"has no part {name}", "save it anew as .xlsx")
        info = self.file.getinfo(name)
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # others unpack at once all that there is
            refuse(self.path, "is packed in an unusual way", "save it anew as .xlsx")
        with self.file.open(info) as stream:
            data = stream.read(MOST_BYTES - self.unpacked + 1)
        self.unpacked += len(data)
        if self.unpacked > MOST_BYTES:
            refuse(self.path, f"unpacks to more than {MOST_BYTES:,} bytes", "keep the sheet alone")
        text = data.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            refuse(self.path, f"declares entities in {name}", "no spreadsheet does: do not trust this file")
        return ElementTree.fromstring(text)  # as text, so that no other encoding hides a declaration

    def _cells(self, row: Iterable[Element]) -> Cells:
        cells: Cells = {}
        number = -1
        for cell in row:
            place = _COLUMN.match(cell.get("r", ""))
            number = _number(place[0]) if place else number + 1
            cells[number] = self._shown(cell)
            self.shown += len(cells[number])
        if self.shown > MOST_CHARACTERS:
            refuse(self.path, f"shows more than {MOST_CHARACTERS:,} characters", "keep what is needed alone")
        return cells

    def _shown(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(_text(item) for item in cell.iterfind("{*}is"))
        value = cell.findtext("{*}v") or ""
        if kind == "s" and value:
            return self._shared(int(value))
        return "" if kind == "e" else value

    def _shared(self, number: int) -> str:
        if not 0 <= number < len(self.texts):
            refuse(self.path, f"shows a text {number} that it does not hold", "save it anew as .xlsx")
        return self.texts[number]


def _place(link: Element) -> str:
    target = link.get("Target", "")
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _text(item: Element) -> str:
    """Without how it is pronounced, which stands beside it."""
    return "".join(part.text or "" for where in ("{*}t", "{*}r/{*}t") for part in item.iterfind(where))


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
