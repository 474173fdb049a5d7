"""Looking for bytes wherever they may lie: in files, and in what is packed in them, to any depth."""

import gzip
import io
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

BLOCK = 32


def blocks(data: bytes) -> set[bytes]:
    """Bytes of which one set is in every stretch of 64: some are in everything, as where a few bytes repeat."""
    found = {data[at : at + BLOCK] for at in range(0, len(data) - BLOCK + 1, BLOCK)}
    return {block for block in found if len(set(block)) > BLOCK // 3}


def places_of(needles: Iterable[bytes], *folders: Path) -> set[str]:
    """The files below some folders in which any needle lies, and which."""
    wanted, found = set(needles), set()
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            for data in (name.encode(), *unpacked(path.read_bytes())):
                found |= {f"{name}: {needle!r}" for needle in wanted if needle in data}
    return found


def unpacked(data: bytes) -> Iterator[bytes]:
    """The bytes, and those that are packed in them."""
    yield data
    if data[:4] == b"PAR1":
        yield from _columns(pq.read_table(io.BytesIO(data)))
    elif data[:15] == b"SQLite format 3":
        yield from _rows(data)
    elif data[:2] == b"\x1f\x8b":
        yield from unpacked(gzip.decompress(data))
    elif data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield from unpacked(packed.read(name))


def _columns(table: pa.Table) -> Iterator[bytes]:
    for column in table.columns:
        for chunk in column.chunks:
            yield from (buffer.to_pybytes() for buffer in chunk.buffers() if buffer is not None and buffer.size)


def _rows(data: bytes) -> Iterator[bytes]:
    database: Any = sqlite3.connect(":memory:")
    database.deserialize(data)
    for (name,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
        for row in database.execute(f"select * from {name}"):
            for value in row:
                text = str(value)
                yield text.encode()
                if len(text) % 2 == 0 and set(text) <= set("0123456789abcdef"):
                    yield bytes.fromhex(text)  # names of files are kept so
    database.close()
