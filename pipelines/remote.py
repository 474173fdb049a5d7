"""Looking at, and fetching from, object storage and the hub, one small step above fsspec."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from affectory.pipelines.store.filesystems import filesystem, told
from affectory.schemas.errors import UserError
from affectory.schemas.urls import Url
from affectory.transforms.sources.base import RemoteFile, RemoteFolder

BLOCK = 8 << 20
_WHOLE = {"block_size": 0}
"""A web server need not know how to send a part of a file."""
_MARKS = ("ETag", "etag", "blob_id", "oid", "md5Hash", "LastModified", "last_modified", "mtime")
"""What a store says that changes with a file's bytes, the surest first."""


def listing(url: Url) -> RemoteFolder:
    """Every file below an address, or the one that lies there; raises `UserError` where there is nothing."""
    with told(url):
        fs = filesystem(url)
        top = fs._strip_protocol(str(url)).rstrip("/")
        try:
            found = fs.find(top, detail=True)
        except FileNotFoundError:
            found = {}
        files = tuple(_file(url, top, name, _sized(fs, name, info)) for name, info in found.items() if name[-1] != "/")
    if not files:
        raise UserError(f"there is nothing at {url}", "correct `path`, or put files there")
    return RemoteFolder(str(url), files)


def _sized(fs: Any, name: str, info: dict[str, Any]) -> dict[str, Any]:
    """What is known of a file; a web server says it of each file by itself."""
    told = info if info.get("size") is not None else fs.info(name)
    if told.get("size") is None:
        raise UserError(f"{name}: the server does not say how long it is", "fetch it yourself, and name the file here")
    return dict(told)


def _file(url: Url, top: str, name: str, info: dict[str, Any]) -> RemoteFile:
    below = name[len(top) + 1 :] if name != top else ""
    mark = next((str(info[key]) for key in _MARKS if info.get(key)), "")
    return RemoteFile(f"{url}/{below}" if below else str(url), below or url.name, int(info["size"]), mark.strip('"'))


def fetch(file: RemoteFile, target: Path, most: int | None = None) -> None:
    """Write a file, or no more than its first bytes, to `target`."""
    with target.open("wb") as out:
        for chunk in chunks(file, most):
            out.write(chunk)


def chunks(file: RemoteFile, most: int | None = None) -> Iterator[bytes]:
    """The bytes of a file, some at a time. Little takes one request; of much, all must be of the same version."""
    wanted = file.size if most is None else min(most, file.size)
    with told(file.url):
        fs = filesystem(file.url)
        path = fs._strip_protocol(file.url)
        if 0 < wanted <= BLOCK:
            yield fs.cat_file(path, start=0, end=wanted + 1 if wanted == file.size else wanted)
        elif wanted:
            whole = _WHOLE if "http" in fs.protocol else {"block_size": BLOCK, "cache_type": "readahead"}
            with fs.open(path, "rb", **whole) as stream:
                while wanted > 0 and (chunk := stream.read(min(BLOCK, wanted))):
                    wanted -= len(chunk)
                    yield chunk


def save(url: str, target: Path) -> None:
    """Write all of a file to `target`, however long it is now."""
    with told(url):
        fs = filesystem(url)
        fs.get_file(fs._strip_protocol(url), str(target))


def read(url: str) -> bytes:
    """All bytes of a file."""
    with told(url):
        fs = filesystem(url)
        return bytes(fs.cat_file(fs._strip_protocol(url)))
