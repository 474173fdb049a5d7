"""Input files wherever they lie: listed, known by their hash, and files of this machine while they are read."""

import hashlib
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from affectory.pipelines.hashes import hash_files
from affectory.pipelines.remote import chunks, fetch, listing
from affectory.schemas.urls import Location
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, RemoteFolder, SourceFile, uri_of

_AHEAD, _AHEAD_BYTES = 16, 256_000_000
"""So many files are fetched before they are asked for, unless they are large."""
_README_BYTES = 1_000_000
CHANGED = "it changed while it was read; build again, and it is read as it is then"


@dataclass(frozen=True)
class Input:
    """A file of a source or of ratings, with the hash of its bytes."""

    uri: str
    at: Path | RemoteFile
    asset_id: str
    size: int
    about: str = ""
    """What its source tells of it by what lies beside it."""

    def here(self, path: Path) -> SourceFile:
        return SourceFile(self.uri, path, self.asset_id, self.size, about=self.about)


def found_files(reader: Any, root: Location) -> list[Path | RemoteFile | Refused]:
    """What an entry of the recipe finds below its root, in a fixed order."""
    return list(reader.files(_folder(reader, root)))


def _folder(reader: Any, root: Location) -> Path | RemoteFolder:
    if isinstance(root, Path):
        return root
    return _with_readme(listing(root)) if getattr(reader, "reads_readme", False) else listing(root)


def _with_readme(folder: RemoteFolder) -> RemoteFolder:
    found = (file for file in folder.files if file.uri == "README.md")
    return replace(folder, readme="".join(b"".join(chunks(f, _README_BYTES)).decode("utf-8", "replace") for f in found))


def inputs_of(
    reader: Any, root: Location, memory: Path, limits: Limits, done: Callable[[int, int], None] = lambda *_: None
) -> tuple[list[Input], list[Refused]]:
    """The files of an entry with their hashes, and what is refused unread; `done` hears how many of all are hashed."""
    folder = _folder(reader, root)
    found, about = list(reader.files(folder)), reader.about(folder) if hasattr(reader, "about") else _nothing
    refused = [x for x in found if isinstance(x, Refused)]
    refused += [_too_large(x, limits) for x in found if _is_too_large(x, limits)]
    files = [x for x in found if not isinstance(x, Refused) and not _is_too_large(x, limits)]
    inputs = []
    for file, sha in zip(files, hash_files(files, memory, lambda n: done(n, len(files))), strict=True):
        uri = uri_of(file, root)
        if isinstance(sha, OSError):
            refused.append(Refused(uri, "unreadable", sha.strerror or str(sha)))
        else:
            size = file.size if isinstance(file, RemoteFile) else file.stat().st_size
            inputs.append(Input(uri, file, sha, size, about(uri)))
    return inputs, refused


def _nothing(uri: str) -> str:
    return ""


def _is_too_large(file: object, limits: Limits) -> bool:
    """What lies elsewhere is not fetched to learn more about it."""
    return isinstance(file, RemoteFile) and file.size > limits.file_bytes


def _too_large(file: Any, limits: Limits) -> Refused:
    return Refused(file.uri, "too_large", f"{file.size:,} bytes, at most {limits.file_bytes:,} are read")


def local_files(reader: Any, inputs: Sequence[Input], limits: Limits) -> Iterator[SourceFile | Refused]:
    """The inputs one after another as files of this machine; what is fetched is gone when the next is asked for."""
    if all(isinstance(x.at, Path) for x in inputs):
        yield from (x.here(x.at) for x in inputs if isinstance(x.at, Path))
        return
    with tempfile.TemporaryDirectory(prefix="affectory-") as scratch, ThreadPoolExecutor(_AHEAD) as pool:
        fetching = _Fetching(reader, limits, Path(scratch))
        waiting: deque[tuple[int, Future[SourceFile | Refused]]] = deque()
        pending = deque(enumerate(inputs))
        while pending or waiting:
            while pending and _may_fetch(pending[0][1], len(waiting), sum(size for size, _ in waiting)):
                number, wanted = pending.popleft()
                waiting.append((wanted.size, pool.submit(fetching.one, number, wanted)))
            file = waiting.popleft()[1].result()
            yield file
            if isinstance(file, SourceFile) and file.path.is_relative_to(scratch):
                file.path.unlink(missing_ok=True)


def _may_fetch(wanted: Input, waiting: int, size: int) -> bool:
    return not waiting or (waiting < _AHEAD and size + wanted.size <= _AHEAD_BYTES)


@dataclass(frozen=True)
class _Fetching:
    reader: Any
    limits: Limits
    scratch: Path

    def one(self, number: int, wanted: Input) -> SourceFile | Refused:
        if isinstance(wanted.at, Path):
            return wanted.here(wanted.at)
        looks_at = getattr(self.reader, "looks_at", None)
        most = looks_at(wanted.uri, self.limits) if looks_at else wanted.size
        target = self.scratch / f"{number}{PurePosixPath(wanted.uri).suffix}"
        try:
            fetch(wanted.at, target, most)
        except OSError as error:
            return Refused(wanted.uri, "unreadable", error.strerror or str(error))
        if most >= wanted.size and _sha256(target) != wanted.asset_id:
            return Refused(wanted.uri, "unreadable", CHANGED)
        return wanted.here(target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
