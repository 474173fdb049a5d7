"""When two contents are nearly the same, by modality: keys that such contents share, and the comparison itself."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from affectory.transforms.dataset._shingles import BINS

Keys = tuple[NDArray[np.int64], NDArray[np.uint64]]
"""Rows and keys of theirs; contents that are nearly the same have, almost surely, one in common."""
_MIX, _NEXT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_FOUND = 0.98
"""Of pairs just at the threshold at least this share has a key in common."""
_BITS = 64
_STILLS_DIFFER = 6


class Way(Protocol):
    """How contents of one modality are compared, by a column of signatures without nulls."""

    @property
    def column(self) -> str: ...

    def keys(self, signatures: pa.Array) -> Keys: ...

    def alike(self, some: pa.Array, others: pa.Array) -> NDArray[np.bool_]: ...


def matrix(signatures: pa.Array, dtype: type[np.generic]) -> NDArray[np.generic]:
    """Signatures of one size as rows of numbers."""
    size = signatures.type.byte_width // np.dtype(dtype).itemsize
    data = np.frombuffer(signatures.buffers()[1] or b"", dtype)
    return data.reshape(-1, size)[signatures.offset : signatures.offset + len(signatures)]


def packed(numbers: NDArray[np.generic]) -> pa.Array:
    """Rows of numbers as signatures."""
    whole = np.ascontiguousarray(numbers)
    width = whole.shape[1] * whole.itemsize
    return pa.Array.from_buffers(pa.binary(width), len(whole), [None, pa.py_buffer(whole)])


def mixed(keys: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    keys = (keys ^ np.array([salt + 1], np.uint64) * _NEXT) * _MIX
    keys ^= keys >> np.uint64(32)
    return keys * _NEXT


@dataclass(frozen=True)
class Texts:
    """Shares of word shingles in common, told by signatures."""

    least: float
    column: str = "_text"

    @cached_property
    def _rows(self) -> int:
        """Bins to a band: as many as still let pairs at the threshold meet."""
        fit = [r for r in range(1, BINS) if 1 - (1 - self.least**r) ** (BINS // r) >= _FOUND]
        return max(fit, default=1)

    def keys(self, signatures: pa.Array) -> Keys:
        bins = np.ascontiguousarray(matrix(signatures, np.uint32).T)
        bands, found = BINS // self._rows, []
        for band in range(bands):
            keys = np.zeros(len(signatures), np.uint64)
            for at in range(band * self._rows, (band + 1) * self._rows):
                keys = mixed(keys ^ bins[at], band)
            found.append(keys)
        return np.tile(np.arange(len(signatures)), bands), np.concatenate(found)

    def alike(self, some: pa.Array, others: pa.Array) -> NDArray[np.bool_]:
        same = (matrix(some, np.uint32) == matrix(others, np.uint32)).sum(axis=1)
        found: NDArray[np.bool_] = same >= self.least * BINS
        return found


@dataclass(frozen=True)
class Pictures:
    """Hashes of 64 bits of which at most so many differ.

    Cut into `most` + n pieces, at least n of them are the same in two such hashes: every n pieces are a key.
    """

    most: int
    column: str = "_image"

    @cached_property
    def _masks(self) -> list[int]:
        same = next(n for n in (1, 2, 3) if n == 3 or n * _BITS >= 16 * (self.most + n))
        edges = np.linspace(0, _BITS, self.most + same + 1).round().astype(int).tolist()
        pieces = [(1 << end) - (1 << start) for start, end in pairwise(edges)]
        return [sum(chosen) for chosen in combinations(pieces, same)]

    def keys(self, signatures: pa.Array) -> Keys:
        hashes = matrix(signatures, np.uint64)[:, 0].astype(np.uint64)
        keys = [mixed(hashes & np.uint64(mask), number) for number, mask in enumerate(self._masks)]
        return np.tile(np.arange(len(hashes)), len(keys)), np.concatenate(keys)

    def alike(self, some: pa.Array, others: pa.Array) -> NDArray[np.bool_]:
        return _differ(some, others) <= self.most


@dataclass(frozen=True)
class Sounds:
    """Fingerprints of which at least such a share of bits agrees; of unrelated ones half of them do.

    Pieces of 16 bits that are all the same come of silence and of what does not change: that two sounds have these in
    common says nothing.
    """

    least: float
    column: str = "_audio"

    def keys(self, signatures: pa.Array) -> Keys:
        """Pieces, one of which is whole unless more than a sixth of all bits differ."""
        pieces = matrix(signatures, np.uint16).astype(np.uint64)
        rows, at = np.nonzero(~plain(pieces))
        return rows.astype(np.int64), mixed(pieces[rows, at] ^ (at.astype(np.uint64) << np.uint64(32)), 0)

    def alike(self, some: pa.Array, others: pa.Array) -> NDArray[np.bool_]:
        a, b = matrix(some, np.uint16), matrix(others, np.uint16)
        telling = 16 * ((a != b) | ~plain(a)).sum(axis=1)
        found: NDArray[np.bool_] = (_differ(some, others) <= (1 - self.least) * telling) & (telling > 0)
        return found


def plain(pieces: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pieces of 16 bits are all zeros, or all ones."""
    found: NDArray[np.bool_] = (pieces == 0) | (pieces == 0xFFFF)
    return found


def _differ(some: pa.Array, others: pa.Array) -> NDArray[np.int64]:
    """In how many bits signatures differ."""
    apart = matrix(some, np.uint64).astype(np.uint64) ^ matrix(others, np.uint64).astype(np.uint64)
    count: NDArray[np.int64] = np.bitwise_count(apart).sum(axis=1, dtype=np.int64)
    return count


@dataclass(frozen=True)
class Films:
    """Hashes of the stills of a video, which are alike if such a share of those of the one with fewer is in both."""

    least: float
    most: int
    column: str = "_video"

    def keys(self, signatures: pa.Array) -> Keys:
        stills = [_stills(value) for value in signatures.to_pylist()]
        rows = np.repeat(np.arange(len(stills)), [len(found) for found in stills])
        every = np.concatenate([np.zeros(0, np.uint64), *stills])
        at, keys = Pictures(self.most).keys(packed(every[:, None]))
        return rows[at], keys

    def alike(self, some: pa.Array, others: pa.Array) -> NDArray[np.bool_]:
        pairs = zip(some.to_pylist(), others.to_pylist(), strict=True)
        return np.array([self._share(_stills(a), _stills(b)) >= self.least for a, b in pairs], bool)

    def _share(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
        near = np.bitwise_count(a[:, None] ^ b[None, :]) <= self.most
        return float(near.any(axis=int(len(a) <= len(b))).mean())


def _stills(value: bytes) -> NDArray[np.uint64]:
    return np.frombuffer(value, np.uint64)


def ways(text: float | None, image: int | None, audio: float | None, video: float | None) -> list[Way]:
    """How contents are compared where it is asked for."""
    found: list[Way] = [] if text is None else [Texts(text)]
    found += [] if image is None else [Pictures(image)]
    found += [] if audio is None else [Sounds(audio)]
    return found if video is None else [*found, Films(video, _STILLS_DIFFER if image is None else image)]
