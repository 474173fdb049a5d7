"""Bytes per row, whatever the chunking."""

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.release.sizes import row_bytes

SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("number", pa.float64()),
        ("flag", pa.bool_()),
        ("list", pa.list_(pa.struct([("name", pa.string()), ("values", pa.list_(pa.float32()))]))),
        ("pairs", pa.map_(pa.string(), pa.string())),
        ("struct", pa.struct([("at", pa.int64()), ("note", pa.string())])),
    ]
)
WORD = st.none() | st.text("aé愛", max_size=4)
ITEM = st.none() | st.fixed_dictionaries({"name": WORD, "values": st.none() | st.lists(st.just(0.5), max_size=3)})
ROW = st.fixed_dictionaries(
    {
        "text": WORD,
        "number": st.none() | st.just(1.5),
        "flag": st.none() | st.booleans(),
        "list": st.none() | st.lists(ITEM, max_size=3),
        "pairs": st.none() | st.lists(st.tuples(st.text("ab", max_size=2), WORD), max_size=2),
        "struct": st.none() | st.fixed_dictionaries({"at": st.none() | st.just(7), "note": WORD}),
    }
)


@given(rows=st.lists(ROW, min_size=1, max_size=8), cut=st.integers(0, 8))
def test_a_row_weighs_the_same_alone_in_chunks_and_in_slices(rows: list[dict[str, Any]], cut: int) -> None:
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    sizes = row_bytes(table).tolist()
    chunked = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    assert row_bytes(chunked).tolist() == sizes
    assert row_bytes(table.slice(cut)).tolist() == sizes[cut:]
    assert [int(row_bytes(pa.Table.from_pylist([row], schema=SCHEMA))[0]) for row in rows] == sizes


def test_text_weighs_its_utf8_bytes() -> None:
    table = pa.table({"text": ["", "abc", "愛", None]})
    assert (row_bytes(table) - row_bytes(table)[0]).tolist() == [0, 3, 3, 0]
