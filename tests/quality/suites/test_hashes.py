"""Hashes of keys: equal for equal keys alone, however a column is cut."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.suites._hashes import hashes

TEXTS = st.lists(st.none() | st.text(max_size=40), max_size=30)


@given(TEXTS, st.integers(0, 30))
def test_equal_texts_alone_have_equal_hashes(texts: list[str | None], cut: int) -> None:
    found = hashes([pa.chunked_array([texts], pa.string())])
    assert (
        len({(text, int(h)) for text, h in zip(texts, found, strict=True)})
        == len(set(texts))
        == len(set(found.tolist()))
    )
    parts = hashes([pa.chunked_array([texts[:cut], texts[cut:]], pa.string())])
    assert np.array_equal(found, parts)
    sliced = hashes([pa.chunked_array([pa.array(["x", *texts], pa.string()).slice(1)])])
    assert np.array_equal(found, sliced)


def test_keys_of_several_columns_do_not_run_into_each_other() -> None:
    first, second = pa.chunked_array([["a", "ab", "b"]]), pa.chunked_array([["bc", "c", "abc"]])
    assert len(set(hashes([first, second]).tolist())) == 3
    assert not np.array_equal(hashes([first, second]), hashes([second, first]))


def test_long_texts_have_the_hash_that_they_have_among_short_ones() -> None:
    long = "bayes@1" + "x" * 100
    assert hashes([pa.chunked_array([[long] * 3])])[0] == hashes([pa.chunked_array([[long, *"abcdefghij"]])])[0]


def test_ids_that_differ_in_one_letter_differ() -> None:
    ids = [f"s_{n:024x}" for n in range(100_000)]
    assert len(np.unique(hashes([pa.chunked_array([ids])]))) == len(ids)
