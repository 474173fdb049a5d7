"""64-bit hashes of text, a column at a time: what takes eight bytes an id can be kept of all rows at once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_SEED, _STEP, _LAST = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_HALF = np.uint64(32)
_LONG = 40


def hashes(keys: list[pa.ChunkedArray]) -> Hashes:
    """Of each row's key, which is one column or several; equal keys have equal hashes, whatever their chunks."""
    found = np.full(len(keys[0]), _SEED, np.uint64)
    for column in keys:
        found = _stirred(found, _of(column))
    return found


def _of(column: pa.ChunkedArray) -> Hashes:
    if not pa.types.is_string(column.type):
        return _of(pc.cast(column, pa.string()))
    parts = [_of_chunk(pc.fill_null(chunk, "\0null")) for chunk in column.chunks]
    return np.concatenate([np.empty(0, np.uint64), *parts])


def _of_chunk(whole: pa.Array) -> Hashes:
    """Long texts, such as the names of rules, are few and come often: each is hashed once."""
    if whole.nbytes <= _LONG * len(whole):
        return _of_texts(whole)
    encoded = whole.dictionary_encode()
    found: Hashes = _of_texts(encoded.dictionary)[np.asarray(encoded.indices)]
    return found


def _of_texts(whole: pa.Array) -> Hashes:
    """Texts of the same length are hashed together, eight bytes at a time."""
    bounds = np.frombuffer(whole.buffers()[1], np.int32, len(whole) + 1, whole.offset * 4).astype(np.int64)
    data = whole.buffers()[2]
    text = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    starts, sizes = bounds[:-1], np.diff(bounds)
    found = np.empty(len(whole), np.uint64)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        found[rows] = _of_equal_length(text[starts[rows][:, None] + np.arange(size)], int(size))
    return found


def _of_equal_length(letters: NDArray[np.uint8], size: int) -> Hashes:
    padded = np.zeros((len(letters), -(-size // 8) * 8), np.uint8)
    padded[:, :size] = letters
    words = padded.view("<u8").astype(np.uint64)
    found = np.full(len(letters), size, np.uint64)
    for at in range(words.shape[1]):
        found = _stirred(found, words[:, at])
    return found


def _stirred(state: Hashes, more: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        mixed = (state ^ more) * _STEP
        mixed = (mixed ^ (mixed >> _HALF)) * _LAST
        return np.asarray(mixed ^ (mixed >> _HALF), dtype=np.uint64)
