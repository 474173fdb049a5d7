"""Media bytes by their sha256: made ones lie in the store, the user's own files stay where they are."""

import contextlib
import hashlib
import mmap
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from affectory.pipelines.store.files import files_at, is_remote
from affectory.schemas.errors import AffectoryError
from affectory.transforms.sources.base import Inner

_AT_ONCE = 8


class AssetStore:
    """Content-addressed media bytes. Those on object storage are brought to this machine to be worked on, and are gone
    from it when the `with` block ends."""

    def __init__(self, root: str | Path) -> None:
        self.files = files_at(root)
        self._remote = is_remote(root)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> "AssetStore":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    @property
    def scratch(self) -> Path:
        """Where what lies elsewhere is brought to."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="affectory-", ignore_cleanup_errors=True)
        return Path(self._scratch.name)

    def put(self, data: bytes) -> str:
        """Keep the bytes; their asset id."""
        asset = hashlib.sha256(data).hexdigest()
        if not (self._remote and self.files.exists(name_of(asset))):
            self.files.create(name_of(asset), data)
        return asset

    def put_all(self, many: Sequence[bytes]) -> list[str]:
        """Keep several; their asset ids. What is mostly waited for is done at once."""
        if not self._remote or len(many) < 2:
            return [self.put(data) for data in many]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self.put, many))

    def take_in(self, inner: Sequence[Inner]) -> None:
        """Keep media that were found inside files; those that came as files are gone afterwards."""
        self.put_all([found.data for found in inner if found.data is not None])
        for found in inner:
            if found.path is not None and not self.files.exists(name_of(found.asset)):
                with found.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    self.files.create(name_of(found.asset), data[:] if self._remote else data)  # type: ignore[arg-type]
            if found.path is not None:
                found.path.unlink(missing_ok=True)

    def path(self, asset: str) -> Path | None:
        """A file of this machine with the bytes, if they are in the store."""
        if not self._remote:
            with contextlib.suppress(FileNotFoundError):
                return self.files.fetch(name_of(asset), Path())
            return None
        there = self.scratch / asset
        if not there.exists():
            try:
                self.files.fetch(name_of(asset), self.scratch)
            except FileNotFoundError:
                return None
            if sha256(there) != asset:
                there.unlink()
                raise AssetMissing(asset, "differ from what was put")
        return there

    def bring(self, assets: Iterable[str]) -> None:
        """Have all of these on this machine soon; what is not in the store is passed over."""
        wanted = list(dict.fromkeys(assets)) if self._remote else []
        if len(wanted) > 1:
            self.scratch.stat()  # made here, not by several threads at once
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(self.path, wanted))

    def read(self, asset: str) -> bytes | None:
        """The bytes, if they are in the store."""
        try:
            return self.files.read(name_of(asset))
        except FileNotFoundError:
            return None


def name_of(asset: str) -> str:
    return f"{asset[:2]}/{asset}"


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(eq=False)
class AssetMissing(AffectoryError):
    """Media that a stage made are no longer in the store."""

    asset: str
    how: str = "are missing from the workspace"

    def __str__(self) -> str:
        return f"media {self.asset[:16]} {self.how}; `affectory clean`, then build again"


@dataclass(frozen=True)
class Place:
    """Where a record lies: its source, its place in it, and the asset that its file is."""

    source: str
    uri: str
    original: str | None
