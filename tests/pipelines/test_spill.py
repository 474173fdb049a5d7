"""Records that wait on the disk come back as they were, in any choice."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.spill import Spill

SCHEMA = pa.schema([("text", pa.string()), ("n", pa.int64())])


def rows(*numbers: int) -> pa.Table:
    return pa.table({"text": [f"line {n}" if n % 3 else None for n in numbers], "n": list(numbers)}, schema=SCHEMA)


@given(st.lists(st.integers(0, 4), max_size=6), st.data())
def test_any_choice_of_rows_comes_back(sizes: list[int], data: st.DataObject) -> None:
    everything = rows(*range(sum(sizes)))
    chosen = data.draw(st.sets(st.integers(0, max(0, sum(sizes) - 1)), max_size=sum(sizes)))
    with Spill(SCHEMA) as spill:
        given_back, start = [], 0
        for size in sizes:
            given_back += spill.add(everything.slice(start, size)).to_pylist()
            start += size
        assert given_back == list(range(sum(sizes)))
        assert spill.take(list(chosen)).equals(everything.take(pa.array(sorted(chosen), pa.int64())))


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError), Spill(SCHEMA) as spill:
        spill.add(rows(1, 2))
        assert len(list(tmp_path.iterdir())) == 1
        _ = 1 / 0
    assert not list(tmp_path.iterdir())
