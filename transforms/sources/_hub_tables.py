"""Tables as `datasets` keeps them: Parquet and Arrow files of configs and splits, with features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from affectory.transforms.sources._features import by_class_name
from affectory.transforms.sources._hub_layout import Layout, choose
from affectory.transforms.sources._parquet import ParquetTable, parts, without_bytes
from affectory.transforms.sources._tables import CHUNK_ROWS, Chunk, absent
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, RemoteFolder, SourceFile, uri_of


@dataclass(frozen=True, kw_only=True)
class HubTable(ParquetTable):
    """The rows of a config and its splits; class labels come by name."""

    config: Annotated[str | None, Field(description="which config, where there are several")] = None
    splits: Annotated[tuple[str, ...], Field(description="which splits, by default all")] = ()

    reads_readme: ClassVar[bool] = True

    @staticmethod
    def endings() -> tuple[str, ...]:
        return "*.parquet", "*.arrow"

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        found = [*super().files(root)]
        layout, uris = Layout.read(root), [uri_of(file, root) for file in found if not isinstance(file, Refused)]
        part = {uri: layout.part(uri, self.config) for uri in uris}
        chosen = choose((p for p in part.values() if p is not None), self.config, self.splits)
        yield from (file for file in found if isinstance(file, Refused) or part[uri_of(file, root)] in chosen)

    def header(self, file: SourceFile, limits: Limits) -> tuple[str, ...]:
        if not file.uri.endswith(".arrow"):
            return super().header(file, limits)
        try:
            return tuple(_arrow_schema(file.path).names)
        except (OSError, pa.ArrowException):  # told where its rows are read
            return ()

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        if file.uri.endswith(".arrow"):
            yield from by_class_name(self._arrow(file, limits, wanted), _arrow_schema(file.path))
        else:
            yield from by_class_name(super()._chunks(file, limits, wanted), pq.read_schema(file.path))

    def _arrow(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        names, number = list(dict.fromkeys(wanted)), 1
        with pa.memory_map(str(file.path)) as source, _opened(source) as reader:
            if refused := absent(file, names, reader.schema.names):
                yield refused
                return
            for batch in reader:
                for start in range(0, batch.num_rows, CHUNK_ROWS):
                    some = batch.select(names).slice(start, CHUNK_ROWS)
                    yield from parts(some, number, file.uri, limits.row_bytes, self.blobs)
                    number += some.num_rows

    def may_name_media(self, file: SourceFile) -> bool:
        if not file.uri.endswith(".arrow"):
            return super().may_name_media(file)
        with pa.memory_map(str(file.path)) as source, _opened(source) as reader:
            return any(without_bytes(batch.column(name)) for batch in reader for name in self.blobs)


def _opened(source: pa.MemoryMappedFile) -> Any:
    """`save_to_disk` writes streams, other programs may write files."""
    try:
        return pa.ipc.open_stream(source)
    except pa.ArrowInvalid:
        source.seek(0)
        return _Batches(pa.ipc.open_file(source))


class _Batches:
    """A file of batches, read like a stream of them."""

    def __init__(self, reader: pa.RecordBatchFileReader) -> None:
        self.reader, self.schema = reader, reader.schema

    def __enter__(self) -> "_Batches":
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return (self.reader.get_batch(number) for number in range(self.reader.num_record_batches))


def _arrow_schema(path: Path) -> pa.Schema:
    with pa.memory_map(str(path)) as source, _opened(source) as reader:
        return reader.schema
