"""Looking for bytes wherever they may lie: in files, and in what is packed in them, to any depth."""

import gzip
import io
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WINDOW = 64


def windows(data: bytes) -> set[bytes]:
    """Every stretch of 64 bytes that tells something: one that repeats a few bytes is everywhere."""
    found = {data[at : at + WINDOW] for at in range(len(data) - WINDOW + 1)}
    return {window for window in found if len(set(window)) > WINDOW // 4}


def places_of(needles: Iterable[bytes], *folders: Path) -> set[str]:
    """The files below some folders in which any needle lies, and which."""
    wanted = set(needles)
    long, short = {n for n in wanted if len(n) == WINDOW}, {n for n in wanted if len(n) != WINDOW}
    found = set()
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            for data in (name.encode(), *unpacked(path.read_bytes())):
                found |= {f"{name}: {needle!r}" for needle in short if needle in data}
                if _meets(data, long):
                    found.add(f"{name}: media")
    return found


def _meets(data: bytes, long: set[bytes]) -> bool:
    """Whether any of these stretches is in the bytes; eight of theirs tell at which places it is worth to look."""
    if not long or len(data) < WINDOW:
        return False
    begins = np.unique(np.frombuffer(b"".join(window[:8] for window in long), np.uint64))
    words = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), 8)
    at = np.flatnonzero(np.isin(np.ascontiguousarray(words).view(np.uint64)[:, 0], begins))
    return any(data[place : place + WINDOW] in long for place in at.tolist())


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
