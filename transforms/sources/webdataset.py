"""WebDataset shards: tar files in which members of one stem are one sample, media beside what is said of them."""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT
from affectory.transforms.sources._members import Batches, Budget
from affectory.transforms.sources._samples import Gathered, SampleFields
from affectory.transforms.sources._walk import GLOBS, Glob, Selection, walk
from affectory.transforms.sources.base import Limits, Records, Refused, RemoteFile, RemoteFolder, SourceFile

_SHARDS = ("*.tar", "*.tar.gz", "*.tgz", "*.tar.bz2", "*.tar.xz")
_BROKEN = (tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class WebdatasetSource(SampleFields):
    """Samples of tar shards. What is said of one is named by ending and, in JSON, by keys: `txt`, `json.meta.age`."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    isolated: ClassVar[bool] = True

    path: Annotated[
        str, Field(min_length=1, description="shard or folder of shards, relative to the recipe, or address")
    ]
    name: Annotated[str, Field(description="name of this source, by default its kind")] = ""
    licence: Annotated[str, Field(description="licence of the data, as an SPDX name such as CC-BY-4.0")] = ""
    include: Annotated[tuple[Glob, ...], Field(min_length=1, description=f"shards to read: {GLOBS}")] = _SHARDS
    exclude: Annotated[tuple[Glob, ...], Field(description="shards and folders to leave out, likewise")] = ()
    key: Annotated[
        Literal["stem", "shard", "none"],
        Field(description="what a sample is known by: its stem, the shard and its stem, or its content (none)"),
    ] = "stem"

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, Selection(self.include, self.exclude))

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        found, gathered, count = Batches(), Gathered(self, file, Budget(limits)), 0
        try:
            with tarfile.open(file.path, "r|*") as shard:
                for member in shard:
                    shard.members = []  # type: ignore[attr-defined]  # else all that it ever saw stay there
                    count += 1
                    for row, inner in gathered.take(shard, member):
                        found.add(row, *inner)
                    yield from found.full()
        except _BROKEN as error:
            found.add(Refused(file.uri, "unreadable", f"not a tar file that can be read: {error}"))
        for row, inner in gathered.end():
            found.add(row, *inner)
        if not count and not found.refused:
            found.add(Refused(file.uri, "empty", "a shard without files"))
        yield found.take()

    def key_of(self, shard: str, stem: str) -> str | None:
        return {"stem": stem, "shard": f"{shard}/{stem}"}.get(self.key)
