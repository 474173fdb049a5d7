"""Keys of several columns: told apart as their values are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from affectory.transforms.sources._tables import joined
from affectory.transforms.sources.csv import CsvSource
from affectory.transforms.sources.jsonl import JsonlSource

names = st.text(st.sampled_from("ab/%2F"), min_size=1) | st.integers(0, 99)


@given(st.lists(st.lists(names, min_size=2, max_size=3), min_size=2, max_size=2))
def test_joined_keys_differ_where_their_parts_do(pair):
    one, two = ([str(part) for part in parts] for parts in pair)
    assert (joined(one) == joined(two)) == (one == two)


@pytest.mark.parametrize(("parts", "key"), [(["0", 12], "0/12"), (["a/b", "%"], "a%2Fb/%25"), (["0", ""], None)])
def test_a_joined_key_can_be_read(parts, key):
    assert joined(parts) == key


def test_records_have_keys_and_speakers_of_several_columns(take_bytes):
    source = CsvSource(path="x", key=("Dialogue", "Turn"), speaker=("Dialogue", "Who"), text="Said")
    rows, refused = take_bytes(source, b"Dialogue,Turn,Who,Said\n0,1,A,Hi\n01,,A,Ho\n1,0,A,Hm\n")
    assert [(r["key"], r["speaker"]) for r in rows] == [("0/1", "0/A"), ("1/0", "1/A")]
    assert [(r.uri, r.reason, r.detail) for r in refused] == [
        ("file.txt#L3", "missing_key", "column 'Dialogue and Turn': no value")
    ]


@pytest.mark.parametrize("odd", [1.5, True, [1], {}])
def test_what_names_nothing_is_no_part_of_a_key(take_bytes, odd):
    line = json.dumps({"text": "t", "a": odd, "b": 1})
    rows, (refused,) = take_bytes(JsonlSource(path="x", key=("a", "b")), line.encode())
    assert (rows, refused.reason) == ([], "missing_key")
    assert "not text" in refused.detail


def test_one_column_in_a_list_is_a_mistake():
    with pytest.raises(ValidationError, match="at least 2 items"):
        TypeAdapter(CsvSource).validate_python({"path": "x", "key": ["id"]})
