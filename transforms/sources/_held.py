"""Media in the cells of a table: the name of a file, or its bytes, alone or with a name, as `datasets` writes them."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._inner import whole
from affectory.transforms.sources._sniff import HEAD_BYTES, TEXT, sniff
from affectory.transforms.sources.base import Inner

KINDS = ("video", "audio", "image", "media")
"""Parameters that give the column of media; `media` are of any kind."""


def held_in(
    kind: str, column: str, cells: Mapping[str, Sequence[Any]], problems: columns.Problems
) -> dict[str, list[Any]]:
    """What records have of their cells: name, or asset, size, kind, format and the bytes themselves."""

    def convert(cell: Any) -> dict[str, Any]:
        return _of_cell(cell, kind)

    found = columns.converted(cells.get(column, ()), convert, column, problems)
    names = ("media", "asset", "size", "kind", "format", "inner")
    return {name: [None if cell is None else cell.get(name) for cell in found] for name in names}


def _of_cell(cell: Any, kind: str) -> dict[str, Any]:
    given = cell if isinstance(cell, Mapping) else {"bytes" if isinstance(cell, bytes) else "path": cell}
    data, name = given.get("bytes"), given.get("path")
    if data is None:
        if name is None or name == "":
            raise ValueError("no media: neither a name nor bytes")
        return {"media": columns.text(name), "kind": kind}
    if not isinstance(data, bytes):
        raise ValueError("its bytes are not binary")
    if not data:
        raise ValueError("zero bytes of media")
    return of_bytes(whole(data), data[:HEAD_BYTES], name if isinstance(name, str) else "", kind)


def of_bytes(inner: Inner, head: bytes, name: str, kind: str = "media") -> dict[str, Any]:
    """The columns of media whose bytes are there, told by their first ones; a `ValueError` where they are none."""
    form = sniff(head, PurePosixPath(name).suffix)
    if form is None or form == TEXT:
        raise ValueError("its bytes are no known media")
    if kind not in ("media", form.kind):
        raise ValueError(f"its bytes are {form.kind} ({form.format}), not {kind}")
    return {"asset": inner.asset, "size": inner.size, "kind": form.kind, "format": form.format, "inner": inner}
