"""Releases in a folder: staging, versions, and the pointer that moves last and only forward.

A kill at any moment leaves the old state or the complete new one: what is written lies in a staging folder, which
becomes a version by one rename, and a version that `LATEST` does not name yet is found by its manifest.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from affectory.pipelines.release.manifest import MANIFEST, Manifest, complete
from affectory.pipelines.release.model import Release
from affectory.pipelines.release.version import Version
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Location

LATEST = "LATEST"
_STAGING = ".staging-"
_LOCK = ".lock"


def list_releases(releases: Path) -> list[Release]:
    """All complete versions, oldest first."""
    return [release_of(path, manifest) for _, path, manifest in _versions(releases)]


def latest(releases: Path) -> Release | None:
    """The release that `LATEST` names."""
    pointer = releases / LATEST
    if not pointer.exists():
        return None
    path = releases / pointer.read_text(encoding="utf-8").strip()
    manifest = complete(path)
    if manifest is None:
        raise UserError(f"{pointer} names {path.name}, which is not a complete release", "restore it, or remove LATEST")
    return release_of(path, manifest)


def release_of(path: Location, manifest: Manifest) -> Release:
    """A version by where it lies and its manifest."""
    content = manifest.content
    facts = content.hash, content.rows, manifest.bump, manifest.reasons
    return Release(manifest.version, path, *facts, why=manifest.why)


def _versions(releases: Path) -> list[tuple[Version, Path, Manifest]]:
    named = ((Version.parse(path.name), path) for path in releases.iterdir()) if releases.is_dir() else ()
    found = ((version, path, complete(path)) for version, path in named if version)
    return sorted(((v, p, m) for v, p, m in found if m), key=lambda item: item[0])


def named(releases: Path) -> str | None:
    """The version that `LATEST` names, if it has a manifest."""
    pointer = releases / LATEST
    version = pointer.read_text(encoding="utf-8").strip() if pointer.exists() else ""
    return version if version and (releases / version / MANIFEST).exists() else None


def recover(releases: Path) -> Path | None:
    """Where the latest release lies, after moving `LATEST` to a newer complete version that a kill kept it from."""
    if versions := _versions(releases):
        advance(releases, versions[-1][0])
    newest = latest(releases)
    return releases / newest.version if newest else None


def advance(releases: Path, version: Version) -> None:
    """Let `LATEST` name `version` unless it names a newer one."""
    with _locked(releases / _LOCK):
        pointer, temporary = releases / LATEST, releases / f"{_STAGING}{LATEST}"
        named = Version.parse(pointer.read_text(encoding="utf-8").strip()) if pointer.exists() else None
        if named and named >= version:
            return
        with temporary.open("w", encoding="utf-8") as file:
            file.write(f"{version}\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(pointer)
        sync_folder(releases)


def publish(staged: Path, releases: Path, version: Version) -> bool:
    """Give a synced folder its version's name; False where another run was first."""
    target = releases / str(version)
    try:
        staged.rename(target)
    except OSError:
        if not target.exists():
            raise
        if complete(target) is None:
            raise UserError(f"{target} is in the way: it is not a complete release", "move it elsewhere") from None
        return False
    sync_folder(releases)
    return True


@contextmanager
def staging(releases: Path) -> Iterator[Path]:
    """A folder of this run alone, locked while it is in use and removed afterwards."""
    while True:
        area = releases / f"{_STAGING}{uuid.uuid4().hex}"
        area.mkdir(parents=True)
        with _locked(area):
            if area.exists():  # a sweep may have come between
                try:
                    yield area
                finally:
                    shutil.rmtree(area, ignore_errors=True)
                return


def sweep(releases: Path) -> list[str]:
    """Remove the staging folders of runs that are gone; a live run holds a lock on its own."""
    removed = []
    for area in sorted(releases.glob(f"{_STAGING}*/")):
        try:
            with _locked(area, wait=False):
                shutil.rmtree(area, ignore_errors=True)
                removed.append(area.name)
        except (BlockingIOError, FileNotFoundError):
            continue
    return removed


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """An exclusive lock that ends with the process, however it ends."""
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, flags, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Everything below `folder`, on the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        sync_folder(path)
    sync_folder(folder)


def sync_folder(path: Path) -> None:
    """One file or folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
