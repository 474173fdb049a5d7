"""A dataset of the Hugging Face hub or as `datasets` saves one: the rows of a config and its splits are records."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from affectory.transforms.sources._hub_layout import Layout, by_name, choose
from affectory.transforms.sources._parquet import ParquetTable, parts, without_bytes
from affectory.transforms.sources._records import RecordTable
from affectory.transforms.sources._tables import CHUNK_ROWS, Chunk, absent
from affectory.transforms.sources.base import Limits, Refused, RemoteFile, RemoteFolder, SourceFile, uri_of

_LISTS = ("Sequence", "List", "LargeList")


@dataclass(frozen=True, kw_only=True)
class DatasetsSource(RecordTable, ParquetTable):
    """Rows of Parquet and Arrow files with the features of `datasets`: class labels come by name, media with bytes."""

    config: Annotated[str | None, Field(description="which config, where there are several")] = None
    splits: Annotated[tuple[str, ...], Field(description="which splits, by default all")] = ()
    split_as: Annotated[
        str | None, Field(min_length=1, description="keep the name of a row's split under this name")
    ] = None

    reads_readme: ClassVar[bool] = True

    @staticmethod
    def endings() -> tuple[str, ...]:
        return "*.parquet", "*.arrow"

    def files(self, root: Path | RemoteFolder) -> Iterator[Path | RemoteFile | Refused]:
        found = [*super().files(root)]
        layout = Layout.read(root)
        part = {uri_of(file, root): layout.part(uri_of(file, root)) for file in found if not isinstance(file, Refused)}
        chosen = choose((p for p in part.values() if p is not None), self.config, self.splits)
        yield from (file for file in found if isinstance(file, Refused) or part[uri_of(file, root)] in chosen)

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        split, wanted = by_name(file.uri).split, [name for name in wanted if name != self.split_as]
        is_arrow = file.uri.endswith(".arrow")
        read = self._arrow if is_arrow else super()._chunks
        schema = _arrow_schema(file.path) if is_arrow else pq.read_schema(file.path)
        names = _label_names(schema)
        for chunk in read(file, limits, wanted):
            columns = {name: _named(values, names.get(name)) for name, values in chunk.columns.items()}
            if self.split_as is not None:
                columns[self.split_as] = [split] * len(chunk.numbers)
            yield replace(chunk, columns=columns)

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

    @property
    def kept(self) -> tuple[str, ...]:
        return (*self.keep, *([self.split_as] if self.split_as else []))

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


def _label_names(schema: pa.Schema) -> Mapping[str, Sequence[str]]:
    """Names of the classes of each column, as `datasets` writes them beside the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    found = {column: _of_feature(feature) for column, feature in features.items()} if isinstance(features, dict) else {}
    return {column: names for column, names in found.items() if names}


def _of_feature(feature: Any) -> Sequence[str]:
    if isinstance(feature, dict) and feature.get("_type") in _LISTS:
        return _of_feature(feature.get("feature"))
    if isinstance(feature, list) and len(feature) == 1:
        return _of_feature(feature[0])
    names = feature.get("names") if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" else None
    return [str(name) for name in names] if isinstance(names, list) else []


def _named(values: list[Any], names: Sequence[str] | None) -> list[Any]:
    return values if names is None else [_name(value, names) for value in values]


def _name(value: Any, names: Sequence[str]) -> Any:
    """A class by its name; -1 stands for none."""
    if isinstance(value, list):
        return [_name(item, names) for item in value]
    if type(value) is not int or value < -1 or value >= len(names):
        return value
    return None if value == -1 else names[value]
