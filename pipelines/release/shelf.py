"""Where all versions of a dataset lie: each kind of place has its own way to show a version whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from affectory.pipelines.release import pointer
from affectory.pipelines.release.manifest import Manifest, read_manifest
from affectory.pipelines.release.model import Release, Told
from affectory.pipelines.release.version import FIRST, Version
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Location, Url, read_location


class Shelf(Protocol):
    """The versions of one dataset."""

    def check(self) -> None:
        """Raise where nobody could load from, or what cannot be reached: better told before a build than after it."""
        ...

    def place(self, version: str) -> Location:
        """Where a version lies."""
        ...

    def releases(self) -> list[Release]:
        """The complete versions, oldest first."""
        ...

    def latest(self) -> Release | None:
        """The release that its pointer names."""
        ...

    def named(self) -> str | None:
        """The version that its pointer names, if it is there; a short look."""
        ...

    def recover(self) -> Location | None:
        """Where the newest version lies, after pointing to one that a kill kept from being pointed to."""
        ...

    def staging(self) -> AbstractContextManager[Path]:
        """A folder of this machine for one run, which is gone afterwards."""
        ...

    def publish(self, staged: Path, manifest: Manifest, told: Told) -> bool:
        """Make the staged files a version and point to it; False where another run was first."""
        ...


def shelf_at(location: Location | str) -> Shelf:
    """The versions at a folder, below an address, or of a dataset on the hub."""
    location = read_location(location, "releases")
    if not isinstance(location, Url):
        return Folder(location)
    if location.scheme == "hf":
        from affectory.pipelines.release.hub import Hub

        return Hub(location)
    from affectory.pipelines.release.bucket import Bucket

    return Bucket(location)


def list_releases(location: Location | str) -> list[Release]:
    """All complete versions, oldest first."""
    return shelf_at(location).releases()


def latest(location: Location | str) -> Release | None:
    """The release that the pointer names."""
    return shelf_at(location).latest()


def refuse_others(shelf: Shelf, dataset: str) -> None:
    """Raise where the latest release is of another dataset: this one would be published as its next version."""
    version = shelf.named()
    if version:
        refuse_successor(shelf.place(version), dataset)


def refuse_successor(release: Location, dataset: str) -> None:
    """Raise where a release is of another dataset than that which would follow it."""
    try:
        other = read_manifest(release).content.dataset
    except (OSError, KeyError, TypeError, ValueError):  # no release: told by those who compare with it
        return
    if other != dataset:
        what = f"{release} is a release of {other!r}, so {dataset!r} cannot be its next version"
        hint = (
            "every dataset needs a place of its own, also one that was renamed: give `publish: {to: ...}` or --releases"
        )
        raise UserError(what, hint)


def refuse_patterns(location: Location) -> None:
    """`datasets` takes some characters of a place for a pattern."""
    if strange := set("*?[]") & set(str(location)):
        hint = "`datasets` takes them for a pattern and could not load from there: choose another place"
        raise UserError(f"{location} has {' '.join(sorted(strange))} in its path", hint)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this machine for what is sent elsewhere, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="affectory-release-") as folder:
        yield Path(folder)


@dataclass(frozen=True)
class Folder:
    """Versions as folders of this machine or of a disk that several share."""

    folder: Path

    def check(self) -> None:
        refuse_patterns(self.folder.resolve())

    def place(self, version: str) -> Path:
        return self.folder / version

    def releases(self) -> list[Release]:
        return pointer.list_releases(self.folder)

    def latest(self) -> Release | None:
        return pointer.latest(self.folder)

    def named(self) -> str | None:
        return pointer.named(self.folder)

    def recover(self) -> Path | None:
        return pointer.recover(self.folder)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        pointer.sweep(self.folder)
        with pointer.staging(self.folder) as area:
            yield area

    def publish(self, staged: Path, manifest: Manifest, told: Told) -> bool:
        pointer.sync_tree(staged)
        version = Version.parse(manifest.version) or FIRST
        if not pointer.publish(staged, self.folder, version):
            return False
        pointer.advance(self.folder, version)
        return True
