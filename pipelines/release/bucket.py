"""Releases on object storage: files first, each created once; the manifest last, which makes them a version.

What a killed upload leaves has no manifest, so it is no release. The next publisher keeps of it what it would write
itself and removes the rest.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from affectory.pipelines.release.layout import is_ours
from affectory.pipelines.release.manifest import MANIFEST, FileFacts, Manifest, facts_of, read_manifest, to_send
from affectory.pipelines.release.model import Release, Told
from affectory.pipelines.release.pointer import LATEST, release_of
from affectory.pipelines.release.shelf import refuse_patterns, scratch
from affectory.pipelines.release.version import FIRST, Version
from affectory.pipelines.store.filesystems import filesystem
from affectory.pipelines.store.filesystems import told as told_why
from affectory.pipelines.store.lease import Lease, LeaseHeld, guard
from affectory.pipelines.store.objects import ObjectFiles
from affectory.schemas.errors import AffectoryError, UserError
from affectory.schemas.urls import Url

PART_BYTES = 16 << 20
_AT_ONCE = 4
"""Parts of a file on their way, each in memory."""


@dataclass(eq=False)
class ReleasesHeld(LeaseHeld):
    """Somebody else is publishing to the same place."""

    def __str__(self) -> str:
        told = f"another run is publishing to {self.where}: {self.holder}, since {self.since}"
        return f"{told}\n  wait for it to end, then: affectory publish"


@dataclass(eq=False)
class UploadBroken(AffectoryError):
    """What lies in the store after an upload is not what was sent."""

    name: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name} arrived as {self.given} instead of {self.expected}; nothing was published, publish again"


@dataclass(frozen=True)
class Bucket:
    """Versions below an address of object storage."""

    url: Url

    def check(self) -> None:
        refuse_patterns(self.url)
        self._files.check()
        self._pointed()

    def place(self, version: str) -> Url:
        return self.url / version

    @cached_property
    def _files(self) -> ObjectFiles:
        return ObjectFiles(str(self.url))

    def releases(self) -> list[Release]:
        found = [version for version in self._named() if self._files.exists(f"{version}/{MANIFEST}")]
        return [self._release(version) for version in sorted(found)]

    def latest(self) -> Release | None:
        version = Version.parse(self.named() or "")
        return self._release(version) if version else None

    def _release(self, version: Version) -> Release:
        place = self.place(str(version))
        return release_of(place, read_manifest(place))

    def named(self) -> str | None:
        version = self._pointed()
        return str(version) if version and self._files.exists(f"{version}/{MANIFEST}") else None

    def recover(self) -> Url | None:
        newest = self._newest()
        if newest is None:
            return None
        if (self._pointed() or newest) < newest or self._pointed() is None:
            # Whoever publishes now moves the pointer itself.
            with contextlib.suppress(LeaseHeld), self._turn():
                self._advance(newest)
        return self.place(str(newest))

    def staging(self) -> AbstractContextManager[Path]:
        return scratch()

    def publish(self, staged: Path, manifest: Manifest, told: Told) -> bool:
        version = Version.parse(manifest.version) or FIRST
        with self._turn() as check:
            newest = self._newest()
            if newest and newest >= version:
                return False
            files = to_send(staged, manifest)
            self._upload(_Parcel(staged, manifest.version, files, self._cleared(version, files)), told, check)
            check()
            if not self._files.create(f"{version}/{MANIFEST}", (staged / MANIFEST).read_bytes()):
                return False
            self._advance(version)
        return True

    @contextmanager
    def _turn(self) -> Iterator[Callable[[], None]]:
        """Only one publishes at a time; what is yielded raises once another took over."""
        place = f"{self.url}/.lease"
        lease = Lease(place)
        try:
            lease.__enter__()
        except LeaseHeld as held:
            raise ReleasesHeld(held.holder, held.since, str(self.url), held.silent_s, held.stale_s) from None
        with contextlib.ExitStack() as stack:
            stack.push(lease.__exit__)
            yield lambda: guard(place, lease.epoch)

    def _named(self) -> list[Version]:
        """Versions of which there is anything, newest first."""
        fs = filesystem(self.url)
        with told_why(self.url):
            try:
                found = fs.ls(fs._strip_protocol(str(self.url)), detail=False)
            except FileNotFoundError:
                found = []
        versions = (Version.parse(name.rstrip("/").rpartition("/")[2]) for name in found)
        return sorted((version for version in versions if version), reverse=True)

    def _newest(self) -> Version | None:
        return next((v for v in self._named() if self._files.exists(f"{v}/{MANIFEST}")), None)

    def _pointed(self) -> Version | None:
        try:
            return Version.parse(self._files.read(LATEST).decode().strip())
        except FileNotFoundError:
            return None

    def _advance(self, version: Version) -> None:
        """Called by whoever has the turn."""
        pointed = self._pointed()
        if pointed is None or pointed < version:
            self._files.put(LATEST, f"{version}\n".encode())

    def _cleared(self, version: Version, files: Mapping[str, FileFacts]) -> set[str]:
        """Remove what killed uploads left, but for files that are to be written again; these are named."""
        kept = set()
        for other in self._named():
            if self._files.exists(f"{other}/{MANIFEST}"):
                continue
            for name in list(self._files.names(str(other))):
                inside = name.removeprefix(f"{other}/")
                if not is_ours(inside):
                    what = f"{self.url}/{name} is in the way: it belongs to no release"
                    raise UserError(what, "move it elsewhere")
                if other == version and inside in files:
                    kept.add(inside)
                else:
                    self._files.remove(name)
        return kept

    def _upload(self, parcel: "_Parcel", told: Told, check: Callable[[], None]) -> None:
        progress = _Sent(told, sum(facts.size for facts in parcel.files.values()))
        for name, facts in parcel.files.items():
            check()
            path, target = parcel.staged / name, f"{parcel.version}/{name}"
            if name in parcel.there:
                if self._holds(path, target, facts):
                    progress.add(facts.size)
                    continue
                self._files.remove(target)
            self._send(path, target, facts, progress)

    def _send(self, path: Path, name: str, facts: FileFacts, progress: "_Sent") -> None:
        """Created, so that nobody who lost the turn can change it later; then looked at as it lies there."""
        fs = filesystem(self.url)
        with told_why(self.url), contextlib.suppress(FileExistsError, FileNotFoundError):
            # Where an answer was lost and the same was asked again, the name is taken, or the upload in parts is over
            # and unknown: what lies there decides.
            options: dict[str, Any] = {"chunksize": PART_BYTES, "max_concurrency": _AT_ONCE, "mode": "create"}
            fs.put_file(str(path), self._key(name), callback=progress.callback(), **options)
        progress.add(facts.size)
        if not self._holds(path, name, facts):
            raise UploadBroken(name, "other bytes", facts.sha256)

    def _key(self, name: str) -> str:
        return str(filesystem(self.url)._strip_protocol(f"{self.url}/{name}"))

    def _holds(self, path: Path, name: str, facts: FileFacts) -> bool:
        """By size and the store's own checksum; where that is of another kind, by reading it back."""
        with told_why(self.url):
            try:
                info = filesystem(self.url).info(self._key(name))
            except FileNotFoundError:
                return False
        if int(info["size"]) != facts.size:
            return False
        if str(info.get("ETag", "")).strip('"') == etag(path, facts.size):
            return True
        with self._files.open(name) as file:
            return facts_of(file) == facts


