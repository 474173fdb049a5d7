"""File hashes, remembered by place, size and time of change, so that source bytes are read for it only once."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

_TABLE = "create table if not exists hashes (path text primary key, size int, mtime int, inode int, sha text)"
_CHUNK = 1 << 20


def hash_files(paths: Sequence[Path], memory: Path) -> list[str | OSError]:
    """The sha256 of every file, or the error that kept it from being read."""
    memory.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(memory)) as database, database:
        database.execute(_TABLE)
        known = _known(database)
        marks = [_mark(path) for path in paths]
        found = [known.get(mark) if isinstance(mark, tuple) else mark for mark in marks]
        missing = [i for i, sha in enumerate(found) if sha is None]
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            fresh = list(pool.map(_hash, [paths[i] for i in missing]))
        for index, sha in zip(missing, fresh, strict=True):
            found[index] = sha
        _remember(database, [(*marks[i], found[i]) for i in missing if isinstance(found[i], str)])  # type: ignore[misc]
    return found  # type: ignore[return-value]


Mark = tuple[str, int, int, int]


def _mark(path: Path) -> Mark | OSError:
    try:
        stat = path.stat()
    except OSError as error:
        return error
    inode = stat.st_ino % 2**63  # the largest number that SQLite holds; network file systems go beyond
    return os.fsencode(path).hex(), stat.st_size, stat.st_mtime_ns, inode


def _known(database: sqlite3.Connection) -> dict[Mark, str]:
    return {row[:4]: row[4] for row in database.execute("select path, size, mtime, inode, sha from hashes")}


def _remember(database: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    database.executemany("insert or replace into hashes values (?, ?, ?, ?, ?)", rows)


def _hash(path: Path) -> str | OSError:
    hasher = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
    except OSError as error:
        return error
    return hasher.hexdigest()
