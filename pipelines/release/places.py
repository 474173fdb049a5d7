"""The files of one release, wherever it lies: in a folder, in a bucket or on the hub."""

from collections.abc import Iterator
from typing import IO, Protocol

from affectory.pipelines.store.files import LocalFiles
from affectory.schemas.urls import Location, Url, read_location


class ReleaseFiles(Protocol):
    """What a release holds, by name."""

    def read(self, name: str) -> bytes: ...

    def open(self, name: str) -> IO[bytes]:
        """For reading here and there, as Parquet is."""
        ...

    def names(self, folder: str = "") -> Iterator[str]:
        """All names below `folder`, sorted."""
        ...


def files_of(place: Location | str) -> ReleaseFiles:
    """The files of the release that lies at `place`."""
    place = read_location(place, "release")
    if not isinstance(place, Url):
        return LocalFiles(place)
    if place.scheme == "hf":
        from affectory.pipelines.release.hub import HubFiles

        return HubFiles(place)
    from affectory.pipelines.store.objects import ObjectFiles

    return ObjectFiles(str(place))