@dataclass(frozen=True)
class _Parcel:
    """What is sent of a version before its manifest, and which of it a killed upload may have left there."""

    staged: Path
    version: str
    files: Mapping[str, FileFacts]
    there: set[str]


def etag(path: Path, size: int) -> str:
    """What S3 calls a file that was sent in parts of `PART_BYTES`, unless it is encrypted with keys of its own."""
    with path.open("rb") as file:
        if size < 2 * PART_BYTES:
            return hashlib.md5(file.read(), usedforsecurity=False).hexdigest()
        sums = [hashlib.md5(p, usedforsecurity=False).digest() for p in iter(lambda: file.read(PART_BYTES), b"")]
    return f"{hashlib.md5(b''.join(sums), usedforsecurity=False).hexdigest()}-{len(sums)}"


class _Sent:
    """How much of an upload has gone out; what is sent again is not counted twice."""

    def __init__(self, told: Told, total: int) -> None:
        self._told, self._total = told, total
        self._done = 0
        told("upload", 0, total, "bytes")

    def add(self, size: int) -> None:
        self._done += size
        self._told("upload", self._done, self._total, "bytes")

    def callback(self) -> Any:
        """For fsspec, which calls it as parts of one file go out."""
        from fsspec.callbacks import Callback

        def heard(size: int | None, value: int, **_: Any) -> None:
            self._told("upload", min(self._done + value, self._total), self._total, "bytes")

        return Callback(hooks={"sent": heard})
