"""The user's own media files: those of this machine stay where they are, others are brought here to be worked on."""

import contextlib
import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from affectory.pipelines.remote import read, save
from affectory.pipelines.store.assets import AssetMissing, AssetStore, Place, sha256
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Location, Url, as_location

_AT_ONCE = 8


def locate(store: AssetStore, roots: Mapping[str, str], asset: str, place: Place) -> Path:
    """A file of this machine that holds an asset: in the store, or the user's own."""
    kept = store.path(asset)
    if kept is not None:
        return kept
    if asset != place.original:
        raise AssetMissing(asset)
    root = as_location(roots[place.source])
    if isinstance(root, Url):
        return _brought(store.scratch, root, asset, place.uri)
    return root if root.is_file() else root / place.uri


def bring(store: AssetStore, roots: Mapping[str, str], wanted: Iterable[tuple[str, Place]]) -> None:
    """Have the originals among these on this machine soon; what is mostly waited for is done at once."""
    elsewhere = {a: p for a, p in wanted if a == p.original and isinstance(as_location(roots.get(p.source, "")), Url)}
    if len(elsewhere) > 1:
        store.scratch.stat()  # made here, not by several threads at once
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda item: locate(store, roots, *item), elsewhere.items()))


def is_as_hashed(path: str, asset: str) -> bool:
    """Whether the name of a file says that its bytes were seen to be those of the asset."""
    return Path(path).name.partition(".")[0] == asset


def _brought(scratch: Path, root: Url, asset: str, uri: str) -> Path:
    """What no longer holds the bytes that were hashed comes under a name that says so, or not at all."""
    ending = PurePosixPath(uri).suffix
    target, other = scratch / f"{asset}{ending}", scratch / f"changed-{asset}{ending}"
    if target.exists():
        return target
    for url in _places(root, uri):
        half = scratch / uuid.uuid4().hex
        try:
            save(url, half)
        except FileNotFoundError:
            continue
        half.replace(target if sha256(half) == asset else other)
        if target.exists():
            return target
    return other


def _places(root: Url, uri: str) -> Iterator[Url]:
    """Where a file of a source lies: below its root, which may be that file itself."""
    yield root / uri
    if root.name == uri:
        yield root


def read_original(roots: Mapping[str, str], asset: str, place: Place) -> bytes:
    """The bytes of a user's own file, refused when they are no longer those that were hashed at ingest."""
    if asset != place.original:
        raise AssetMissing(asset)
    root = as_location(roots[place.source])
    if isinstance(root, Url):
        return _read_there(root, asset, place.uri)
    path = root if root.is_file() else root / place.uri
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != asset:
        raise _changed(path)
    return data


def _read_there(root: Url, asset: str, uri: str) -> bytes:
    for url in _places(root, uri):
        with contextlib.suppress(FileNotFoundError):
            data = read(url)
            if hashlib.sha256(data).hexdigest() == asset:
                return data
    raise _changed(root / uri)


def _changed(where: Location) -> UserError:
    return UserError(f"{where} changed since it was read", "build again: the new content will be read as new")
