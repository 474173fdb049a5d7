"""WebDataset shards: tar files in which members of one stem are one sample, media beside what is said of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT
from affectory.transforms.sources._members import Batches, Budget
from affectory.transforms.sources._samples import SHARDS, Gathered, SampleFields, samples
from affectory.transforms.sources._walk import GLOBS, Glob, Selection, walk
from affectory.transforms.sources.base import Limits, Records, Refused, RemoteFile, RemoteFolder, SourceFile


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
    include: Annotated[tuple[Glob, ...], Field(min_length=1, description=f"shards to read: {GLOBS}")] = SHARDS
    exclude: Annotated[tuple[Glob, ...], Field(description="shards and folders to leave out, likewise")] = ()
    key: Annotated[
        Literal["stem", "shard", "none"],
        Field(description="what a sample is known by: its stem, the shard and its stem, or its content (none)"),
    ] = "stem"

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        return walk(root, Selection(self.include, self.exclude))

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        found = Batches()
        for sample in samples(file, Gathered(file, Budget(limits), source=self)):
            if sample is None:
                yield from found.full()
            else:
                found.add(sample[0], *sample[1])
        yield found.take()

    def key_of(self, shard: str, stem: str) -> str | None:
        return {"stem": stem, "shard": f"{shard}/{stem}"}.get(self.key)
