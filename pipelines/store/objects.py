"""Files on object storage, through fsspec: nothing is renamed, and nothing is written that exists."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any

from affectory.pipelines.store.files import BATCH, unguarded
from affectory.pipelines.store.filesystems import CREATING, filesystem, is_conflict, told
from affectory.schemas.errors import UserError

_WHOLE = 4 << 20
"""What is no larger is read in one request, however few of its bytes are wanted."""
_CONFLICTS, _WAIT_S = 5, 0.2


class ObjectFiles:
    """Files below a URL such as s3://bucket/prefix."""

    def __init__(self, url: str, guard: Callable[[], None] = unguarded) -> None:
        scheme = url.partition("://")[0].lower()
        if scheme not in CREATING:
            hint = f"allowed: a folder, or {', '.join(f'{name}://' for name in CREATING)}"
            raise UserError(f"{scheme}:// cannot hold a workspace: nothing there keeps two builds apart", hint)
        self.url = url.rstrip("/")
        self._guard = guard

    @property
    def location(self) -> str:
        return self.url

    @cached_property
    def _fs(self) -> Any:
        return filesystem(self.url)

    @cached_property
    def _root(self) -> str:
        return str(self._fs._strip_protocol(self.url)).rstrip("/")

    def _key(self, name: str) -> str:
        if not name or ".." in PurePosixPath(name).parts:
            raise ValueError(f"not a name: {name!r}")
        return f"{self._root}/{name}"

    def check(self) -> None:
        """Raise where there is no bucket; one that holds nothing yet is as good as any."""
        if self._is_s3:
            bucket, _, prefix = self._root.partition("/")
            try:
                with told(self.url):
                    self._fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
            except FileNotFoundError as error:
                raise self._no_bucket() from error

    def create(self, name: str, data: bytes) -> bool:
        """Write `name` unless it exists; whether this call wrote it."""
        for waited in range(_CONFLICTS):
            try:
                self._guard()
                with told(self.url):
                    self._fs.pipe_file(self._key(name), data, mode="create")
                return True
            except FileExistsError:
                return self._holds(name, data)
            except FileNotFoundError as error:
                # An upload in parts that was completed, but whose answer was lost, is not there to be completed again.
                if self._holds(name, data):
                    return True
                raise self._no_bucket() from error
            except OSError as error:
                if not is_conflict(error):
                    raise
                time.sleep(_WAIT_S * 2**waited)
        raise OSError(f"{self.url}/{name}: others wrote it at every attempt")

    def _holds(self, name: str, data: bytes) -> bool:
        """Whether exactly these bytes lie there: a write whose answer was lost finds its own when it is repeated."""
        return self.exists(name) and self.size(name) == len(data) and self.read(name) == data

    def put(self, name: str, data: bytes) -> None:
        """Write `name` whatever was there."""
        try:
            with told(self.url):
                self._fs.pipe_file(self._key(name), data)
        except FileNotFoundError as error:
            raise self._no_bucket() from error

    def read(self, name: str) -> bytes:
        with told(self.url):
            # In one stream: to fetch in several, s3fs would first ask for the size.
            return bytes(self._fs.cat_file(self._key(name), **({"max_concurrency": 1} if self._is_s3 else {})))

    def open(self, name: str) -> IO[bytes]:
        """Small ones whole; of large ones only what is asked for."""
        size = self.size(name)
        if size <= _WHOLE:
            return io.BytesIO(self.read(name))
        with told(self.url):
            file: IO[bytes] = self._fs.open(self._key(name), "rb", size=size, block_size=_WHOLE, cache_type="none")
            return file

    def fetch(self, name: str, folder: Path) -> Path:
        """Brought into `folder`, under the last part of its name."""
        target = folder / PurePosixPath(name).name
        if not target.exists():
            half = target.with_name(f"{target.name}.half")
            with told(self.url):
                self._fs.get_file(self._key(name), str(half))
            half.replace(target)
        return target

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
            return True
        except FileNotFoundError:
            return False

    def names(self, folder: str = "") -> Iterator[str]:
        """All names below `folder`, sorted."""
        yield from self.sizes(folder)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """The names below `folder` in their order, each with how many bytes it has."""
        top = f"{self._root}/{folder}".rstrip("/")
        with told(self.url):
            try:
                found = self._listed(top)
            except FileNotFoundError:
                found = {}
        infos = ((name, info) for name, info in sorted(found.items()) if name.startswith(f"{top}/"))
        return {name[len(self._root) + 1 :]: int(info["size"]) for name, info in infos if info["type"] == "file"}

    def _listed(self, top: str) -> dict[str, Any]:
        bucket, _, key = top.partition("/")
        # Of a folder that is empty s3fs asks in two more ways whether it is a file; of a prefix it does not.
        by_prefix = self._is_s3 and key
        found = self._fs.find(bucket, prefix=f"{key}/", detail=True) if by_prefix else self._fs.find(top, detail=True)
        return dict(found)

    def size(self, name: str) -> int:
        return self._head(name)[0]

    def modified(self, name: str) -> float:
        """When `name` was last written, by the clock of the storage."""
        return self._head(name)[1]

    def remove(self, name: str) -> int:
        """Delete `name`; the bytes that this freed."""
        size = self.size(name)
        self._guard()
        with told(self.url):
            self._fs.rm_file(self._key(name))
        return size

    def discard(self, names: Sequence[str]) -> None:
        """Delete many in their order, some at a time."""
        for start in range(0, len(names), BATCH):
            self._guard()
            with told(self.url):
                self._fs.rm([self._key(name) for name in names[start : start + BATCH]])

    def tidy(self) -> tuple[int, int]:
        """Half an upload has no name: there is nothing to delete."""
        return 0, 0

    @property
    def _is_s3(self) -> bool:
        return hasattr(self._fs, "call_s3")

    def _head(self, name: str) -> tuple[int, float]:
        """Size and time of a file."""
        path = self._key(name)
        with told(self.url):
            if self._is_s3:  # whose `info` also lists what may lie below, had it no such file
                bucket, key, _ = self._fs.split_path(path)
                found = self._fs.call_s3("head_object", Bucket=bucket, Key=key)
                return int(found["ContentLength"]), float(found["LastModified"].timestamp())
            info = self._fs.info(path)
            if info["type"] != "file":
                raise FileNotFoundError(f"{self.url}/{name}")
            return int(info["size"]), float(self._fs.modified(path).timestamp())

    def _no_bucket(self) -> UserError:
        bucket = self._root.partition("/")[0]
        return UserError(f"there is no bucket {bucket!r} for {self.url}", "make it first, or correct the URL")
