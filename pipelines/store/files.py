"""Create-only files below one place, on a disk or on object storage: the single write that both can do."""

import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol
from urllib.parse import unquote, urlsplit

BATCH = 500
_ABANDONED_S = 3600.0
"""A file that is still being written is never this old."""


def unguarded() -> None:
    """Asked before every write where anybody may write."""


class Files(Protocol):
    """Named immutable blobs. Names have parts between slashes, wherever they lie."""

    @property
    def location(self) -> str:
        """Where they lie: a path or a URL, from which `files_at` makes the same again."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Write `name` unless it exists, all or nothing; whether this call wrote it.

        Object storage says yes as well where the very same bytes lay there already: whose answer was lost on the way
        cannot tell them from its own. Bytes that name their writer leave no doubt.
        """
        ...

    def put(self, name: str, data: bytes) -> None:
        """Write `name` whatever was there, all or nothing; for heartbeats and pointers."""
        ...

    def read(self, name: str) -> bytes: ...

    def open(self, name: str) -> IO[bytes]:
        """For reading here and there, as Parquet is."""
        ...

    def fetch(self, name: str, folder: Path) -> Path:
        """A file of this machine with the bytes; those that lie elsewhere are brought into `folder`."""
        ...

    def exists(self, name: str) -> bool: ...

    def names(self, folder: str = "") -> Iterator[str]:
        """All names below `folder`, sorted; none where there is no such folder."""
        ...

    def size(self, name: str) -> int: ...

    def modified(self, name: str) -> float:
        """When `name` was last written, in seconds by the clock of whatever stores it."""
        ...

    def sizes(self, folder: str = "") -> dict[str, int]:
        """The names below `folder`, each with how many bytes it has."""
        ...

    def remove(self, name: str) -> int:
        """Delete `name`; the bytes that this freed."""
        ...

    def discard(self, names: Sequence[str]) -> None:
        """Delete many in their order, some at a time; those that are gone already do not matter."""
        ...

    def tidy(self) -> tuple[int, int]:
        """Delete what writers left half written long ago; how many files, and the bytes that this freed."""
        ...


def is_remote(location: str | Path) -> bool:
    """Whether a location is a URL of object storage rather than a path."""
    return isinstance(location, str) and "://" in location and not location.startswith("file://")


def files_at(location: str | Path, guard: Callable[[], None] = unguarded) -> Files:
    """The files at a path or URL; `guard` is asked before each is created or deleted, and raises where none may."""
    if is_remote(location):
        from affectory.pipelines.store.objects import ObjectFiles

        return ObjectFiles(str(location), guard)
    return LocalFiles(local_path(location), guard)


def local_path(location: str | Path) -> Path:
    """A location on this machine as a path."""
    if isinstance(location, str) and location.startswith("file://"):
        return Path(unquote(urlsplit(location).path))
    return Path(location)


def below(location: str | Path, name: str) -> str:
    """The location of a folder of a location."""
    return f"{str(location).rstrip('/')}/{name}" if is_remote(location) else str(local_path(location) / name)


@dataclass(frozen=True)
class PartFile:
    """One of the files at a location; it may travel to another machine that sees the same storage."""

    location: str
    name: str

    @property
    def is_remote(self) -> bool:
        return is_remote(self.location)

    @property
    def path(self) -> Path | None:
        """The file of this machine that it is."""
        return None if self.is_remote else local_path(self.location) / self.name

    def open(self, mode: Literal["rb"] = "rb", /) -> IO[bytes]:
        """For reading here and there."""
        return files_at(self.location).open(self.name)

    def __str__(self) -> str:
        return below(self.location, self.name)


class LocalFiles:
    """Files in a folder of this machine, or of a disk that several share."""

    def __init__(self, root: Path, guard: Callable[[], None] = unguarded) -> None:
        self.root = root
        self._guard = guard

    @property
    def location(self) -> str:
        return str(self.root)

    def path(self, name: str) -> Path:
        return self.root / name

    def create(self, name: str, data: bytes) -> bool:
        """Write `name` unless it exists; whether this call wrote it."""
        target = self.path(name)
        if target.exists():
            return False
        temporary = self._written(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._guard()
            os.link(temporary, target)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        return True

    def put(self, name: str, data: bytes) -> None:
        """Write `name` whatever was there."""
        temporary = self._written(data)
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(self.path(name))

    def _written(self, data: bytes) -> Path:
        folder = self.root / ".tmp"
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{os.getpid()}-{uuid.uuid4().hex}"
        _write_synced(temporary, data)
        return temporary

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def open(self, name: str) -> IO[bytes]:
        """For reading here and there."""
        return self.path(name).open("rb")

    def fetch(self, name: str, folder: Path) -> Path:
        """It lies on this machine already."""
        path = self.path(name)
        path.stat()
        return path

    def exists(self, name: str) -> bool:
        return self.path(name).is_file()

    def names(self, folder: str = "") -> Iterator[str]:
        """All names below `folder`, sorted."""
        top = self.path(folder)
        found = (p for p in top.rglob("*") if p.is_file() and ".tmp" not in p.relative_to(self.root).parts)
        yield from sorted(p.relative_to(self.root).as_posix() for p in found)

    def size(self, name: str) -> int:
        return self.path(name).stat().st_size

    def modified(self, name: str) -> float:
        """When `name` was last written, by the clock of the disk."""
        return self.path(name).stat().st_mtime

    def remove(self, name: str) -> int:
        """Delete `name`; the bytes that this freed."""
        size = self.size(name)
        self._guard()
        self.path(name).unlink()
        return size

    def sizes(self, folder: str = "") -> dict[str, int]:
        """The names below `folder`, each with how many bytes it has."""
        return {name: self.size(name) for name in self.names(folder)}

    def discard(self, names: Sequence[str]) -> None:
        """Delete many in their order."""
        for start in range(0, len(names), BATCH):
            self._guard()
            for name in names[start : start + BATCH]:
                self.path(name).unlink(missing_ok=True)

    def tidy(self) -> tuple[int, int]:
        """Delete what writers left half written long ago, here and in the folders below."""
        before = time.time() - _ABANDONED_S
        stats = ((p, p.stat()) for p in self.root.rglob(".tmp/*") if p.is_file())
        old = [(path, stat.st_size) for path, stat in stats if stat.st_mtime < before]
        for path, _ in old:
            path.unlink(missing_ok=True)
        return len(old), sum(size for _, size in old)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
