"""Create-only files below one folder: the single write that object stores can do too."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path


class Files:
    """Named immutable blobs. `create` is all or nothing, and the first writer of a name wins."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        return self.root / name

    def create(self, name: str, data: bytes) -> bool:
        """Write `name` unless it exists; whether this call wrote it."""
        target, temporary = self.path(name), self._temporary()
        if target.exists():
            return False
        _write_synced(temporary, data)
        return self.adopt(name, temporary)

    def adopt(self, name: str, temporary: Path) -> bool:
        """Give a finished temporary file its name unless that exists; the temporary is gone afterwards."""
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(temporary, target)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        return True

    def temporary(self) -> Path:
        """A fresh path on the same file system, for `adopt`."""
        return self._temporary()

    def _temporary(self) -> Path:
        folder = self.root / ".tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{os.getpid()}-{uuid.uuid4().hex}"

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def exists(self, name: str) -> bool:
        return self.path(name).exists()

    def names(self, folder: str = "") -> Iterator[str]:
        """All names below `folder`, sorted."""
        top = self.path(folder)
        found = (p for p in top.rglob("*") if p.is_file() and ".tmp" not in p.relative_to(self.root).parts)
        yield from sorted(p.relative_to(self.root).as_posix() for p in found)

    def remove(self, name: str) -> int:
        """Delete `name`; the bytes that this freed."""
        path = self.path(name)
        size = path.stat().st_size
        path.unlink()
        return size


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
