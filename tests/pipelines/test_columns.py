"""What is done to whole columns is what would be done value by value."""

from itertools import groupby

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines import columns
from affectory.pipelines.columns import Lookup, firsts, stretches

few = st.lists(st.sampled_from(["", "a", "b", "ä"]), max_size=12)


def chunked(values: list[str]) -> pa.ChunkedArray:
    half = len(values) // 2
    return pa.chunked_array([pa.array(values[:half], pa.string()), pa.array(values[half:], pa.string())])


@given(few)
def test_stretches_are_those_of_groupby(values: list[str]) -> None:
    expected, start = [], 0
    for value, run in groupby(values):
        size = len(list(run))
        expected.append((value, start, size))
        start += size
    assert list(stretches(chunked(values))) == expected
    assert np.flatnonzero(firsts(chunked(values))).tolist() == [start for _, start, _ in expected]


names = st.lists(st.text(max_size=20), max_size=12)


@given(st.lists(st.text(max_size=20), max_size=12, unique=True), names)
def test_names_are_found_where_they_are(known: list[str], others: list[str]) -> None:
    wanted = [*others, *known[::2]]
    places = [known.index(name) if name in known else None for name in wanted]
    assert Lookup(chunked(known)).find(chunked(wanted)).to_pylist() == places


def test_names_with_the_same_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "hashed", lambda keys: np.zeros(len(keys), np.uint64))
    assert Lookup(chunked(["a", "b", "c"])).find(chunked(["c", "x", "a"])).to_pylist() == [2, None, 0]
    assert Lookup(chunked(["a"])).find(chunked(["x", "a"])).to_pylist() == [None, 0]
