"""How many bytes each row's values take, whatever the chunking: what shards and row groups are measured by."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Sizes = NDArray[np.int64]


def row_bytes(table: pa.Table) -> Sizes:
    """Bytes of values per row."""
    sizes = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        sizes += _value_bytes(_one(column))
    return sizes


def _one(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined


def _value_bytes(array: pa.Array) -> Sizes:
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _ints(pc.fill_null(pc.binary_length(array), 0)) + 4
    if pa.types.is_struct(kind):
        return sum((_value_bytes(child) for child in array.flatten()), np.zeros(len(array), dtype=np.int64))
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        return _list_bytes(array)
    return np.full(len(array), max(1, kind.bit_width // 8), dtype=np.int64)


def _list_bytes(array: pa.Array) -> Sizes:
    """A null may still cover values, which are not written."""
    if pa.types.is_map(array.type):
        array = array.cast(pa.list_(pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])))
    lengths = _ints(pc.fill_null(pc.list_value_length(array), 0))
    ends = np.concatenate([[0], np.cumsum(_value_bytes(array.flatten()))])
    stops = np.cumsum(lengths)
    return np.asarray(ends[stops] - ends[stops - lengths] + 4, dtype=np.int64)


def _ints(array: pa.Array) -> Sizes:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.int64)
