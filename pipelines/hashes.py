"""File hashes, remembered by place, size and times of change, so that source bytes are read for it only once."""

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from affectory.pipelines.remote import chunks
from affectory.transforms.sources.base import RemoteFile

_TABLE = "create table if not exists marks (path text primary key, mark text, sha text)"
_CHUNK, _AT_ONCE = 1 << 20, 64
_SETTLED_NS = 2_000_000_000
"""A file that changed this recently may change again within the same tick of its clock: it is not remembered."""


def hash_files(
    paths: Sequence[Path | RemoteFile], memory: Path, done: Callable[[int], None] = lambda _: None
) -> list[str | OSError]:
    """The sha256 of every file, or the error that kept it from being read; `done` hears how many are."""
    found: list[str | OSError] = []
    with _opened(memory) as database, ThreadPoolExecutor(_workers(paths)) as pool:
        for start in range(0, len(paths), _AT_ONCE):
            some = paths[start : start + _AT_ONCE]
            marks = [_mark(path) for path in some]
            found += pool.map(_hashed, some, marks, [_recall(database, path) for path in some])
            _remember(database, some, marks, found[start:])
            done(len(found))
    return found


def _workers(paths: Sequence[Path | RemoteFile]) -> int:
    """A disk is soon busy; what lies elsewhere is mostly waited for."""
    return _AT_ONCE // 4 if any(isinstance(path, RemoteFile) for path in paths) else min(4, os.cpu_count() or 1)


def unchanged(path: Path, sha: str, memory: Path) -> bool:
    """Whether a file still holds the bytes of this hash; it is read again only where its mark differs."""
    try:
        with _opened(memory) as database:
            return _hashed(path, _mark(path), _recall(database, path)) == sha
    except sqlite3.Error:  # on a disk that a cluster shares, it may be locked or not lockable: reading again is no harm
        return _hashed(path, None, None) == sha


def forget_hashes(memory: Path, gone: Callable[[str], bool]) -> None:
    """Leave no byte of what is remembered of files with these hashes."""
    if not memory.exists():
        return
    with _opened(memory) as database:
        rows = database.execute("select path, sha from marks").fetchall()
        paths = [(path,) for path, sha in rows if gone(sha)]
        if paths:
            database.execute("pragma secure_delete = on")
            with database:
                database.executemany("delete from marks where path = ?", paths)
            database.execute("vacuum")


@contextmanager
def _opened(memory: Path) -> Iterator[sqlite3.Connection]:
    memory.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(memory, timeout=60)) as database:
        database.execute(_TABLE)
        yield database


def _mark(path: Path | RemoteFile) -> str | None:
    """Taken before a file is read, so that one which changes meanwhile has another at the next look."""
    if isinstance(path, RemoteFile):
        return f"{path.size} 0 {path.mark}" if path.mark else None
    try:
        stat = path.stat()
    except OSError:
        return None
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _recall(database: sqlite3.Connection, path: Path | RemoteFile) -> tuple[str, str] | None:
    """What is remembered of a path: its mark and its hash."""
    row: tuple[str, str] | None = database.execute(
        "select mark, sha from marks where path = ?", [_name(path)]
    ).fetchone()
    return row


def _remember(
    database: sqlite3.Connection,
    paths: Sequence[Path | RemoteFile],
    marks: Sequence[str | None],
    hashes: Sequence[str | OSError],
) -> None:
    settled = time.time_ns() - _SETTLED_NS
    found = zip(paths, marks, hashes, strict=True)
    rows = [(_name(p), mark, sha) for p, mark, sha in found if mark and isinstance(sha, str) and _since(mark) < settled]
    with database:
        database.executemany("insert or replace into marks values (?, ?, ?)", rows)


def _since(mark: str) -> int:
    """When the file was last changed, in nanoseconds; 0 where its mark changes with its bytes, not with time."""
    return int(mark.split()[1])


def _name(path: Path | RemoteFile) -> str:
    return os.fsencode(path.url if isinstance(path, RemoteFile) else path).hex()


def _hashed(path: Path | RemoteFile, mark: str | None, remembered: tuple[str, str] | None) -> str | OSError:
    if mark is not None and remembered is not None and remembered[0] == mark:
        return remembered[1]
    try:
        return _hash(path)
    except OSError as error:
        return error


def _hash(path: Path | RemoteFile) -> str:
    hasher = hashlib.sha256()
    for chunk in chunks(path) if isinstance(path, RemoteFile) else _read(path):
        hasher.update(chunk)
    return hasher.hexdigest()


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
