"""Tables of Parquet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from affectory.transforms.sources._tables import (
    CHUNK_BYTES,
    CHUNK_ROWS,
    Chunk,
    Pending,
    Table,
    absent,
    whole_file,
)
from affectory.transforms.sources.base import Limits, SourceFile

Values = tuple[Any, ...]
_WORDS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary)
FEWEST_ROWS = 64
"""Rows read at once even where rows are long: other columns than those read may be what makes them so."""


@dataclass(frozen=True, kw_only=True)
class ParquetTable(Table):
    """Parquet files; only the columns named are read."""

    isolated: ClassVar[bool] = True
    """Its decoder is native code, which a damaged file may bring down."""

    @staticmethod
    def endings() -> tuple[str, ...]:
        return ("*.parquet",)

    def header(self, file: SourceFile, limits: Limits) -> tuple[str, ...]:
        try:
            with pq.ParquetFile(file.path) as seen:
                return tuple(seen.schema_arrow.names)
        except (OSError, pa.ArrowException):  # told where its rows are read
            return ()

    def may_name_media(self, file: SourceFile) -> bool:
        """Whether some cell of a column of media has no bytes."""
        with pq.ParquetFile(file.path) as seen:
            held = {name: _held_as(seen.schema_arrow.field(name).type, name) for name in self.blobs}
            return any(path is None or _has_nulls(seen.metadata, path) for path in held.values())

    def _chunks(self, file: SourceFile, limits: Limits, wanted: Sequence[str]) -> Iterator[Chunk]:
        names = list(dict.fromkeys(wanted))
        with pq.ParquetFile(file.path) as seen:
            schema, size, count = seen.schema_arrow, _unpacked(seen.metadata), seen.metadata.num_rows
        if refused := absent(file, names, schema.names) or _too_large(file, size, limits):
            yield refused
            return
        words = [name for name in names if name not in self.blobs and _is_words(schema.field(name).type)]
        fewest = 1 if self.blobs else FEWEST_ROWS
        rows = min(max(CHUNK_BYTES * count // max(1, size), fewest), CHUNK_ROWS)
        number = 1
        # As dictionaries: a long value that a small file repeats thousands of times is in memory once.
        with pq.ParquetFile(file.path, read_dictionary=words) as opened:
            for group in range(opened.num_row_groups):  # all at once, each would stay in memory to the end
                for batch in opened.iter_batches(rows, row_groups=[group], columns=names, use_threads=False):
                    yield from parts(batch.select(names), number, file.uri, limits.row_bytes, self.blobs)
                    number += batch.num_rows


def _held_as(dtype: pa.DataType, name: str) -> str | None:
    """The path of the bytes in a column of media; null where it holds names."""
    if pa.types.is_struct(dtype) and dtype.get_field_index("bytes") >= 0:
        return f"{name}.bytes"
    return name if pa.types.is_binary(dtype) or pa.types.is_large_binary(dtype) else None


def _has_nulls(metadata: pq.FileMetaData, path: str) -> bool:
    """Whether a column has nulls, or does not say."""
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        found = [c for c in map(group.column, range(group.num_columns)) if c.path_in_schema == path]
        known = found and found[0].is_stats_set and found[0].statistics.has_null_count
        if not known or found[0].statistics.null_count:
            return True
    return False


def without_bytes(column: pa.Array) -> bool:
    """Whether some cell of a column of media has no bytes."""
    path = _held_as(column.type, "")
    if path is None:
        return True
    return bool((column if path == "" else pc.struct_field(column, "bytes")).null_count)


def _is_words(dtype: pa.DataType) -> bool:
    inner = dtype.value_type if pa.types.is_dictionary(dtype) else dtype
    return any(is_type(inner) for is_type in _WORDS)


def _unpacked(metadata: pq.FileMetaData) -> int:
    """Bytes of all columns. Asking for those of one ends the whole process where the file is damaged."""
    return sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))


def _too_large(file: SourceFile, size: int, limits: Limits) -> Chunk | None:
    if size <= limits.file_bytes:
        return None
    return whole_file(file, "too_large", f"{size:,} bytes unpacked, at most {limits.file_bytes:,} are read")


def parts(batch: pa.RecordBatch, first: int, uri: str, row_bytes: int, blobs: Sequence[str] = ()) -> Iterator[Chunk]:
    """A batch as chunks of bounded size. Cells of `blobs` may be longer than a row."""
    sizes = _sizes(batch, row_bytes, [name for name in batch.schema.names if name not in blobs])
    whole = np.minimum(sizes, row_bytes) + _sizes(batch, 0, blobs)
    part = np.cumsum(whole) // CHUNK_BYTES
    starts = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], batch.num_rows], strict=True):
        fits = sizes[start:end] <= row_bytes
        yield _chunk(batch.slice(start, end - start), fits, first + start, uri, row_bytes)


def _sizes(batch: pa.RecordBatch, most: int, names: Sequence[str]) -> NDArray[np.int64]:
    """Bytes of each row in some columns, as far as they may matter."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in map(batch.column, names):
        if _is_words(column.type) and pa.types.is_dictionary(column.type):
            lengths = pc.binary_length(column.dictionary).take(column.indices)
            sizes += pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
        elif column.nbytes > most:
            sizes += [column.slice(row, 1).nbytes for row in range(len(column))]
    return sizes


def _chunk(batch: pa.RecordBatch, fits: NDArray[np.bool_], first: int, uri: str, row_bytes: int) -> Chunk:
    pending: Pending[Values] = Pending(uri)
    for index in np.flatnonzero(~fits).tolist():
        pending.refuse(first + index, "too_large", f"the row is longer than {row_bytes:,} bytes", None)
    places = np.flatnonzero(fits)
    numbers = (first + places).tolist()
    kept = batch if fits.all() else batch.take(pa.array(places))
    try:
        pending.numbers, pending.rows = numbers, _rows(kept)
    except (ValueError, OverflowError, KeyError):  # a UnicodeDecodeError is a ValueError
        _take_each(kept, numbers, pending)
    columns = zip(*pending.rows, strict=True) if pending.rows else ([] for _ in batch.schema.names)
    named = {name: list(values) for name, values in zip(batch.schema.names, columns, strict=True)}
    return pending.chunk(named, lambda values: dict(zip(batch.schema.names, values, strict=True)))


def _rows(batch: pa.RecordBatch) -> list[Values]:
    plain = (c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch.columns)
    return list(zip(*(c.to_pylist() for c in plain), strict=True))


def _take_each(batch: pa.RecordBatch, numbers: Sequence[int], pending: Pending[Values]) -> None:
    """Row by row, because Python has no value for something among them."""
    pending.numbers, pending.rows = [], []
    for index, number in enumerate(numbers):
        try:
            pending.add(number, _rows(batch.slice(index, 1))[0], 0)
        except UnicodeDecodeError as error:
            pending.refuse(number, "bad_encoding", f"not UTF-8: {error}", None)
        except KeyError as error:
            pending.refuse(number, "bad_row", f"no time zone is called {error}", None)
        except (ValueError, OverflowError) as error:
            pending.refuse(number, "bad_row", str(error), None)
