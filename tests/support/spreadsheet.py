"""Small spreadsheets for tests, as Excel and others write them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="words" sheetId="1" r:id="rId7"/><sheet name="other" sheetId="2" r:id="rId8"/></sheets></workbook>'
)
LINKS = (
    f'<Relationships xmlns="{_PACKAGE}">'
    f'<Relationship Id="rId8" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId7" Type="{_OFFICE}/worksheet" Target="/xl/worksheets/sheet2.xml"/>'
    f'<Relationship Id="rId1" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)


def sheet(rows: Sequence[str]) -> str:
    """A sheet of rows that are given as XML."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'


def parts(rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """The parts of a spreadsheet whose texts stand apart, as Excel writes it; an empty text is no cell."""
    texts = sorted({text for row in rows for text in row if text})
    number = {text: index for index, text in enumerate(texts)}
    lines = []
    for at, row in enumerate(rows, 1):
        held = [(f"{chr(65 + column)}{at}", number[text]) for column, text in enumerate(row) if text]
        cells = "".join(f'<c r="{place}" t="s"><v>{text}</v></c>' for place, text in held)
        lines.append(f'<row r="{at}">{cells}</row>')
    items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    return {
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": LINKS,
        "xl/worksheets/sheet1.xml": sheet([]),
        "xl/worksheets/sheet2.xml": sheet(lines),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{items}</sst>',
    }


def packed(path: Path, held: Mapping[str, str | bytes], method: int = ZIP_DEFLATED) -> Path:
    """A ZIP of these parts."""
    with ZipFile(path, "w", method) as file:
        for name, part in held.items():
            file.writestr(name, part)
    return path


def write_sheet(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A spreadsheet of these texts."""
    return packed(path, parts(rows))
