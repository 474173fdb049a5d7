"""A dataset of the Hugging Face hub or as `datasets` saves one: the rows of a config and its splits are records."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from affectory.transforms.sources._hub_layout import Layout, by_name
from affectory.transforms.sources._hub_tables import HubTable
from affectory.transforms.sources._records import RecordTable
from affectory.transforms.sources._tables import Chunk
from affectory.transforms.sources.base import Limits, RemoteFolder, SourceFile


@dataclass(frozen=True, kw_only=True)
class DatasetsSource(RecordTable, HubTable):
    """Rows of Parquet and Arrow files with the features of `datasets`: class labels come by name, media with bytes."""

    split_as: Annotated[
        str | None, Field(min_length=1, description="keep the name of a row's split under this name")
    ] = None

    def about(self, root: Path | RemoteFolder) -> Callable[[str], str]:
        """Which split a file of this place is of, where that is kept."""
        if self.split_as is None:
            return lambda uri: ""
        layout = Layout.read(root)
        return lambda uri: (layout.part(uri, self.config) or by_name(uri)).split

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        split = file.about or by_name(file.uri).split
        for chunk in super()._chunks(file, limits, [name for name in wanted if name != self.split_as]):
            own = {} if self.split_as is None else {self.split_as: [split] * len(chunk.numbers)}
            yield replace(chunk, columns={**chunk.columns, **own})

    @property
    def kept(self) -> tuple[str, ...]:
        return (*self.keep, *([self.split_as] if self.split_as else []))
