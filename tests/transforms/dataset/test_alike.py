"""Keys of contents: those that are alike have one in common, and few others do."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.transforms.dataset._alike import Films, Pictures, Sounds, Texts, Way, packed
from affectory.transforms.dataset._shingles import BINS

BITS = st.lists(st.integers(0, 63), max_size=10)


def meet(way: Way, signatures: pa.Array) -> bool:
    """Whether the first two have a key in common."""
    rows, keys = way.keys(signatures)
    return bool(set(keys[rows == 0].tolist()) & set(keys[rows == 1].tolist()))


def flipped(number: int, bits: list[int]) -> int:
    return number ^ sum(1 << bit for bit in set(bits))


@settings(max_examples=60)
@given(st.integers(0, 2**64 - 1), BITS, st.integers(0, 10))
def test_pictures_that_differ_in_few_bits_always_meet(number: int, bits: list[int], most: int) -> None:
    pair = packed(np.array([[number], [flipped(number, bits)]], np.uint64))
    alike = len(set(bits)) <= most
    assert Pictures(most).alike(pair.slice(0, 1), pair.slice(1, 1)).tolist() == [alike]
    assert not alike or meet(Pictures(most), pair)


@pytest.mark.parametrize("most", range(11))
def test_few_unlike_pictures_meet(most: int) -> None:
    rng = np.random.default_rng(most)
    hashes = packed(rng.integers(0, 2**64, (300, 1), np.uint64))
    rows, keys = Pictures(most).keys(hashes)
    assert len(rows) <= 300 * 286
    _, counts = np.unique(keys, return_counts=True)
    assert (counts * (counts - 1) / 2).sum() < 300 * 300 / 2


@pytest.mark.parametrize("least", [0.5, 0.7, 0.8, 0.9, 1.0])
def test_texts_at_the_threshold_meet(least: float) -> None:
    rng, met = np.random.default_rng(3), 0
    for _ in range(100):
        bins = np.tile(rng.integers(0, 0xFFFF, (1, BINS), np.uint32), (2, 1))
        bins[1][rng.random(BINS) > least] += 1
        met += meet(Texts(least), packed(bins))
    assert met >= 93


def test_sounds_meet_unless_many_bits_differ() -> None:
    rng, met = np.random.default_rng(4), 0
    for _ in range(100):
        bits = np.tile(rng.random((1, 1024)) < 0.5, (2, 1))
        bits[1] ^= rng.random(1024) < 0.1
        met += meet(Sounds(0.85), packed(np.packbits(bits, axis=1)))
    assert met == 100
    assert not meet(Sounds(0.85), packed(np.zeros((2, 128), np.uint8))), "silence is like nothing"


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5), BITS)
def test_films_with_a_still_in_common_meet(stills: list[int], bits: list[int]) -> None:
    other = [flipped(stills[0], bits[:6]), 12345]
    pair = pa.array([np.array(found, np.uint64).tobytes() for found in (stills, other)], pa.binary())
    assert meet(Films(0.5, 6), pair)
    assert Films(0.5, 6).alike(pair.slice(0, 1), pair.slice(1, 1)).tolist() == [True]
