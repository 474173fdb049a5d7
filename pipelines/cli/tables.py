"""Tables of ratings in files, for commands that need no recipe."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affectory.schemas.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 10_000_000
"""Characters in a cell."""
FILES = (".csv", ".tsv", ".jsonl", ".parquet")


def is_table(path: Path) -> bool:
    return path.suffix.lower() in FILES


def must_exist(path: Path) -> None:
    if not path.exists():
        hint = f"a recipe that was built, the folder of a release, or a file that ends with {', '.join(FILES)}"
        raise UserError(f"{path}: no such file or folder", hint)


def read_table(path: Path) -> "pa.Table":
    """The rows of a file; of csv every cell as text, so that "None" stays what it says."""
    import csv

    import pyarrow as pa

    from affectory.schemas.parquet import read_parquet

    try:
        if path.suffix.lower() == ".parquet":
            return read_parquet(path)
        if path.suffix.lower() == ".jsonl":
            return _together(path, list(_json_rows(path)))
        return _csv(path)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not in UTF-8: byte {error.start} is {error.reason}", "save it as UTF-8") from error
    except (pa.ArrowInvalid, csv.Error) as error:
        raise UserError(f"{path} cannot be read: {str(error).splitlines()[0]}", "check the file") from error


def _csv(path: Path) -> "pa.Table":
    """Columns of text. Spreadsheets in much of Europe write semicolons."""
    import csv

    import pyarrow as pa

    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        mark = "\t" if path.suffix.lower() == ".tsv" else ";" if ";" in first and "," not in first else ","
        rows = csv.reader(file, delimiter=mark, strict=True)
        names = next(rows, [])
        if twice := [name for name in names if name and names.count(name) > 1]:
            raise UserError(f"{path} has two columns {twice[0]!r}", "give each column a name of its own")
        width = len(names)
        cells = [(row + [""] * width)[:width] for row in _lines(path, rows) if row]
    return pa.table({name: pa.array([row[n] for row in cells], pa.string()) for n, name in enumerate(names)})


def _lines(path: Path, rows: Any) -> Iterator[list[str]]:
    import csv

    begins = rows.line_num + 1
    try:
        for row in rows:
            yield row
            begins = rows.line_num + 1
    except csv.Error as error:
        hint = "is a quotation mark left open?"
        raise UserError(f"{path}, the row that begins in line {begins} cannot be read: {error}", hint) from error


def _together(path: Path, rows: list[dict[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        try:
            columns[name] = pa.array([row.get(name) for row in rows])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            hint = "numbers, text or lists throughout: a single label among lists is written as a list of one"
            raise UserError(f"{path}: the column {name!r} holds values of several kinds", hint) from error
    return pa.table(columns)


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        try:
            row = json.loads(line) if line.strip() else {}
        except json.JSONDecodeError as error:
            raise UserError(f"{path}, line {number} is not JSON: {error.msg}", "one object a line") from error
        if not isinstance(row, dict):
            raise UserError(f"{path}, line {number} is no object", "one object a line")
        if row:
            yield row
